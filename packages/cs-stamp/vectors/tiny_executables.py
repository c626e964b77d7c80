"""The smallest executables for Windows and macOS that other tools parse and sign: made here, byte by byte.

Numbers and layouts are those of Microsoft's "PE Format" and of ``mach-o/loader.h`` in Apple's published sources.
"""

from __future__ import annotations

import struct

X86, ARM = 0x01000007, 0x0100000C
"""Processors in a Mach-O file."""
WINDOWS_X86, WINDOWS_ARM = 0x8664, 0xAA64
"""Processors in a PE file."""

_PE_START, _PE_HEADERS = 0x80, 0x400
_SECURITY_DIRECTORY = _PE_START + 24 + 112 + 8 * 4
_MACHO_PAGES = {X86: 0x1000, ARM: 0x4000}
_RETURN_ZERO = {X86: b"\x31\xc0\xc3".ljust(8, b"\x90"), ARM: bytes.fromhex("00008052 c0035fd6")}


def make_pe(machine: int = WINDOWS_X86, *, flags: int = 0x0022, payload: bytes = b"") -> bytes:
    """Return a program for Windows with one section.

    :param payload: what its section holds besides the code.
    """
    text = (b"\x31\xc0\xc3" + payload).ljust(0x200, b"\0")
    text = text.ljust(len(text) + -len(text) % 0x200, b"\0")
    sections_end = 0x1000 + len(text) + -len(text) % 0x1000
    optional = struct.pack(
        "<HBBIIIIIQIIHHHHHHIIIIHHQQQQII",
        *(0x20B, 14, 0, len(text), 0, 0, 0x1000, 0x1000, 0x140000000, 0x1000, 0x200),
        *(6, 0, 0, 0, 6, 0, 0, sections_end, _PE_HEADERS, 0, 3, 0x8160),
        *(0x100000, 0x1000, 0x100000, 0x1000, 0, 16),
    )
    optional += bytes(8 * 16)
    start = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", _PE_START)
    file_header = b"PE\0\0" + struct.pack("<HHIIIHH", machine, 1, 0, 0, 0, len(optional), flags)
    section = struct.pack("<8sIIIIIIHHI", b".text", len(text), 0x1000, len(text), _PE_HEADERS, 0, 0, 0, 0, 0x60000020)
    return (start.ljust(_PE_START, b"\0") + file_header + optional + section).ljust(_PE_HEADERS, b"\0") + text


def add_certificates(executable: bytes, table: bytes) -> bytes:
    """Return a program for Windows with a certificate table behind it, which its headers name."""
    return name_certificates(executable + bytes(-len(executable) % 8) + table, len(table))


def name_certificates(executable: bytes, size: int) -> bytes:
    """Name the last bytes of a program for Windows as its certificate table."""
    named = bytearray(executable)
    struct.pack_into("<II", named, _SECURITY_DIRECTORY, len(named) - size, size)
    return bytes(named)


def make_certificate(content: bytes) -> bytes:
    """Return an entry of a certificate table around a DER sequence; nobody signed it."""
    sequence = b"\x30\x82" + struct.pack(">H", len(content)) + content
    size = 8 + len(sequence)
    padding = -size % 8
    return struct.pack("<IHH", size + padding, 0x0200, 2) + sequence + bytes(padding)


