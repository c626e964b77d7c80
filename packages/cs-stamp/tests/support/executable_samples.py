"""Beginnings of executables."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

from tiny_executables import ARM as ARM
from tiny_executables import X86 as X86
from tiny_executables import make_macho as make_macho
from tiny_executables import make_pe as make_pe

from cs_stamp import Mark, NotExecutableError
from cs_stamp._executable import executable_platform
from cs_stamp._layout import MARK_MAGIC


def make_mark(target: str = "linux-64") -> Mark:
    """Return the mark of a template for a platform."""
    return Mark(name="cs-template", version="0.1.0", target=target, stamp_formats=(1,))


MARK = make_mark()


def write_template(path: Path, program: bytes) -> Path:
    """Write a template: a program, with a mark for its platform behind it unless it has one."""
    path.write_bytes(program)
    if MARK_MAGIC not in program:
        with contextlib.suppress(NotExecutableError):
            path.write_bytes(program + make_mark(executable_platform(path)[0]).to_bytes())
    return path


def make_elf(machine: int, *, bits: int = 2, order: str = "<", kind: int = 3, osabi: int = 0) -> bytes:
    """Return the start of an ELF file."""
    ident = b"\x7fELF" + bytes([bits, 1 if order == "<" else 2, 1, osabi]) + bytes(8)
    return ident + struct.pack(order + "HHI", kind, machine, 1) + bytes(40)


def make_fat_macho(*cpus: int, wide: bool = False) -> bytes:
    """Return the start of a universal Mach-O file."""
    entry = struct.Struct(">IIQQII" if wide else ">IIIII")
    rest = (0, 0, 0, 0, 0) if wide else (0, 0, 0, 0)
    magic = 0xCAFEBABF if wide else 0xCAFEBABE
    return struct.pack(">II", magic, len(cpus)) + b"".join(entry.pack(cpu, *rest) for cpu in cpus)
