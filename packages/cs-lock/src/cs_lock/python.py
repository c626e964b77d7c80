"""The Python in a set of packages."""

from __future__ import annotations

from collections.abc import Iterable

from .records import PackageRecord


def python_of(records: Iterable[PackageRecord]) -> tuple[str, str] | None:
    """Return the Python of a set of packages.

    :param records: the packages of one platform.
    :returns: its version and the path of its site-packages in the prefix; ``None`` when there is no Python.
    """
    for record in records:
        if record.name == "python":
            path = record.python_site_packages_path
            if path is None and record.subdir.startswith("win-"):
                path = "Lib/site-packages"
            if path is None:
                minor = ".".join(record.version.split(".")[:2])
                # Free-threaded builds have a separate library directory.
                suffix = "t" if record.build.endswith(f"cp{minor.replace('.', '')}t") else ""
                path = f"lib/python{minor}{suffix}/site-packages"
            return record.version, path
    return None
