"""The certificate table of a Windows executable, and what else its signature does not cover."""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass
from typing import BinaryIO

from ._copying import read_exactly
from ._errors import ExecutableLayoutError

MAGIC = b"MZ"
TABLE_ALIGNMENT = 8

_FIXED_SIZES = {0x10B: 96, 0x20B: 112}
"""Bytes of an optional header before its data directories, by its magic: 32 and 64 bits."""
_OPTIONAL_HEADER = 24
_CHECKSUM = 64
_SECURITY_DIRECTORY = 4
_SUMMED_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsignedFields:
    """Where the headers have what no signature covers.

    :ivar checksum: of the file, four bytes.
    :ivar table: offset and size of the certificate table, four bytes each.
    """

    checksum: range
    table: range


def find_unsigned_fields(file: BinaryIO) -> UnsignedFields | None:
    """Find the fields that a signer writes; ``None`` if the executable has no place for a certificate table.

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
    checksum, table = start + _OPTIONAL_HEADER + _CHECKSUM, directories + 8 * _SECURITY_DIRECTORY
    return UnsignedFields(checksum=range(checksum, checksum + 4), table=range(table, table + 8))


def find_certificate_table(file: BinaryIO) -> tuple[int, int] | None:
    """Return offset and size of the certificate table; ``None`` if the executable is not signed.

    :raises ExecutableLayoutError: if the headers are not those of a Windows executable.
    """
    fields = find_unsigned_fields(file)
    offset, size = (0, 0) if fields is None else struct.unpack("<II", read_exactly(file, fields.table.start, 8))
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


def sum_words(file: BinaryIO, size_bytes: int) -> int:
    """Compute the checksum that a linker gives an executable.

    :param size_bytes: size of the executable at the beginning of the file, whose signature and checksum do not count.
    """
    fields = find_unsigned_fields(file)
    left_out = () if fields is None else (*fields.checksum, *fields.table)
    total = 0
    for start in range(0, size_bytes, _SUMMED_BYTES):
        block = bytearray(read_exactly(file, start, min(_SUMMED_BYTES, size_bytes - start)))
        for place in left_out:
            if start <= place < start + len(block):
                block[place - start] = 0
        words = array("H", bytes(block) + bytes(len(block) % 2))
        if sys.byteorder == "big":
            words.byteswap()
        total += sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total + size_bytes & 0xFFFFFFFF
