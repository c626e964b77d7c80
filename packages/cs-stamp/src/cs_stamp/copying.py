"""Copy and hash file ranges, each byte as few times as the platform allows."""

from __future__ import annotations

import errno
import os
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from .layout import COPY_CHUNK_BYTES

# What file systems and kernels answer when they cannot copy inside the kernel.
_NO_KERNEL_COPY = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF, errno.ETXTBSY}
_KERNEL_CHUNK_BYTES = 64 << 20


def append_file(source: Path, out: BinaryIO) -> int:
    """Append a file to an unbuffered one, inside the kernel where it can be.

    :returns: number of bytes copied.
    """
    with source.open("rb", buffering=0) as file:
        copied = _append_in_kernel(file.fileno(), out.fileno())
        return copied + _append_chunks(file, out, copied)


def append_and_hash(source: Path, out: BinaryIO) -> tuple[int, bytes]:
    """Append a file while hashing it, so that it is read only once.

    :returns: number of bytes copied and their raw SHA-256.
    """
    digest, copied, buffer = sha256(), 0, bytearray(COPY_CHUNK_BYTES)
    view = memoryview(buffer)
    with source.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digest.update(view[:count])
            write_all(out, view[:count])
            copied += count
    return copied, digest.digest()


def write_all(out: BinaryIO, data: bytes | memoryview) -> None:
    """Write all bytes to an unbuffered file, which may take fewer at a time."""
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


def _append_in_kernel(source: int, target: int) -> int:
    copied = 0
    if not hasattr(os, "copy_file_range"):
        return copied
    try:
        while count := os.copy_file_range(source, target, _KERNEL_CHUNK_BYTES):
            copied += count
    except OSError as error:
        if error.errno not in _NO_KERNEL_COPY:
            raise
    return copied


def _append_chunks(file: BinaryIO, out: BinaryIO, start: int) -> int:
    # Runs to the end of the file in any case: some file systems answer copy_file_range with 0 right away.
    file.seek(start)
    copied = 0
    while chunk := file.read(COPY_CHUNK_BYTES):
        write_all(out, chunk)
        copied += len(chunk)
    return copied
