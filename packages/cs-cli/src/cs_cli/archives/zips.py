"""Walk untrusted zips: their directory entry by entry, and small members as a whole.

Layout: PKWARE's APPNOTE, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 to 4.3.16 (end records).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

_END = struct.Struct("<4s8x2L2x")
_LOCATOR = struct.Struct("<4s4xQ4x")
_WIDE_END = struct.Struct("<4s36x2Q")
_ENTRY = struct.Struct("<4sxB2x2H8x2L3H4x2L")
_LOCAL = struct.Struct("<4s22x2H")
_UNKNOWN = 0xFFFFFFFF
_LONGEST_COMMENT = 0xFFFF
_LONGEST_DIRECTORY = 64 << 20
_ENCRYPTED, _UTF8 = 1, 1 << 11
_STORED, _DEFLATED = 0, 8
_UNIX = 3
_BLOCK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Member:
    """One member, as the directory describes it.

    :ivar name: with ``/`` between its parts; the name of a directory ends with one.
    :ivar size_bytes: uncompressed.
    :ivar is_executable: whether it was made on Unix with permission to execute it.
    :ivar offset: of its local header.
    """

    name: str
    method: int
    packed_bytes: int
    size_bytes: int
    is_executable: bool
    offset: int


def iterate_zip(file: BinaryIO, most: int) -> Iterator[Member]:
    """Yield the members in the order of the directory.

    :param most: how many there may be.
    :raises ValueError: if it is not a zip, a limit is exceeded, or a member has a form that no wheel has.
    """
    directory = _read_directory(file)
    at, count = 0, 0
    while at < len(directory):
        member, at = _read_entry(directory, at)
        count += 1
        if count > most:
            raise ValueError(f"it has more than {most} members, too many for an archive of its size")
        yield member


def read_member(file: BinaryIO, member: Member, limit: int) -> bytes:
    """Read a member as a whole.

    :param limit: bytes that it may have.
    :raises ValueError, zlib.error: if it has more, or is damaged.
    """
    if member.size_bytes > limit:
        raise ValueError(f"{member.name} takes more than {limit} bytes")
    signature, name_length, extra_length = _unpack(_LOCAL, _read_at(file, member.offset, _LOCAL.size), 0)
    if signature != b"PK\3\4":
        raise ValueError(f"the header of {member.name} is damaged")
    file.seek(member.offset + _LOCAL.size + name_length + extra_length)
    data = file.read(member.size_bytes) if member.method == _STORED else _inflate(file, member)
    if len(data) != member.size_bytes:
        raise ValueError(f"{member.name} does not have the size that the directory states")
    return data


def _inflate(file: BinaryIO, member: Member) -> bytes:
    """Decompress a member, but not more than a byte beyond the stated size."""
    decompressor, data, left = zlib.decompressobj(-zlib.MAX_WBITS), b"", member.packed_bytes
    while left > 0 and len(data) <= member.size_bytes and not decompressor.eof:
        block = file.read(min(left, _BLOCK_BYTES))
        if not block:
            raise ValueError(f"{member.name} is cut off")
        left -= len(block)
        data += decompressor.decompress(block, member.size_bytes + 1 - len(data))
    return data


def _read_directory(file: BinaryIO) -> bytes:
    size = file.seek(0, 2)
    start = max(0, size - _END.size - _LONGEST_COMMENT)
    tail = _read_at(file, start, size - start)
    at = tail.rfind(b"PK\5\6", 0, max(0, len(tail) - _END.size + 4))
    if at < 0:
        raise ValueError("it is not a zip archive")
    _, length, offset = _END.unpack_from(tail, at)
    if _UNKNOWN in (length, offset):
        length, offset = _find_wide_directory(file, start + at)
    if length > _LONGEST_DIRECTORY:
        raise ValueError(f"its directory takes more than {_LONGEST_DIRECTORY} bytes")
    return _read_at(file, offset, length)


def _find_wide_directory(file: BinaryIO, end: int) -> tuple[int, int]:
    """Return length and offset of a directory, as the zip64 records before the end record state them."""
    signature, offset = _LOCATOR.unpack(_read_at(file, end - _LOCATOR.size, _LOCATOR.size))
    wide, length, start = _WIDE_END.unpack(_read_at(file, offset, _WIDE_END.size))
    if (signature, wide) != (b"PK\6\7", b"PK\6\6"):
        raise ValueError("its zip64 records are damaged")
    return length, start


def _read_at(file: BinaryIO, offset: int, length: int) -> bytes:
    if offset < 0:
        raise ValueError("its directory points outside of it")
    file.seek(offset)
    data = file.read(length)
    if len(data) != length:
        raise ValueError("its directory points outside of it")
    return data


def _unpack(layout: struct.Struct, data: bytes, at: int) -> tuple[Any, ...]:
    try:
        return layout.unpack_from(data, at)
    except struct.error:
        raise ValueError("its directory is cut off") from None


def _read_entry(directory: bytes, at: int) -> tuple[Member, int]:
    signature, system, flags, method, packed, size, name_length, extra_length, comment, attributes, offset = _unpack(
        _ENTRY, directory, at
    )
    name_end = at + _ENTRY.size + name_length
    end = name_end + extra_length + comment
    if signature != b"PK\1\2" or end > len(directory):
        raise ValueError("its directory is damaged")
    name = _decode(directory[at + _ENTRY.size : name_end], flags)
    if flags & _ENCRYPTED or method not in (_STORED, _DEFLATED):
        raise ValueError(f"{name} is encrypted, or compressed in a way that wheels are not")
    wide = _read_wide_fields(directory[name_end : name_end + extra_length])
    sizes = [next(wide, value) if value == _UNKNOWN else value for value in (size, packed, offset)]
    is_executable = system == _UNIX and bool(attributes >> 16 & 0o111)
    return Member(name, method, sizes[1], sizes[0], is_executable, sizes[2]), end


def _decode(name: bytes, flags: int) -> str:
    """Decode a name as CPython does."""
    return name.decode() if flags & _UTF8 or name.isascii() else name.decode("cp437")


def _read_wide_fields(extra: bytes) -> Iterator[int]:
    """Yield the values of the zip64 field, for sizes and offsets that the entry has no room for."""
    while len(extra) >= 4:
        tag, length = struct.unpack_from("<2H", extra)
        if tag == 1:
            field = extra[4 : 4 + length]
            yield from (value for (value,) in struct.iter_unpack("<Q", field[: len(field) // 8 * 8]))
            return
        extra = extra[4 + length :]
