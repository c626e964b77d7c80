"""The companion files of a runtime: package list, ``info.json``, checksums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cs_bundle import hash_file
from cs_stamp import PlannedArchive, PlannedPackage

from ..terminal.escaping import dump_json

SCHEMA_VERSION = 1
"""Version of ``STEM.info.json``; ``docs/reference/artifacts.md`` describes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedFile:
    """One staged file.

    :ivar role: ``runtime``, ``lock``, ``packages``, ``bundle``, ``sbom``, ``spdx``, ``notices``, ``info``,
        ``provenance`` or ``checksums``.
    :ivar sha256: lower-case hex digest.
    """

    name: str
    role: str
    size_bytes: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Return the file as JSON values."""
        return {"name": self.name, "role": self.role, "size": self.size_bytes, "sha256": self.sha256}


def describe_file(path: Path, role: str, *, sha256: str | None = None) -> StagedFile:
    """Describe a staged file.

    :param sha256: hex digest, if it is already known.
    """
    return StagedFile(name=path.name, role=role, size_bytes=path.stat().st_size, sha256=sha256 or hash_file(path))


def render_packages(packages: Iterable[PlannedArchive]) -> bytes:
    """Render ``STEM.packages.txt``: name, version, build, url, sha256, tab-separated, sorted.

    The build of a wheel is its tag, as in the file name. The address of a local archive is ``./FILE``, as in the
    runtime lock.
    """
    rows = ((one.name, one.version, _find_build(one), one.url or f"./{one.file_name}", one.sha256) for one in packages)
    return "".join("\t".join(row) + "\n" for row in sorted(rows)).encode()


def _find_build(package: PlannedArchive) -> str:
    if isinstance(package, PlannedPackage):
        return package.build
    return package.file_name.removesuffix(".whl").split("-", 2)[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildInfo:
    """``STEM.info.json``, as values and as bytes."""

    fields: dict[str, Any]
    document: bytes


def render_info(fields: Mapping[str, Any], files: Iterable[StagedFile]) -> BuildInfo:
    """Render ``STEM.info.json``; keys sorted, so that the same build gives the same bytes."""
    document = {"schema_version": SCHEMA_VERSION, **fields, "files": [file.to_dict() for file in files]}
    return BuildInfo(fields=document, document=render_json(document))


def render_json(document: Mapping[str, Any], *, indent: int | None = 2) -> bytes:
    """Render a JSON document: keys sorted, UTF-8.

    :param indent: ``None`` for everything on one line: thirty times faster, for documents that only programs read.
    """
    return f"{dump_json(document, indent=indent)}\n".encode()


def render_checksums(files: Iterable[StagedFile]) -> bytes:
    """Render ``STEM.sha256``, as ``sha256sum -c`` reads it."""
    return "".join(f"{file.sha256}  {file.name}\n" for file in sorted(files, key=lambda file: file.name)).encode()
