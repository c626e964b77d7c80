"""Wheels of what is installed, so that tests build projects without a network.

The session pins and installs the build backends; :func:`write_wheels` packs them again, with what they need, into a
directory for ``PIP_FIND_LINKS``.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

BACKENDS = ("hatchling", "setuptools", "flit-core")


def write_wheels(directory: Path, names: Iterable[str] = BACKENDS) -> Path:
    """Write a wheel of each installed distribution, and of what it needs; they must be pure Python.

    :returns: the directory.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for one in {one.name: one for name in names for one in _find_all(name)}.values():
        _write_wheel(one, directory)
    return directory


def variables(directory: Path) -> dict[str, str]:
    """Return the variables that let pip find wheels in a directory and nowhere else."""
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": directory.as_uri()}  # pip divides the variable at spaces


def _find_all(name: str) -> Iterator[metadata.Distribution]:
    found = metadata.distribution(name)
    yield found
    for requirement in map(Requirement, found.requires or ()):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield from _find_all(requirement.name)


def _write_wheel(one: metadata.Distribution, directory: Path) -> None:
    files = {
        str(file): Path(str(file.locate())).read_bytes()
        for file in one.files or ()
        if file.parts[0] != ".." and "__pycache__" not in file.parts and file.name not in ("RECORD", "INSTALLER")
    }
    info = next(name for name in files if name.endswith(".dist-info/METADATA")).removesuffix("METADATA")
    tag = next(line for line in files[f"{info}WHEEL"].decode().splitlines() if line.startswith("Tag: "))
    rows = io.StringIO()
    csv.writer(rows, lineterminator="\n").writerows([name, "", ""] for name in (*files, f"{info}RECORD"))
    files[f"{info}RECORD"] = rows.getvalue().encode()
    stem = info.removesuffix(".dist-info/")
    with zipfile.ZipFile(directory / f"{stem}-{tag.removeprefix('Tag: ')}.whl", "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
