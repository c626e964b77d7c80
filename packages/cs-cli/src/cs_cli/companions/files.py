"""The companion files of a runtime: package list, ``info.json``, checksums."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cs_bundle import hash_file
from cs_stamp import PlannedArchive, PlannedPackage

from ..terminal.escaping import dump_json

SUFFIXES = {
    "bundle": ".bundle.tar.zst",
    "lock": ".runtime.lock",
    "packages": ".packages.txt",
    "sbom": ".cdx.json",
    "spdx": ".spdx.json",
    "notices": ".notices.txt",
    "info": ".info.json",
    "provenance": ".provenance.json",
    "checksums": ".sha256",
}
"""What follows the stem in the names of the files beside a runtime, by role."""

OPTIONAL_ROLES = frozenset({"bundle", "spdx"})
"""Roles of files that only some builds have."""

SCHEMA_VERSION = 1
"""Version of ``STEM.info.json``; ``docs/reference/artifacts.md`` describes it."""

_CHECKSUM = re.compile(r"([0-9a-f]{64})  ([^/\\:\0-\x1f\x7f]+)")
_SHOWN = 200
"""Characters of a line that an error shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedFile:
    """One staged file.

    :ivar role: ``runtime``, or one of :data:`SUFFIXES`.
    :ivar sha256: lower-case hex digest.
    """

    name: str
    role: str
    size_bytes: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Return the file as JSON values."""
        return {"name": self.name, "role": self.role, "size_bytes": self.size_bytes, "sha256": self.sha256}


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


def render_checksums(digests: Mapping[str, str]) -> bytes:
    """Render ``STEM.sha256``, as ``sha256sum -c`` reads it.

    :param digests: hex SHA-256 of each file, by name.
    """
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()


def parse_checksums(data: bytes) -> dict[str, str]:
    """Read what :func:`render_checksums` has written, and nothing else.

    :returns: digests by file name.
    :raises ValueError: at the first line that is not the digest of one more file in the same directory.
    """
    digests: dict[str, str] = {}
    for number, line in enumerate(_split_lines(data), 1):
        match = _CHECKSUM.fullmatch(line)
        if match is None or match[2] in digests or match[2] in (".", ".."):
            raise ValueError(f"line {number} is not a checksum: {line[:_SHOWN]!r}")
        digests[match[2]] = match[1]
    return digests


def _split_lines(data: bytes) -> list[str]:
    """Split lines that end with a newline only: Python accepts more line ends, a damaged newline among them."""
    text = data.decode()
    if text and not text.endswith("\n"):
        raise ValueError("its last line is cut off")
    return text.split("\n")[:-1]
