"""The load commands of a macOS executable."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO

from ._copying import read_exactly
from ._errors import ExecutableLayoutError

MAGIC = b"\xcf\xfa\xed\xfe"
UNIVERSAL_MAGICS = (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")
SIGNATURE_ALIGNMENT = 16
COMMANDS_LIMIT_BYTES = 64 << 10

LC_SYMTAB, LC_SEGMENT_64, LC_CODE_SIGNATURE = 0x2, 0x19, 0x1D

_HEADER = struct.Struct("<4s7I")
_COMMAND = struct.Struct("<II")
_SIGNATURE = struct.Struct("<IIII")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One load command.

    :ivar offset: where it is in the file.
    """

    kind: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCommands:
    """The load commands of an executable for one processor.

    :ivar end: where they end in the file.
    """

    cpu: int
    commands: tuple[Command, ...]
    end: int

    def find(self, kind: int) -> Command | None:
        """Return the only command of a kind.

        :raises ExecutableLayoutError: if there are several.
        """
        found = [command for command in self.commands if command.kind == kind]
        if len(found) > 1:
            raise ExecutableLayoutError(f"it has {len(found)} load commands of the kind {kind:#x}")
        return found[0] if found else None


def read_load_commands(file: BinaryIO) -> LoadCommands:
    """Read the load commands.

    :raises ExecutableLayoutError: if they do not fit into each other.
    """
    magic, cpu, _, _, count, size, _, _ = _HEADER.unpack(read_exactly(file, 0, _HEADER.size))
    if magic != MAGIC or size > COMMANDS_LIMIT_BYTES:
        raise ExecutableLayoutError("its headers are not those of a macOS executable")
    data, commands, position = read_exactly(file, _HEADER.size, size), list[Command](), 0
    for _ in range(count):
        if position + _COMMAND.size > size:
            raise ExecutableLayoutError("its load commands are cut off")
        kind, length = _COMMAND.unpack_from(data, position)
        if length < _COMMAND.size or position + length > size:
            raise ExecutableLayoutError("its load commands are cut off")
        found = data[position : position + length]
        commands.append(Command(kind=kind, offset=_HEADER.size + position, data=found))
        position += length
    return LoadCommands(cpu=cpu, commands=tuple(commands), end=_HEADER.size + size)


def find_code_signature(load: LoadCommands) -> tuple[int, int] | None:
    """Return offset and size of the code signature; ``None`` if the executable has none.

    :raises ExecutableLayoutError: if the command that says it is damaged.
    """
    command = load.find(LC_CODE_SIGNATURE)
    if command is None:
        return None
    if len(command.data) != _SIGNATURE.size:
        raise ExecutableLayoutError("the load command of its code signature has the wrong size")
    _, _, offset, size = _SIGNATURE.unpack(command.data)
    return offset, size


def find_signed_end(file: BinaryIO, size_bytes: int) -> int:
    """Return where the bytes end that a signature covers.

    :param size_bytes: size of the file.
    :raises ExecutableLayoutError: if the code signature is not the end of the file.
    """
    load = read_load_commands(file)
    signature = find_code_signature(load)
    if signature is None:
        return size_bytes
    offset, size = signature
    if offset < load.end or offset + size != size_bytes:
        raise ExecutableLayoutError("its code signature is not the end of the file")
    return offset
