"""What the paths of a package add up to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .limits import DEEPEST_PATH, LONGEST_PATH, LONGEST_PATHS, LONGEST_PLACEHOLDER
from .places import NOARCH_PLACE, UNIX_PLACES, WINDOWS_PLACES, WINDOWS_SUFFIXES

_EXECUTABLE_PLACES = frozenset(place.rstrip("/").lower() for place in (*UNIX_PLACES, *WINDOWS_PLACES, NOARCH_PLACE))
_SIZE_LIMIT_BYTES = 1 << 48
_PATH_TYPES = ("hardlink", "softlink", "directory", None)
_FILE_MODES = ("text", "binary")


@dataclass(slots=True, kw_only=True)
class Listing:
    """A sum of paths; the number of entries that are allowed bounds its memory.

    :ivar most_entries: how many entries are allowed.
    :ivar executables: paths in the directories where commands are looked for.
    :ivar placeholder_lengths: bytes of the placeholders in binary files.
    :ivar size_bytes: sum of the sizes that are stated.
    :ivar file_count: number of files and links.
    """

    most_entries: int
    executables: set[str] = field(default_factory=set)
    placeholder_lengths: set[int] = field(default_factory=set)
    size_bytes: int = 0
    file_count: int = 0
    _entry_count: int = 0
    _path_bytes: int = 0
    _directories: set[str] = field(default_factory=set)

    def add_entries(self, count: int) -> None:
        """Count entries.

        :raises ValueError: if there are too many.
        """
        self._entry_count += count
        if self._entry_count + len(self._directories) > self.most_entries:
            raise ValueError(f"it lists more than {self.most_entries} entries, too many for an archive of its size")

    def add_path(self, path: str) -> None:
        """Add a file or link.

        :raises ValueError: if a limit is exceeded.
        """
        self._measure(path)
        self.file_count += 1
        place, _, name = path.rpartition("/")
        if (place.lower() in _EXECUTABLE_PLACES) if place else name.lower().endswith(WINDOWS_SUFFIXES):
            self.executables.add(path)

    def add_record(self, record: Any) -> None:
        """Add one of ``info/paths.json``, by the rules of the runtime's reader.

        :raises ValueError: if it is not a valid path of a package, or a limit is exceeded.
        """
        if not isinstance(record, dict) or not isinstance(path := record.get("_path"), str):
            raise ValueError(f"info/paths.json: {_show(record)} is not a path of a package")
        kind = record.get("path_type")
        if kind not in _PATH_TYPES:
            raise _refuse(path, "path_type", kind)
        self._add_size(path, record.get("size_in_bytes"))
        placeholder = record.get("prefix_placeholder")
        if placeholder is not None:
            self._add_placeholder(path, placeholder, record.get("file_mode"))
        if kind == "directory":
            self._measure(path)
        else:
            self.add_path(path)

    def add_placeholder(self, placeholder: str, *, in_binary: bool) -> None:
        """Add the placeholder of a file.

        :raises ValueError: if it is too long.
        """
        length = len(placeholder.encode())
        if length > LONGEST_PLACEHOLDER:
            raise ValueError(f"a placeholder is {length} bytes long; the limit is {LONGEST_PLACEHOLDER}")
        if in_binary:
            self.placeholder_lengths.add(length)

    def _add_size(self, path: str, size: object) -> None:
        if size is None:
            return
        if type(size) is not int or not 0 <= size < _SIZE_LIMIT_BYTES:
            raise _refuse(path, "size_in_bytes", size)
        self.size_bytes += size
        if self.size_bytes >= _SIZE_LIMIT_BYTES:
            raise ValueError(f"info/paths.json: its files take {_SIZE_LIMIT_BYTES} bytes or more")

    def _add_placeholder(self, path: str, placeholder: object, mode: object) -> None:
        if not isinstance(placeholder, str):
            raise _refuse(path, "prefix_placeholder", placeholder)
        if not placeholder or mode is None:
            return
        if not isinstance(mode, str) or mode.lower() not in _FILE_MODES:
            raise _refuse(path, "file_mode", mode)
        self.add_placeholder(placeholder, in_binary=mode.lower() == "binary")

    def _measure(self, path: str) -> None:
        length = len(path) if path.isascii() else len(path.encode("utf-8", "surrogatepass"))
        if length > LONGEST_PATH or path.count("/") >= DEEPEST_PATH:
            raise ValueError(f"the path {_show(path)} is too long, or too deep")
        self._path_bytes += length
        if self._path_bytes > LONGEST_PATHS:
            raise ValueError(f"its paths take more than {LONGEST_PATHS} bytes")
        self._add_directories(path.rpartition("/")[0])
        self.add_entries(1)

    def _add_directories(self, place: str) -> None:
        while place and place not in self._directories:
            self._directories.add(place)
            place = place.rpartition("/")[0]


def _refuse(path: str, key: str, value: object) -> ValueError:
    return ValueError(f"info/paths.json: {_show(path)}: {key} is {_show(value)}")


def _show(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
