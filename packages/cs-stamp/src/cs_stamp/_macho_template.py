"""Make room for a stamp in a macOS executable: in ``__LINKEDIT``, before the code signature."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from ._copying import read_exactly
from ._errors import ExecutableLayoutError
from ._macho import (
    LC_CODE_SIGNATURE,
    LC_SEGMENT_64,
    LC_SYMTAB,
    SIGNATURE_ALIGNMENT,
    Command,
    LoadCommands,
    find_code_signature,
    find_signed_end,
    read_load_commands,
)

_CPU_ARM64 = 0x0100000C
_SEGMENT = struct.Struct("<2I16s4Q4I")
_SECTION_SIZE, _SECTION_FILE_OFFSET = 80, 48
_SIGNATURE_COMMAND = struct.Struct("<4I")
# Offsets of fields: of the file's header, of LC_SEGMENT_64, of LC_SYMTAB.
_COMMAND_COUNT = 16
_SEGMENT_VM_SIZE, _SEGMENT_FILE_SIZE = 32, 48
_STRINGS_OFFSET, _STRINGS_SIZE = 16, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A segment, and where its load command is in the file."""

    command: Command
    name: str
    address: int
    file_offset: int
    file_size_bytes: int

    def list_sections(self) -> Iterable[int]:
        """Return the offset of each section that has bytes in the file."""
        (count,) = struct.unpack_from("<I", self.command.data, 64)
        if _SEGMENT.size + count * _SECTION_SIZE > len(self.command.data):
            raise ExecutableLayoutError("its sections are cut off")
        first = _SEGMENT.size + _SECTION_FILE_OFFSET
        places = range(first, first + count * _SECTION_SIZE, _SECTION_SIZE)
        return filter(None, (struct.unpack_from("<I", self.command.data, place)[0] for place in places))


@dataclass(frozen=True, slots=True, kw_only=True)
class MachOTemplate:
    """An executable that a stamp fits into.

    :ivar head: its header and load commands, with one for a signature.
    :ivar kept_size_bytes: how much of it is kept: all but its signature.
    :ivar text: offset and size of ``__TEXT``.
    """

    head: bytes
    kept_size_bytes: int
    text: tuple[int, int]
    linkedit: Segment
    symbols: Command
    signature_command: int
    segment_alignment: int

    def render_head(self, signed_end: int, signature_size: int) -> bytes:
        """Return the beginning of the file, once it is known where stamp and signature end."""
        head, linkedit = bytearray(self.head), self.linkedit.command.offset
        file_size = signed_end + signature_size - self.linkedit.file_offset
        struct.pack_into("<Q", head, linkedit + _SEGMENT_FILE_SIZE, file_size)
        struct.pack_into("<Q", head, linkedit + _SEGMENT_VM_SIZE, file_size + -file_size % self.segment_alignment)
        # Apple's tools want the link edit information to fill its segment: the string table reaches over the stamp.
        (strings,) = struct.unpack_from("<I", self.symbols.data, _STRINGS_OFFSET)
        struct.pack_into("<I", head, self.symbols.offset + _STRINGS_SIZE, signed_end - strings)
        command = (LC_CODE_SIGNATURE, _SIGNATURE_COMMAND.size, signed_end, signature_size)
        _SIGNATURE_COMMAND.pack_into(head, self.signature_command, *command)
        return bytes(head)


def read_macho_template(file: BinaryIO) -> MachOTemplate:
    """Read an executable that is to be stamped.

    :raises ExecutableLayoutError: if it leaves no room for a stamp.
    """
    size = file.seek(0, os.SEEK_END)
    load, end = read_load_commands(file), find_signed_end(file, size)
    segments = {segment.name: segment for segment in _read_segments(load)}
    linkedit, text, symbols = segments.get("__LINKEDIT"), segments.get("__TEXT"), load.find(LC_SYMTAB)
    if linkedit is None or text is None or symbols is None or len(symbols.data) < _STRINGS_SIZE + 4:
        raise ExecutableLayoutError("it lacks a segment __TEXT or __LINKEDIT, or a symbol table")
    _check_linkedit(linkedit, symbols, segments.values(), end, size)
    head, signature_command = _make_room(file, load, segments.values())
    return MachOTemplate(
        head=head,
        kept_size_bytes=end,
        text=(text.file_offset, text.file_size_bytes),
        linkedit=linkedit,
        symbols=symbols,
        signature_command=signature_command,
        segment_alignment=0x4000 if load.cpu == _CPU_ARM64 else 0x1000,
    )


def _read_segments(load: LoadCommands) -> Iterable[Segment]:
    for command in load.commands:
        if command.kind != LC_SEGMENT_64:
            continue
        if len(command.data) < _SEGMENT.size:
            raise ExecutableLayoutError("a segment's load command is cut off")
        _, _, name, address, _, offset, size, *_ = _SEGMENT.unpack_from(command.data)
        text = name.rstrip(b"\0").decode("latin-1")
        yield Segment(command=command, name=text, address=address, file_offset=offset, file_size_bytes=size)


def _check_linkedit(linkedit: Segment, symbols: Command, segments: Iterable[Segment], end: int, size: int) -> None:
    """Check that what grows is last: the segment in file and memory, the string table in the segment."""
    if linkedit.file_offset + linkedit.file_size_bytes != size or linkedit.address < max(
        one.address for one in segments
    ):
        raise ExecutableLayoutError("its segment __LINKEDIT is not the last")
    offset, length = struct.unpack_from("<II", symbols.data, _STRINGS_OFFSET)
    if not linkedit.file_offset <= offset or not 0 <= end - (offset + length) < SIGNATURE_ALIGNMENT:
        raise ExecutableLayoutError("its string table is not the last part of __LINKEDIT")


def _make_room(file: BinaryIO, load: LoadCommands, segments: Iterable[Segment]) -> tuple[bytes, int]:
    """Return header and load commands with a command for a signature, and where that is."""
    if find_code_signature(load) is not None:
        command = load.find(LC_CODE_SIGNATURE)
        assert command is not None
        return read_exactly(file, 0, load.end), command.offset
    end = load.end + _SIGNATURE_COMMAND.size
    head = bytearray(read_exactly(file, 0, end))
    first = min((offset for segment in segments for offset in segment.list_sections()), default=0)
    if end > first or any(head[load.end :]):
        raise ExecutableLayoutError("it has no room for the load command of a signature: link it with -headerpad 0x100")
    count, size = struct.unpack_from("<II", head, _COMMAND_COUNT)
    struct.pack_into("<II", head, _COMMAND_COUNT, count + 1, size + _SIGNATURE_COMMAND.size)
    return bytes(head), load.end
