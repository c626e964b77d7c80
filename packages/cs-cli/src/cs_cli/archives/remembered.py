"""Look into archives, and remember what they contain, so that ``cs inspect`` does not have to unpack them.

The results are stored next to the archive in the package cache. Anyone who can write there can change them, so they
only tell whether a package seems to have the delegate; nothing that ships is made from them.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ..untrusted import VALUE_LIMIT_BYTES, read_document
from .contents import ArchiveContents, read_contents

_FILE_NAME = "contents-1.json"
"""The number is the version of the document."""

_READERS = 4
"""Threads that look into archives: unpacking ``info/`` releases the interpreter's lock."""


def read_archives(archives: Sequence[Path], *, runtime: str | None = None) -> list[ArchiveContents]:
    """Return what archives contain, by their own description.

    :param runtime: name of the runtime that installs them: wheels must not have its own files.
    :raises CliError: ``archive-damaged`` if one cannot be read.
    """
    # Imported on use: usually there is nothing to read.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(lambda archive: read_contents(archive, runtime=runtime), archives))


def inspect_archives(archives: Sequence[Path]) -> list[ArchiveContents]:
    """Return what archives contain, as remembered if possible: good enough to look for the delegate.

    :param archives: files in the package cache.
    :raises CliError: ``archive-damaged`` if one cannot be read.
    """
    known = [recall_contents(archive) for archive in archives]
    unknown = [archive for archive, contents in zip(archives, known, strict=True) if contents is None]
    read = iter(read_archives(unknown) if unknown else ())
    return [contents or next(read) for contents in known]


def recall_contents(archive: Path) -> ArchiveContents | None:
    """Return what was remembered of an archive; ``None`` if there is nothing, or it cannot be read."""
    try:
        return ArchiveContents.from_dict(read_document(archive.parent / _FILE_NAME))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def remember_contents(archives: Iterable[Path], contents: Iterable[ArchiveContents]) -> None:
    """Remember what archives contain; a cache that cannot be written to stays as it is.

    :param archives: files whose SHA-256 has been checked since their contents were read.
    """
    for archive, one in zip(archives, contents, strict=True):
        data = json.dumps(one.to_dict(), sort_keys=True).encode()
        if len(data) <= VALUE_LIMIT_BYTES and recall_contents(archive) != one:
            with contextlib.suppress(OSError):
                write_atomically(archive.parent / _FILE_NAME, data)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a small file: all of it, or nothing; ``cs_bundle`` and ``cs_stamp`` do the same for large ones."""
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}.part")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
