"""Remember what is inside archives, so that the next build need not unpack them.

What is remembered lies beside the archive in the package cache, whose folders are named by the archive's SHA-256: it
can only ever be about these bytes.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from .archives import ArchiveContents, read_contents
from .memory import write_atomically

_FILE_NAME = "contents-1.json"
"""The number is the version of the document."""

_READERS = 4
"""Threads that look into archives: unpacking ``info/`` releases the interpreter's lock."""


def inspect_archives(archives: Sequence[Path]) -> list[ArchiveContents]:
    """Return what archives hold, from memory where it was remembered.

    :param archives: files in the package cache.
    :raises CliError: ``archive-damaged`` if one cannot be read.
    """
    known = [recall_contents(archive) for archive in archives]
    unknown = [archive for archive, contents in zip(archives, known, strict=True) if contents is None]
    if not unknown:
        return [contents for contents in known if contents is not None]
    # Imported on use: most often nothing has to be read.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_READERS) as pool:
        read = pool.map(read_contents, unknown)
        return [contents or next(read) for contents in known]


def recall_contents(archive: Path) -> ArchiveContents | None:
    """Return what was remembered of an archive; ``None`` if nothing was, or it cannot be read."""
    try:
        return ArchiveContents.from_dict(json.loads((archive.parent / _FILE_NAME).read_bytes()))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remember_contents(archives: Iterable[Path], contents: Iterable[ArchiveContents]) -> None:
    """Remember what archives hold; a cache that cannot be written to stays as it is.

    :param archives: files whose SHA-256 has been checked since their contents were read.
    """
    for archive, one in zip(archives, contents, strict=True):
        path = archive.parent / _FILE_NAME
        if not path.exists():
            with contextlib.suppress(OSError):
                write_atomically(path, json.dumps(one.to_dict(), sort_keys=True).encode())
