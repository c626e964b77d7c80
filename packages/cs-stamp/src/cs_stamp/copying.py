"""Write and hash file ranges, reading each byte once."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, Protocol

from .layout import COPY_CHUNK_BYTES


class Digest(Protocol):
    """Something that takes bytes, as the objects of :mod:`hashlib` do."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take more bytes."""
        ...


def append_file(source: Path, out: BinaryIO, digests: Sequence[Digest]) -> int:
    """Append a file to an unbuffered one while hashing it, so that it is read only once.

    :param digests: each takes every byte.
    :returns: number of bytes copied.
    """
    copied, buffer = 0, bytearray(COPY_CHUNK_BYTES)
    view = memoryview(buffer)
    with source.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            append_data(view[:count], out, digests)
            copied += count
    return copied


def append_data(data: bytes | memoryview, out: BinaryIO, digests: Sequence[Digest]) -> None:
    """Write all bytes to an unbuffered file, which may take fewer at a time, and hash them."""
    for digest in digests:
        digest.update(data)
    view = memoryview(data)
    while view:
        view = view[out.write(view) :]


def hash_range(file: BinaryIO, offset: int, size_bytes: int) -> bytes | None:
    """Return the raw SHA-256 of a range, or None if the file ends before it does."""
    digest, buffer = sha256(), bytearray(min(COPY_CHUNK_BYTES, max(size_bytes, 1)))
    view, left = memoryview(buffer), size_bytes
    file.seek(offset)
    while left:
        count = file.readinto(view[: min(left, len(buffer))])  # type: ignore[attr-defined]
        if not count:
            return None
        digest.update(view[:count])
        left -= count
    return digest.digest()
