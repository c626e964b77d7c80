"""A package index (PEP 503) next to the conda channel: the same wheels, and what builds projects."""

from __future__ import annotations

import email.parser
import hashlib
import html
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

from packaging.utils import parse_wheel_filename

FILES = "pypi/files"
SIMPLE = "pypi/simple"
BUILD_REQUIREMENTS = ("hatchling", "setuptools", "flit-core")
"""What the projects of the tests are built with."""

INSTALLED = ("pip",)
"""What some prefixes hold besides the wheels that are packages of the channel too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PypiEntry:
    """One PyPI package of a lock.

    :param location: URL, path or ``git+`` URL, as a lock has it.
    :param version: ``None`` where a lock of version 7 has none: a directory.
    """

    location: str
    name: str
    version: str | None = None
    sha256: str | None = None
    requires_dist: Sequence[str] = ()
    requires_python: str | None = None
    index: str | None = None

    @property
    def is_remote(self) -> bool:
        return "://" in self.location


def write_index(wheels: Iterable[Path], channel: Path) -> None:
    """Write the files of an index and its pages."""
    files = channel / FILES
    files.mkdir(parents=True)
    projects: dict[str, list[Path]] = {}
    for wheel in wheels:
        wheel.replace(files / wheel.name)
        projects.setdefault(str(parse_wheel_filename(wheel.name)[0]), []).append(files / wheel.name)
    for project, found in projects.items():
        page = channel / SIMPLE / project / "index.html"
        page.parent.mkdir(parents=True)
        page.write_text("<!DOCTYPE html>\n" + "".join(map(_link, found)), encoding="utf-8")


def _link(wheel: Path) -> str:
    requires = read_headers(wheel)["Requires-Python"]
    limit = f' data-requires-python="{html.escape(requires)}"' if requires else ""
    address = f"../../files/{wheel.name}#sha256={hash_file(wheel)}"
    return f'<a href="{address}"{limit}>{wheel.name}</a><br>\n'


def index_settings(channel_url: str) -> dict[str, str]:
    """Return variables that let pip know this index and no other."""
    return {"PIP_CONFIG_FILE": "/dev/null", "PIP_INDEX_URL": f"{channel_url}/{SIMPLE}/", "PIP_FIND_LINKS": ""}


def lock_index(channel: Path, channel_url: str, names: Iterable[str]) -> list[PypiEntry]:
    """Lock wheels of the index by name."""
    found = {str(parse_wheel_filename(path.name)[0]): path for path in (channel / FILES).glob("*.whl")}
    return [
        lock_wheel(found[name], f"{channel_url}/{FILES}/{found[name].name}", index=f"{channel_url}/{SIMPLE}/")
        for name in names
    ]


def lock_wheel(wheel: Path, location: str, *, index: str | None = None) -> PypiEntry:
    """Lock one wheel as a solver does that has read its metadata.

    :param location: of the wheel, as the lock has it.
    """
    headers = read_headers(wheel)
    name, version, _, _ = parse_wheel_filename(wheel.name)
    return PypiEntry(
        location=location,
        name=str(name),
        version=str(version),
        sha256=hash_file(wheel),
        requires_dist=tuple(headers.get_all("Requires-Dist", [])),
        requires_python=headers["Requires-Python"],
        index=index,
    )


def read_headers(wheel: Path) -> Message:
    """Read the metadata of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        member = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.parser.HeaderParser().parsestr(archive.read(member).decode())


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