def make_macho(
    cpu: int = ARM, *, kind: int = 2, payload: bytes = b"", signature: bytes | None = None, room: int = 0x100
) -> bytes:
    """Return a program for macOS with code and symbols.

    :param payload: what its code section holds besides the code.
    :param signature: what is in place of a code signature; without one, no command says where it is.
    :param room: bytes that are free between its load commands and its code.
    """
    code = _RETURN_ZERO.get(cpu, b"") + payload
    symbols, strings = struct.pack("<IBBHQ", 2, 0x0F, 1, 0x10, 0x100000000), b" \0_mh_execute_header\0".ljust(32, b"\0")
    commands = _list_commands(cpu, code, symbols, strings, signature, 0)
    code_offset = 32 + sum(map(len, commands)) + room
    code_offset += -code_offset % 8
    commands = _list_commands(cpu, code, symbols, strings, signature, code_offset)
    flags = 0x200085  # no undefined symbols, for dyld, two-level names, position independent
    head = struct.pack("<8I", 0xFEEDFACF, cpu, 0 if cpu == ARM else 3, kind, len(commands), 0, flags, 0)
    head = head[:20] + struct.pack("<I", sum(map(len, commands))) + head[24:]
    text = (head + b"".join(commands)).ljust(code_offset, b"\0") + code
    return text.ljust(_round_up(len(text), cpu), b"\0") + symbols + strings + (signature or b"")


def make_universal(*programs: bytes) -> bytes:
    """Return a file with programs for several processors."""
    head, body, offset = struct.pack(">II", 0xCAFEBABE, len(programs)), b"", 0x4000
    for program in programs:
        cpu, kind = struct.unpack_from("<II", program, 4)
        head += struct.pack(">5I", cpu, kind, offset + len(body), len(program), 14)
        body += program + bytes(-len(program) % 0x4000)
    return head.ljust(offset, b"\0") + body


def find_commands(macho: bytes | bytearray) -> dict[int, int]:
    """Return where the last load command of each kind is."""
    (count,) = struct.unpack_from("<I", macho, 16)
    places, position = {}, 32
    for _ in range(count):
        kind, size = struct.unpack_from("<II", macho, position)
        places[kind] = position
        position += size
    return places


def _round_up(size: int, cpu: int) -> int:
    return size + -size % _MACHO_PAGES.get(cpu, 0x1000)


def _list_commands(
    cpu: int, code: bytes, symbols: bytes, strings: bytes, signature: bytes | None, code_offset: int
) -> list[bytes]:
    base, text_size = 0x100000000, _round_up(code_offset + len(code), cpu)
    linkedit_size = len(symbols) + len(strings) + len(signature or b"")
    section = struct.pack(
        "<16s16sQQ8I", b"__text", b"__TEXT", base + code_offset, len(code), code_offset, 3, 0, 0, 0x80000400, 0, 0, 0
    )
    linker, library = b"/usr/lib/dyld\0".ljust(20, b"\0"), b"/usr/lib/libSystem.B.dylib\0".ljust(32, b"\0")
    signed = [(0x1D, struct.pack("<II", text_size + len(symbols) + len(strings), len(signature)))] if signature else []
    bodies = [
        (0x19, _segment(b"__PAGEZERO", 0, base, 0, 0, 0)),
        (0x19, _segment(b"__TEXT", base, text_size, 0, text_size, 5, section)),
        (0x19, _segment(b"__LINKEDIT", base + text_size, _round_up(linkedit_size, cpu), text_size, linkedit_size, 1)),
        (0x2, struct.pack("<4I", text_size, 1, text_size + len(symbols), len(strings))),
        (0xB, struct.pack("<18I", 0, 0, 0, 1, 1, 0, *(0,) * 12)),
        (0xE, struct.pack("<I", 12) + linker),
        (0x1B, bytes(range(16))),
        (0x32, struct.pack("<4I", 1, 11 << 16, 11 << 16, 0)),
        (0x80000028, struct.pack("<QQ", code_offset, 0)),
        (0xC, struct.pack("<4I", 24, 0, 0x10000, 0x10000) + library),
        *signed,
    ]
    return [struct.pack("<II", kind, 8 + len(body)) + body for kind, body in bodies]


def _segment(
    name: bytes, address: int, memory: int, offset: int, size: int, protection: int, sections: bytes = b""
) -> bytes:
    count = len(sections) // 80
    return struct.pack("<16s4Q4I", name, address, memory, offset, size, protection, protection, count, 0) + sections
