"""The contents of package archives, as far as a build needs to know them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ..errors import CliError
from ..licenses.texts import LicenseCollector, LicenseFile
from ..untrusted import iterate_items, parse_document
from .limits import LARGEST_METADATA, most_entries
from .totals import Listing

_LINE_LIMIT_BYTES = 16 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveContents:
    """What one archive installs.

    :ivar executables: files in the directories where commands are looked for, relative to the prefix; in noarch python
        packages and wheels still as ``python-scripts/...``.
    :ivar entry_points: names of the commands that a noarch python package or a wheel declares.
    :ivar installed_size_bytes: sum of the sizes that ``info/paths.json`` or the wheel's directory state; 0 for old
        packages without it.
    :ivar installed_file_count: number of files and links.
    :ivar prefix_limit_bytes: length of the shortest placeholder in a binary file: a longer prefix does not fit there.
    :ivar license_files: the texts of its licences; only a build needs them, so they are not remembered.
    """

    executables: tuple[str, ...]
    entry_points: tuple[str, ...]
    installed_size_bytes: int
    installed_file_count: int
    prefix_limit_bytes: int | None = None
    license_files: tuple[LicenseFile, ...] = field(default=(), compare=False)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ArchiveContents:
        """Read what :meth:`to_dict` returned.

        :raises ValueError, TypeError, KeyError: if it is something else.
        """
        sizes = (data["installed_size"], data["installed_files"], data["prefix_limit"])
        if not all(type(size) is int and size >= 0 for size in sizes[:2]) or type(sizes[2]) not in (int, type(None)):
            raise ValueError("a size is not a whole number")
        return cls(
            executables=tuple(str(path) for path in data["executables"]),
            entry_points=tuple(str(name) for name in data["entry_points"]),
            installed_size_bytes=sizes[0],
            installed_file_count=sizes[1],
            prefix_limit_bytes=sizes[2],
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


def read_contents(archive: Path, *, runtime: str | None = None) -> ArchiveContents:
    """Read the ``info/`` directory of a ``.conda`` or ``.tar.bz2`` archive, or the directory of a ``.whl``.

    This refuses what the runtime would refuse: invalid paths, and paths that are too long or too many.

    :param runtime: name of the runtime that installs it: a wheel must not have its own files.
    :raises CliError: ``archive-damaged`` if it cannot be read.
    """
    try:
        return _summarise_wheel(archive, runtime) if archive.name.endswith(".whl") else _summarise(archive)
    except Exception as error:  # four libraries read it, and an archive can be broken in any way
        reason = f"{type(error).__name__}: {error}"
        hint = "remove it from the cache, or download it again"
        raise CliError(
            f"cannot read the package archive: {reason}", kind="archive-damaged", path=archive, hint=hint
        ) from error


def _summarise_wheel(wheel: Path, runtime: str | None) -> ArchiveContents:
    from .wheels import read_wheel

    read, collector = read_wheel(wheel, runtime), LicenseCollector()
    collector.add_wheel(wheel, read.metadata.license_files, most_entries(wheel.stat().st_size))
    return ArchiveContents(
        executables=tuple(sorted(read.listing.executables)),
        entry_points=read.entry_points,
        installed_size_bytes=read.listing.size_bytes,
        installed_file_count=read.listing.file_count,
        license_files=collector.files,
    )


def _summarise(archive: Path) -> ArchiveContents:
    # Imported on use: its imports take longer than a whole command that reads no archive.
    from .info_folder import iterate_info

    most = most_entries(archive.stat().st_size)
    listing: Listing | None = None
    entry_points: tuple[str, ...] | None = None
    collector = LicenseCollector()
    for name, file in iterate_info(archive, most):
        if name == "info/paths.json" and listing is None:
            listing = _read_paths_json(file, most)
        elif name == "info/link.json" and entry_points is None:
            entry_points = _read_entry_points(file)
        elif name in ("info/paths.json", "info/link.json"):
            raise ValueError(f"{name} appears twice")
        else:
            collector.add_conda(name, file)
    if listing is None:
        listing = _read_old_lists(iterate_info(archive, most), most)
    listing.add_entries(len(entry_points or ()))
    return ArchiveContents(
        executables=tuple(sorted(listing.executables)),
        entry_points=entry_points or (),
        installed_size_bytes=listing.size_bytes,
        installed_file_count=listing.file_count,
        prefix_limit_bytes=min(listing.placeholder_lengths, default=None),
        license_files=collector.files,
    )


def _read_paths_json(file: IO[bytes], most: int) -> Listing:
    listing = Listing(most_entries=most)
    for record in iterate_items(file, "paths"):
        listing.add_record(record)
    return listing


def _read_old_lists(info: Iterable[tuple[str, IO[bytes]]], most: int) -> Listing:
    """Read what packages from before conda 4.3 have instead of ``paths.json``; it states no sizes."""
    listing, found = Listing(most_entries=most), False
    for name, file in info:
        if name == "info/has_prefix":
            for line in _read_lines(file, name, most):
                words = line.split(maxsplit=2)
                if len(words) == 3:
                    listing.add_placeholder(words[0].strip("\"'"), in_binary=words[1] == "binary")
        elif name == "info/files":
            found = True
            for line in _read_lines(file, name, most):
                listing.add_path(line)
    if not found:
        raise ValueError("it has neither info/paths.json nor info/files")
    return listing


def _read_lines(file: IO[bytes], name: str, most: int) -> Iterator[str]:
    count = 0
    while line := file.readline(_LINE_LIMIT_BYTES):
        count += 1
        if len(line) == _LINE_LIMIT_BYTES or count > most:
            raise ValueError(f"{name} has more than {most} lines, or one of {_LINE_LIMIT_BYTES} bytes")
        if text := line.decode().rstrip("\r\n"):
            yield text


def _read_entry_points(file: IO[bytes]) -> tuple[str, ...]:
    data = file.read(LARGEST_METADATA + 1)
    if len(data) > LARGEST_METADATA:
        raise ValueError(f"info/link.json takes more than {LARGEST_METADATA} bytes")
    noarch = parse_document(data).get("noarch") or {}
    return tuple(line.partition("=")[0].strip() for line in noarch.get("entry_points") or ())
