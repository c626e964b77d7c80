"""The Python in a set of packages."""

from __future__ import annotations

from collections.abc import Iterable

from ._records import PackageRecord


def find_python(records: Iterable[PackageRecord]) -> PackageRecord | None:
    """Return the package ``python`` of a set of packages, if it has one."""
    return next((record for record in records if record.name == "python"), None)


def is_cpython(python: PackageRecord) -> bool:
    """Tell CPython from other implementations, whose packages of this name say so in their build strings."""
    return "pypy" not in python.build and "graalpy" not in python.build


def is_free_threaded(python: PackageRecord) -> bool:
    """Tell whether a Python is built without the global lock."""
    return python.build.endswith(f"cp{_minor(python).replace('.', '')}t")


def python_of(records: Iterable[PackageRecord]) -> tuple[str, str] | None:
    """Return the Python of a set of packages.

    :param records: the packages of one platform.
    :returns: its version and the path of its site-packages in the prefix; ``None`` when there is no Python.
    """
    python = find_python(records)
    if python is None:
        return None
    path = python.python_site_packages_path
    if path is None and python.subdir.startswith("win-"):
        path = "Lib/site-packages"
    if path is None:
        # Free-threaded builds have a separate library directory.
        path = f"lib/python{_minor(python)}{'t' if is_free_threaded(python) else ''}/site-packages"
    return python.version, path


def _minor(python: PackageRecord) -> str:
    return ".".join(python.version.split(".")[:2])
