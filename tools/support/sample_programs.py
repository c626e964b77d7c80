"""The smallest programs that keep what a template for their platform promises, and ways to spoil them."""

from __future__ import annotations

import struct

from samples import HEADER, LOCK, PLAN
from signed_files import write_macho
from tiny_executables import ARM, WINDOWS_ARM, X86, find_commands, make_macho, make_pe

from executable_samples import make_mark

ELF_X86, ELF_ARM = 62, 183
SUBSYSTEM, DIRECTORIES = 0x80 + 24 + 68, 0x80 + 24 + 112
"""Where a program of ``make_pe`` says which subsystem of Windows it is for, and where its tables are."""


def make_elf(machine: int = ELF_X86, *, kernel: tuple[int, int, int] = (3, 2, 0), interpreter: bytes = b"") -> bytes:
    """Return the headers of a program for Linux, with the note of the C library.

    :param interpreter: what loads its libraries.
    """
    note = struct.pack("<3I4s4I", 4, 16, 1, b"GNU\0", 0, *kernel)
    parts = [(4, note), *([(3, interpreter + b"\0")] if interpreter else [])]
    offset = 64 + 56 * len(parts)
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head += struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0x400000, 64, 0, 0, 64, 56, len(parts), 64, 0, 0)
    body = b""
    for kind, data in parts:
        place = offset + len(body)
        head += struct.pack("<IIQQQQQQ", kind, 4, place, 0x400000 + place, 0, len(data), len(data), 4)
        body += data.ljust(len(data) + -len(data) % 8, b"\0")
    return head + body


def import_library(name: str, payload: bytes = b"") -> bytes:
    """Return a program for Windows that asks for one function of a library, and holds more bytes."""
    start = 0x1000 + 8  # after the code of `make_pe`, and zeros to a multiple of eight
    thunks, library, function = start + 40, start + 72, start + 72 + len(name) + 1
    descriptors = struct.pack("<5I", thunks, 0, 0, library, thunks + 16) + bytes(20)
    names = name.encode() + b"\0" + bytes(2) + b"something\0"
    table = descriptors + struct.pack("<4Q", function, 0, function, 0) + names
    program = bytearray(make_pe(payload=bytes(5) + table + payload))
    for directory, place, size in ((1, start, len(descriptors)), (12, thunks + 16, 16)):
        struct.pack_into("<II", program, DIRECTORIES + 8 * directory, place, size)
    return bytes(program)


def change(program: bytes, offset: int, layout: str, value: int) -> bytes:
    """Return a program with one field changed."""
    changed = bytearray(program)
    struct.pack_into(layout, changed, offset, value)
    return bytes(changed)


def ask_for_macos(major: int, program: bytes) -> bytes:
    """Return a program that starts on this version of macOS and newer ones."""
    return change(program, find_commands(program)[0x32] + 12, "<I", major << 16)


def replace_library(program: bytes) -> bytes:
    """Return a program that asks for a library of Homebrew's."""
    return program.replace(b"/usr/lib/libSystem.B.dylib", b"/opt/lib/libSystem.B.dylib")


SIGNED = write_macho(ARM, HEADER, PLAN, LOCK, make_mark("osx-arm64").to_bytes())
GOOD = {
    "linux-64": make_elf() + make_mark("linux-64").to_bytes(),
    "linux-aarch64": make_elf(ELF_ARM, kernel=(3, 7, 0)) + make_mark("linux-aarch64").to_bytes(),
    "osx-64": make_macho(X86, payload=make_mark("osx-64").to_bytes()),
    "osx-arm64": SIGNED,
    "win-64": import_library("api-ms-win-core-synch-l1-2-0.dll", make_mark("win-64").to_bytes()),
    "win-arm64": make_pe(WINDOWS_ARM, payload=make_mark("win-arm64").to_bytes()),
}
