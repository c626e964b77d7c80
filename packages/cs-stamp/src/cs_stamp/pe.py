"""The certificate table of a Windows executable, which its signature does not cover."""

from __future__ import annotations

import struct
from typing import BinaryIO

from .copying import read_exactly
from .errors import ExecutableLayoutError

MAGIC = b"MZ"
TABLE_ALIGNMENT = 8

_FIXED_SIZES = {0x10B: 96, 0x20B: 112}
"""Bytes of an optional header before its data directories, by its magic: 32 and 64 bits."""
_OPTIONAL_HEADER = 24
_SECURITY_DIRECTORY = 4


def find_certificate_table(file: BinaryIO) -> tuple[int, int] | None:
    """Return offset and size of the certificate table; ``None`` if the executable is not signed.

    :raises ExecutableLayoutError: if the headers are not those of a Windows executable.
    """
    (start,) = struct.unpack("<I", read_exactly(file, 0x3C, 4))
    head = read_exactly(file, start, _OPTIONAL_HEADER + 2)
    (magic,) = struct.unpack_from("<H", head, _OPTIONAL_HEADER)
    if not head.startswith(b"PE\0\0") or magic not in _FIXED_SIZES:
        raise ExecutableLayoutError("its headers are not those of a Windows executable")
    directories = start + _OPTIONAL_HEADER + _FIXED_SIZES[magic]
    (count,) = struct.unpack("<I", read_exactly(file, directories - 4, 4))
    if count <= _SECURITY_DIRECTORY:
        return None
    offset, size = struct.unpack("<II", read_exactly(file, directories + 8 * _SECURITY_DIRECTORY, 8))
    return (offset, size) if offset or size else None


def find_signed_end(file: BinaryIO, size_bytes: int) -> int:
    """Return where the bytes end that a signature covers.

    :param size_bytes: size of the file.
    :raises ExecutableLayoutError: if the certificate table is not the end of the file.
    """
    table = find_certificate_table(file)
    if table is None:
        return size_bytes
    offset, size = table
    if offset % TABLE_ALIGNMENT or offset + size != size_bytes:
        raise ExecutableLayoutError("its certificate table is not the end of the file")
    return offset
