"""What is inside package archives, as far as a build needs to know it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from .documents import VALUE_LIMIT_BYTES, iterate_items, parse_document
from .errors import CliError

_EXECUTABLE_PLACES = frozenset(
    ("bin", "condabin", "scripts", "python-scripts", "library/bin", "library/usr/bin", "library/mingw-w64/bin")
)
_WINDOWS_SUFFIXES = (".exe", ".bat", ".cmd")

PATHS_LIMIT = 1_000_000
"""More paths than any package has; the runtime refuses one with more, too."""
_SIZE_LIMIT_BYTES = 1 << 48
_LINE_LIMIT_BYTES = 16 << 10
_PATH_TYPES = ("hardlink", "softlink", "directory", None)
_FILE_MODES = ("text", "binary")


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


def read_contents(archive: Path) -> ArchiveContents:
    """Read the ``info/`` folder of a ``.conda`` or ``.tar.bz2`` archive.

    What the runtime would refuse is refused here: what a path is, how large it is, how many there are.

    :raises CliError: ``archive-damaged`` if it cannot be read.
    """
    try:
        return _summarise(archive)
    except Exception as error:  # four libraries read it, and an archive can be broken in any way
        reason = f"{type(error).__name__}: {error}"
        hint = "remove it from the cache, or fetch it again"
        raise CliError(
            "archive-damaged", f"cannot read the package archive: {reason}", path=archive, hint=hint
        ) from error


@dataclass(slots=True)
class _Listing:
    """What a list of paths adds up to.

    :ivar executables: without repetition: a hostile list may name one a million times.
    """

    executables: set[str] = field(default_factory=set)
    placeholder_lengths: set[int] = field(default_factory=set)
    size_bytes: int = 0
    file_count: int = 0

    def add_path(self, path: str) -> None:
        self.file_count += 1
        if _may_be_executable(path):
            self.executables.add(path)


def _summarise(archive: Path) -> ArchiveContents:
    # Imported on use: a build whose archives are remembered needs none of what it imports.
    from .info import iterate_info

    listing, entry_points = None, None
    for name, file in iterate_info(archive):
        if name == "info/paths.json" and listing is None:
            listing = _read_paths_json(file)
        elif name == "info/link.json" and entry_points is None:
            entry_points = _read_entry_points(file)
        elif name in ("info/paths.json", "info/link.json"):
            raise ValueError(f"{name} is there twice")
    if listing is None:
        listing = _read_old_lists(iterate_info(archive))
    return ArchiveContents(
        executables=tuple(sorted(listing.executables)),
        entry_points=entry_points or (),
        installed_size_bytes=listing.size_bytes,
        installed_file_count=listing.file_count,
        prefix_limit_bytes=min(listing.placeholder_lengths, default=None),
    )


def _read_paths_json(file: IO[bytes]) -> _Listing:
    listing = _Listing()
    for number, record in enumerate(iterate_items(file, "paths")):
        if number >= PATHS_LIMIT:
            raise _too_many("info/paths.json")
        _add_record(listing, record)
    if listing.size_bytes >= _SIZE_LIMIT_BYTES:
        raise ValueError(f"its files take {listing.size_bytes} bytes, by info/paths.json")
    return listing


def _add_record(listing: _Listing, record: Any) -> None:
    """Add one of ``paths.json``, by the rules of the runtime's reader."""
    if not isinstance(record, dict) or not isinstance(path := record.get("_path"), str):
        raise ValueError(f"info/paths.json: {_show(record)} is not a path of a package")
    if (kind := record.get("path_type")) not in _PATH_TYPES:
        raise _refuse(path, "path_type", kind)
    size = record.get("size_in_bytes")
    if size is not None:
        if type(size) is not int or not 0 <= size < _SIZE_LIMIT_BYTES:
            raise _refuse(path, "size_in_bytes", size)
        listing.size_bytes += size
    placeholder, mode = record.get("prefix_placeholder"), record.get("file_mode")
    if placeholder is not None and not isinstance(placeholder, str):
        raise _refuse(path, "prefix_placeholder", placeholder)
    if placeholder and mode is not None:
        if not isinstance(mode, str) or mode.lower() not in _FILE_MODES:
            raise _refuse(path, "file_mode", mode)
        if mode.lower() == "binary":
            listing.placeholder_lengths.add(len(placeholder.encode()))
    if kind != "directory":
        listing.add_path(path)


def _refuse(path: str, key: str, value: object) -> ValueError:
    return ValueError(f"info/paths.json: {_show(path)}: {key} is {_show(value)}")


def _show(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def _too_many(name: str) -> ValueError:
    return ValueError(f"{name} lists more than {PATHS_LIMIT} paths")


def _read_old_lists(info: Iterable[tuple[str, IO[bytes]]]) -> _Listing:
    """Read what packages from before conda 4.3 have in the place of ``paths.json``; it states no sizes."""
    listing, found = _Listing(), False
    for name, file in info:
        if name == "info/has_prefix":
            for line in _read_lines(file, name):
                words = line.split(maxsplit=2)
                if len(words) == 3 and words[1] == "binary":
                    listing.placeholder_lengths.add(len(words[0].strip("\"'").encode()))
        elif name == "info/files":
            found = True
            for line in _read_lines(file, name):
                listing.add_path(line)
    if not found:
        raise ValueError("neither info/paths.json nor info/files is there")
    return listing


def _read_lines(file: IO[bytes], name: str) -> Iterator[str]:
    count = 0
    while line := file.readline(_LINE_LIMIT_BYTES):
        if len(line) == _LINE_LIMIT_BYTES:
            raise ValueError(f"a line of {name} takes {_LINE_LIMIT_BYTES} bytes or more")
        count += 1
        if count > PATHS_LIMIT:
            raise _too_many(name)
        if text := line.decode().rstrip("\r\n"):
            yield text


def _read_entry_points(file: IO[bytes]) -> tuple[str, ...]:
    data = file.read(VALUE_LIMIT_BYTES + 1)
    if len(data) > VALUE_LIMIT_BYTES:
        raise ValueError(f"info/link.json takes more than {VALUE_LIMIT_BYTES} bytes")
    noarch = parse_document(data).get("noarch") or {}
    return tuple(line.partition("=")[0].strip() for line in noarch.get("entry_points") or ())


def _may_be_executable(path: str) -> bool:
    place, _, name = path.lower().rpartition("/")
    return place in _EXECUTABLE_PLACES or (not place and name.endswith(_WINDOWS_SUFFIXES))
