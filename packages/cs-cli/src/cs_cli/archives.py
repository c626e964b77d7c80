"""What is inside package archives, as far as a build needs to know it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .errors import CliError

_WANTED = ("info/paths.json", "info/link.json", "info/files", "info/has_prefix")
_EXECUTABLE_PLACES = frozenset(
    ("bin", "condabin", "scripts", "python-scripts", "library/bin", "library/usr/bin", "library/mingw-w64/bin")
)
_WINDOWS_SUFFIXES = (".exe", ".bat", ".cmd")
_MEMBER_LIMIT_BYTES = 256 << 20
_INFO_LIMIT_BYTES = 1 << 30
"""What ``info/`` may unpack to, in all: the largest that is known takes 0.2 GiB, and a bomb ends here."""

_PathRecords = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveContents:
    """What one archive installs.

    :ivar executables: files in the folders where commands are looked for, relative to the prefix, noarch python not yet
        mapped (``python-scripts/...``).
    :ivar entry_points: names of the commands that a noarch python package declares.
    :ivar installed_size_bytes: sum of the sizes that ``info/paths.json`` states; 0 for old packages without it.
    :ivar installed_file_count: number of files and links.
    :ivar prefix_limit_bytes: length of the shortest placeholder in a binary file: a longer prefix does not fit there.
    """

    executables: tuple[str, ...]
    entry_points: tuple[str, ...]
    installed_size_bytes: int
    installed_file_count: int
    prefix_limit_bytes: int | None = None

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ArchiveContents:
        """Read what :meth:`to_dict` returned.

        :raises ValueError, TypeError, KeyError: if it is something else.
        """
        return cls(
            executables=tuple(str(path) for path in data["executables"]),
            entry_points=tuple(str(name) for name in data["entry_points"]),
            installed_size_bytes=int(data["installed_size"]),
            installed_file_count=int(data["installed_files"]),
            prefix_limit_bytes=None if data["prefix_limit"] is None else int(data["prefix_limit"]),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the contents as JSON values."""
        return {
            "executables": list(self.executables),
            "entry_points": list(self.entry_points),
            "installed_size": self.installed_size_bytes,
            "installed_files": self.installed_file_count,
            "prefix_limit": self.prefix_limit_bytes,
        }


def read_contents(archive: Path) -> ArchiveContents:
    """Read the ``info/`` folder of a ``.conda`` or ``.tar.bz2`` archive.

    :raises CliError: ``archive-damaged`` if it cannot be read.
    """
    try:
        info = _read_conda_info(archive) if archive.name.endswith(".conda") else _read_tar_bz2_info(archive)
        return _summarise(info)
    except Exception as error:  # four libraries read it, and an archive can be broken in any way
        reason = f"{type(error).__name__}: {error}"
        hint = "remove it from the cache, or fetch it again"
        raise CliError(
            "archive-damaged", f"cannot read the package archive: {reason}", path=archive, hint=hint
        ) from error


def _summarise(info: dict[str, bytes]) -> ArchiveContents:
    noarch = json.loads(info.get("info/link.json", b"{}")).get("noarch") or {}
    records = json.loads(info["info/paths.json"])["paths"] if "info/paths.json" in info else None
    paths, size = _list_paths(info, records)
    return ArchiveContents(
        executables=tuple(sorted(path for path in paths if _may_be_executable(path))),
        entry_points=tuple(line.partition("=")[0].strip() for line in noarch.get("entry_points") or ()),
        installed_size_bytes=size,
        installed_file_count=len(paths),
        prefix_limit_bytes=min((len(text.encode()) for text in _binary_placeholders(info, records)), default=None),
    )


def _list_paths(info: dict[str, bytes], records: _PathRecords | None) -> tuple[list[str], int]:
    if records is None:
        return info["info/files"].decode().splitlines(), 0
    size = sum(record.get("size_in_bytes") or 0 for record in records)
    return [str(record["_path"]) for record in records if record.get("path_type") != "directory"], size


def _binary_placeholders(info: dict[str, bytes], records: _PathRecords | None) -> Iterator[str]:
    """Yield the placeholders that stand in binary files, by ``paths.json`` or, in old packages, ``has_prefix``."""
    if records is not None:
        binary = (record for record in records if record.get("file_mode") == "binary")
        yield from (str(record["prefix_placeholder"]) for record in binary if record.get("prefix_placeholder"))
        return
    for line in info.get("info/has_prefix", b"").decode().splitlines():
        words = line.split(maxsplit=2)
        if len(words) == 3 and words[1] == "binary":
            yield words[0].strip("\"'")


def _may_be_executable(path: str) -> bool:
    place, _, name = path.lower().rpartition("/")
    return place in _EXECUTABLE_PLACES or (not place and name.endswith(_WINDOWS_SUFFIXES))


def _read_conda_info(archive: Path) -> dict[str, bytes]:
    # Imported on use, here and below: a build whose archives are remembered needs none of these.
    import io
    import zipfile

    import zstandard

    with zipfile.ZipFile(archive) as container:
        names = [name for name in container.namelist() if name.startswith("info-") and name.endswith(".tar.zst")]
        if len(names) != 1:
            raise ValueError(f"it holds {len(names)} members info-*.tar.zst instead of one")
        with container.open(names[0]) as member, zstandard.ZstdDecompressor().stream_reader(member) as stream:
            return dict(_wanted_members(io.BufferedReader(stream, 1 << 17)))


def _read_tar_bz2_info(archive: Path) -> dict[str, bytes]:
    import bz2

    with bz2.open(archive) as stream:
        return dict(_wanted_members(stream))


def _wanted_members(stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield the wanted members, and stop when ``info/`` is over: it comes first in archives of today's tools."""
    import tarfile

    seen = False
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        for member in tar:
            inside = member.name.startswith("info/")
            if seen and not inside:
                return
            seen = seen or member.name in ("info/paths.json", "info/files")
            if member.offset_data + member.size > _INFO_LIMIT_BYTES:
                raise ValueError(f"info/ unpacks to more than {_INFO_LIMIT_BYTES} bytes")
            file = tar.extractfile(member) if member.name in _WANTED else None
            if file is None:
                continue
            if member.size > _MEMBER_LIMIT_BYTES:
                raise ValueError(f"{member.name} takes {member.size} bytes, {_MEMBER_LIMIT_BYTES} is the limit")
            yield member.name, file.read()
