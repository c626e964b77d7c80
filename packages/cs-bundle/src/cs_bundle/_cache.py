"""Keep archives by their SHA-256: ``CACHE/ab/abcd.../NAME``."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO

from ._errors import ArchiveNameError
from ._names import is_plain_name
from ._paths import StrPath
from ._replacing import replacing
from ._wanted import WantedArchive


def cached_path(cache: StrPath, sha256_hex: str, file_name: str) -> Path:
    """Return where an archive is kept.

    :raises ArchiveNameError: if the name or the digest is not one.
    """
    cache = Path(cache)
    if not is_plain_name(file_name):
        raise ArchiveNameError(f"{file_name!r} is not a name for a file in the cache", name=file_name)
    if not re.fullmatch(r"[0-9a-f]{64}", sha256_hex):
        raise ArchiveNameError(f"{sha256_hex!r} is not a SHA-256 in lower-case hex", name=file_name)
    return cache.joinpath(sha256_hex[:2], sha256_hex, file_name)


def find_cached(expected: Iterable[WantedArchive], cache: StrPath) -> list[Path] | None:
    """Find archives in a cache without an HTTP client, looking at their sizes only.

    Check them while they are copied: ``append_bundle`` and ``write_bundle`` take ``expected`` too.

    :param cache: as for ``fetch_archives``.
    :returns: paths in the order of ``expected``; None if an archive is not there, or its size is wrong. One of unknown
        size must be there: no lock has the sizes of wheels.
    """
    cache = Path(cache)
    paths: list[Path] = []
    for one in expected:
        path = cached_path(cache, one.sha256, one.file_name)
        size_bytes = one.size_bytes
        if not (path.is_file() if size_bytes is None else is_intact(path, one.sha256, size_bytes, rehash=False)):
            return None
        paths.append(path)
    return paths


def is_intact(path: Path, sha256_hex: str, size_bytes: int | None, *, rehash: bool) -> bool:
    """Tell whether a cached archive may be used.

    :param rehash: read all of it; an archive of unknown size is always read.
    """
    try:
        with path.open("rb") as file:
            if size_bytes is not None and os.fstat(file.fileno()).st_size != size_bytes:
                return False
            return (not rehash and size_bytes is not None) or file_digest(file, "sha256").hexdigest() == sha256_hex
    except OSError:
        return False


@contextlib.contextmanager
def filling(path: Path) -> Iterator[BinaryIO]:
    """Yield a new file that takes its place in the cache when the block ends without an error.

    Other processes may fill the same place at the same time: all write the same bytes.

    :raises OSError: if the cache cannot be written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        yield file
