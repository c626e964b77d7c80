"""Beginnings of executables."""

from __future__ import annotations

import struct

from cs_stamp import Mark

X86, ARM = 0x01000007, 0x0100000C
MARK = Mark(name="cs-template", version="0.1.0", stamp_formats=(1,))


def make_elf(machine: int, *, bits: int = 2, order: str = "<", kind: int = 3, osabi: int = 0) -> bytes:
    """Return the start of an ELF file."""
    ident = b"\x7fELF" + bytes([bits, 1 if order == "<" else 2, 1, osabi]) + bytes(8)
    return ident + struct.pack(order + "HHI", kind, machine, 1) + bytes(40)


def make_macho(cpu: int, kind: int = 2) -> bytes:
    """Return the start of a Mach-O file."""
    return struct.pack("<IIII", 0xFEEDFACF, cpu, 0, kind) + bytes(16)


def make_fat_macho(*cpus: int, wide: bool = False) -> bytes:
    """Return the start of a universal Mach-O file."""
    entry = struct.Struct(">IIQQII" if wide else ">IIIII")
    rest = (0, 0, 0, 0, 0) if wide else (0, 0, 0, 0)
    magic = 0xCAFEBABF if wide else 0xCAFEBABE
    return struct.pack(">II", magic, len(cpus)) + b"".join(entry.pack(cpu, *rest) for cpu in cpus)


def make_pe(machine: int, flags: int = 0x0022) -> bytes:
    """Return the start of a PE file."""
    start = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x80)
    return start.ljust(0x80, b"\0") + b"PE\0\0" + struct.pack("<HHIIIHH", machine, 1, 0, 0, 0, 240, flags)
