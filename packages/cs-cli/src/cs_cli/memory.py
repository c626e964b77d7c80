"""Remember the digests of bundles, so that the next build of the same packages hashes each archive once less.

A bundle is a function of its archives: one whose digest is the remembered one holds the same bytes as the one whose
archives were checked one by one.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from cs_bundle import ExpectedArchive


def recall_bundle(cache: Path, archives: Iterable[ExpectedArchive]) -> str | None:
    """Return the SHA-256 of the bundle of these archives, as hex; ``None`` if it is not remembered."""
    try:
        digest = _place(cache, archives).read_text(encoding="ascii")
    except (OSError, ValueError):
        return None
    return digest if re.fullmatch(r"[0-9a-f]{64}", digest) else None


def remember_bundle(cache: Path, archives: Iterable[ExpectedArchive], bundle_sha256: str) -> None:
    """Remember the SHA-256 of a bundle; a cache that cannot be written to stays as it is.

    :param archives: what the bundle holds; their digests have been checked.
    """
    archives = tuple(archives)
    path = _place(cache, archives)
    if recall_bundle(cache, archives) != bundle_sha256:
        with contextlib.suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            write_atomically(path, bundle_sha256.encode())


def write_atomically(path: Path, data: bytes) -> None:
    """Write a small file: all of it, or nothing."""
    temporary = path.with_name(f".{path.name}.{os.urandom(6).hex()}.part")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _place(cache: Path, archives: Iterable[ExpectedArchive]) -> Path:
    lines = sorted(f"{one.file_name}\n{one.sha256}\n" for one in archives)
    return bundle_memory(cache) / sha256("".join(lines).encode()).hexdigest()


def bundle_memory(cache: Path) -> Path:
    """Name the folder of the cache that holds what is remembered of bundles."""
    return cache / "bundles-1"
