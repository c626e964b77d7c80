"""What is in the package cache."""

from __future__ import annotations

import os
import re
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cs_bundle import TAG_NAME, is_cache

from ..errors import CliError
from ..times import render_time

KINDS = {".conda": "conda", ".tar.bz2": "tar.bz2", ".whl": "wheel"}
"""Kinds of archives by the end of their names; any other is the source of a Python package."""

_PARENT = re.compile("[0-9a-f]{2}")
_DIGEST = re.compile("[0-9a-f]{64}")
_LEFT_BEHIND = re.compile(r"\..*\.[0-9a-f]{12}\.part", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedFile:
    """A file in the cache.

    :ivar changed: when it was changed, in seconds since 1970: of an archive, when it was used.
    """

    path: Path
    size_bytes: int
    changed: float

    @property
    def kind(self) -> str | None:
        """Kind of an archive; ``None`` for what is remembered of one, and for what a killed download has left."""
        name = self.path.name
        if self.is_left_behind or re.fullmatch(r"contents-[0-9]+\.json", name):
            return None
        return next((kind for suffix, kind in KINDS.items() if name.endswith(suffix)), "source")

    @property
    def is_left_behind(self) -> bool:
        """Whether it is a part of a download."""
        return _LEFT_BEHIND.fullmatch(self.path.name) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The directory of one digest: an archive, and what belongs to it."""

    path: Path
    files: tuple[CachedFile, ...]

    @property
    def archives(self) -> tuple[CachedFile, ...]:
        """The archives in it: one, unless it has several names."""
        return tuple(file for file in self.files if file.kind is not None)

    @property
    def size_bytes(self) -> int:
        """Bytes of all files together."""
        return sum(file.size_bytes for file in self.files)

    @property
    def last_used(self) -> float:
        """When an archive in it was used last, in seconds since 1970."""
        return max((file.changed for file in self.archives or self.files), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What is in a cache.

    :ivar is_ours: whether it is marked as a package cache.
    :ivar is_empty: whether there is nothing in it at all.
    """

    path: Path
    entries: tuple[Entry, ...] = ()
    is_ours: bool = False
    is_empty: bool = True

    @property
    def archive_count(self) -> int:
        """Number of archives."""
        return sum(len(entry.archives) for entry in self.entries)

    @property
    def size_bytes(self) -> int:
        """Bytes of everything that a clean-up can remove."""
        return sum(entry.size_bytes for entry in self.entries)

    @property
    def kinds(self) -> dict[str, tuple[int, int]]:
        """Number and bytes of archives by kind, the largest first."""
        counts: Counter[str] = Counter()
        sizes: Counter[str] = Counter()
        for file in (file for entry in self.entries for file in entry.archives):
            counts[str(file.kind)] += 1
            sizes[str(file.kind)] += file.size_bytes
        return {kind: (counts[kind], size) for kind, size in sorted(sizes.items(), key=lambda item: (-item[1], item))}

    @property
    def uses(self) -> tuple[float, float] | None:
        """When the archive that was not used for longest was used, and the one used last; in seconds since 1970."""
        times = [entry.last_used for entry in self.entries if entry.archives]
        return (min(times), max(times)) if times else None

    def to_dict(self) -> dict[str, Any]:
        """Return the survey as JSON values."""
        oldest, newest = map(render_time, self.uses) if self.uses else (None, None)
        return {
            "path": str(self.path),
            "archive_count": self.archive_count,
            "size_bytes": self.size_bytes,
            "oldest_use": oldest,
            "newest_use": newest,
            "kinds": {kind: {"count": count, "size_bytes": size} for kind, (count, size) in self.kinds.items()},
        }


def survey_cache(path: Path) -> Survey:
    """Look at what is in a cache; a directory that does not exist is an empty one. No link in it is followed.

    :raises CliError: ``cache-unreadable`` if it cannot be read.
    """
    try:
        names = sorted(one.name for one in path.iterdir())
        entries = tuple(entry for name in names if _PARENT.fullmatch(name) for entry in _read_entries(path / name))
    except FileNotFoundError:
        return Survey(path=path)
    except OSError as error:
        place = Path(os.fsdecode(error.filename)) if error.filename else path
        message = f"cannot read the package cache: {error.strerror or error}"
        raise CliError(message, kind="cache-unreadable", path=place) from error
    return Survey(path=path, entries=entries, is_ours=is_cache(path), is_empty=set(names) <= {TAG_NAME})


def _read_entries(parent: Path) -> Iterator[Entry]:
    """List the directories of digests; whatever else is there is left alone."""
    if not _is_directory(parent):
        return
    for path in sorted(parent.iterdir()):
        if _DIGEST.fullmatch(path.name) and path.name.startswith(parent.name) and _is_directory(path):
            yield Entry(path=path, files=tuple(_read_files(path)))


def _is_directory(path: Path) -> bool:
    return stat.S_ISDIR(path.lstat().st_mode)


def _read_files(directory: Path) -> Iterator[CachedFile]:
    with os.scandir(directory) as found:
        for one in sorted(found, key=lambda one: one.name):
            status = one.stat(follow_symlinks=False)
            if not stat.S_ISDIR(status.st_mode):
                yield CachedFile(path=directory / one.name, size_bytes=status.st_size, changed=status.st_mtime)
