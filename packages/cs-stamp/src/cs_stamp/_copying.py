"""Write and hash file ranges, reading each byte once."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import file_digest, sha256
from pathlib import Path
from typing import BinaryIO, Protocol

from ._errors import ExecutableLayoutError
from ._layout import COPY_CHUNK_BYTES


class Digest(Protocol):
    """Something that takes bytes, as the objects of ``hashlib`` do."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take more bytes."""
        ...


def append_file(source: Path, out: BinaryIO, digests: Sequence[Digest], *, limit_bytes: int | None = None) -> int:
    """Append a file to an unbuffered one while hashing it, so that it is read only once.

    :param digests: each takes every byte.
    :param limit_bytes: how much of the file to copy; default: all of it.
    :returns: number of bytes copied.
    """
    copied, buffer = 0, bytearray(COPY_CHUNK_BYTES)
    view = memoryview(buffer)
    with source.open("rb", buffering=0) as file:
        while count := file.readinto(view if limit_bytes is None else view[: limit_bytes - copied]):
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


def hash_file(path: Path) -> tuple[str, int]:
    """Return SHA-256 (lower-case hex) and size in bytes of a file.

    :raises OSError: if it cannot be read.
    """
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest(), file.tell()


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


def read_exactly(file: BinaryIO, offset: int, size_bytes: int) -> bytes:
    """Read a range of an executable's headers.

    :raises ExecutableLayoutError: if the file ends before the range does.
    """
    file.seek(offset)
    data = file.read(size_bytes)
    if len(data) != size_bytes:
        raise ExecutableLayoutError("the file ends within its headers")
    return data
