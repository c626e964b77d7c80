"""Vectors about the place of a stamp in executables whose formats have signatures."""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

from tiny_executables import (
    ARM,
    WINDOWS_ARM,
    X86,
    add_certificates,
    find_commands,
    make_certificate,
    make_macho,
    make_pe,
    make_universal,
    name_certificates,
)

from cs_stamp import Header, Plan, write_stamp
from cs_stamp._layout import FOOTER_SIZE_BYTES

Good = dict[str, tuple[str, bytes]]
Bad = dict[str, tuple[str, str | None, str, bytes]]
CERTIFICATE = make_certificate(b"nobody signed this")
SIGNATURE = b"not a signature".ljust(64, b"\0")


def end_before(executable: bytes, stamp: bytes, zeros: int, alignment: int) -> bytes:
    """Put a stamp behind an executable so that some zeros reach from it to a multiple."""
    filler = bytes(-(len(executable) + len(stamp) + zeros) % alignment)
    return executable + filler + stamp + bytes(zeros)


def sign_pe(stamp: bytes, zeros: int = 0, table: bytes = CERTIFICATE, executable: bytes | None = None) -> bytes:
    """Return a stamped program for Windows with a certificate table behind the stamp."""
    return add_certificates(end_before(executable or make_pe(), stamp, zeros, 8), table)


def sign_macho(stamp: bytes, zeros: int = 0, signature: bytes = SIGNATURE, behind: bytes = b"") -> bytes:
    """Return a stamped program for macOS with bytes in place of a signature behind the stamp."""
    data = bytearray(end_before(make_macho(X86, signature=SIGNATURE)[: -len(SIGNATURE)], stamp, zeros, 16))
    struct.pack_into("<II", data, find_commands(data)[0x1D] + 8, len(data), len(signature))
    return bytes(data) + signature + behind


def write_macho(cpu: int, header: Header, plan: Plan, lock: bytes, payload: bytes = b"") -> bytes:
    """Return what the writer makes of a program for macOS that holds these bytes."""
    with tempfile.TemporaryDirectory() as name:
        template, out = Path(name) / "template", Path(name) / "out"
        template.write_bytes(make_macho(cpu, signature=SIGNATURE if cpu == ARM else None, payload=payload))
        write_stamp(template, out, header=header, plan=plan, lock=lock)
        return out.read_bytes()


def good_windows(stamp: bytes, other: bytes) -> Good:
    """Return files for Windows that readers accept.

    :param other: a stamp that nobody signed.
    """
    forged = CERTIFICATE + make_certificate(other)
    counts = {
        count: f"signed, {count or 'no'} zeros between the stamp and the certificate table" for count in (0, 5, 7)
    }
    return {
        **{f"pe-signed-{count}-zeros": (about, sign_pe(stamp, count)) for count, about in counts.items()},
        "pe-unsigned": ("not signed: the stamp ends the file", make_pe() + stamp),
        "pe-unsigned-padded": ("not signed, seven zeros behind the stamp", make_pe() + stamp + bytes(7)),
        "pe-arm64-signed": ("signed, for another processor", sign_pe(stamp, executable=make_pe(WINDOWS_ARM))),
        "pe-another-stamp-in-the-table": (
            "another stamp is in the certificate table, which no signature covers",
            sign_pe(stamp, table=forged),
        ),
        "pe-another-stamp-ends-the-table": (
            "the file ends with another stamp",
            sign_pe(stamp, table=other),
        ),
    }


def good_macos(stamp: bytes, other: bytes, write: Callable[[int], bytes]) -> Good:
    """Return files for macOS that readers accept.

    :param other: a stamp that the signature does not cover.
    :param write: stamps a program for one processor with the writer.
    """
    return {
        "macho-arm64": ("stamped and signed ad hoc by the writer", write(ARM)),
        "macho-x86-64": ("the same of a template without a signature", write(X86)),
        "macho-signed-0-zeros": ("no zeros between the stamp and the signature", sign_macho(stamp)),
        "macho-signed-15-zeros": ("fifteen zeros between the stamp and the signature", sign_macho(stamp, 15)),
        "macho-unsigned": ("no signature: the stamp ends the file", make_macho(X86) + stamp),
        "macho-another-stamp-in-the-signature": (
            "another stamp ends the signature, which does not cover itself",
            sign_macho(stamp, signature=SIGNATURE + other),
        ),
    }


def bad_windows(stamp: bytes, other: bytes) -> Bad:
    """Return files for Windows that readers refuse."""
    signed = sign_pe(stamp)
    odd = name_certificates(end_before(make_pe(), stamp, 4, 8)[:-4] + CERTIFICATE, len(CERTIFICATE))
    misplaced = {
        "pe-stamp-in-the-table-only": ("nothing that is signed is a stamp", sign_pe(b"", table=stamp)),
        "pe-stamp-behind-the-table": ("the file goes on behind the certificate table", sign_pe(b"") + stamp),
        "pe-bytes-behind-the-table": ("eight zeros follow the certificate table", signed + bytes(8)),
        "pe-table-beyond-the-end": ("the certificate table is cut off", signed[:-8]),
        "pe-table-at-an-odd-place": (
            "the certificate table starts at a multiple of 4",
            odd,
        ),
        "pe-eight-zeros": ("eight zeros before the certificate table", sign_pe(stamp, 8)),
        "pe-padding-not-zero": ("a byte of the padding is not zero", sign_pe(stamp + b"\1", 4)),
        "pe-trailing-byte": ("not signed, a byte follows the stamp", make_pe() + stamp + b"\n"),
        "pe-dos-program": ("a program for DOS", b"MZ".ljust(0x80, b"\0") + stamp),
        "pe-headers-beyond-the-end": ("the headers are said to be elsewhere", b"MZ".ljust(0x80, b"\xff") + stamp),
    }
    return {
        **{name: ("misplaced", None, about, data) for name, (about, data) in misplaced.items()},
        "pe-no-stamp": ("not-stamped", None, "signed, without a stamp", sign_pe(b"")),
        "pe-unsigned-no-stamp": ("not-stamped", None, "a template", make_pe()),
        "pe-flipped-byte-in-footer": (
            "damaged",
            "footer",
            "one bit of the footer is flipped; another stamp is in the certificate table",
            _flip(sign_pe(stamp, table=other), -len(other) - FOOTER_SIZE_BYTES // 2),
        ),
        "pe-truncated-in-footer": ("damaged", "footer", "the last 100 bytes are missing", (make_pe() + stamp)[:-100]),
    }


def bad_macos(stamp: bytes, other: bytes) -> Bad:
    """Return files for macOS that readers refuse."""
    signed = sign_macho(stamp)
    misplaced = {
        "macho-stamp-behind-the-signature": ("the file goes on behind the signature", sign_macho(b"", behind=stamp)),
        "macho-stamp-in-the-signature-only": ("nothing that is signed is a stamp", sign_macho(b"", signature=stamp)),
        "macho-byte-behind-the-signature": ("a byte follows the signature", signed + b"\0"),
        "macho-signature-beyond-the-end": ("the signature is cut off", signed[:-1]),
        "macho-signature-at-the-front": ("the signature is in the load commands", _place_signature(signed, 64)),
        "macho-sixteen-zeros": ("sixteen zeros before the signature", sign_macho(stamp, 16)),
        "macho-padding-not-zero": (
            "a byte of the padding is not zero",
            sign_macho(stamp + b"\1", 4),
        ),
        "macho-trailing-byte": ("not signed, a byte follows the stamp", make_macho(X86) + stamp + b"\n"),
        "macho-two-signatures": ("two load commands say where the signature is", _name_twice(signed)),
        "macho-load-commands-cut": ("a load command reaches out of the load commands", _cut_commands(signed)),
        "macho-many-load-commands": ("more load commands than there is room for", _edit(signed, 16, 0xFFFFFFFF)),
        "macho-long-load-commands": ("load commands of 4 GiB", _edit(signed, 20, 0xFFFFFFFF)),
        "macho-empty-load-command": ("a load command has no bytes", _edit(signed, 36, 0)),
        "macho-headers-in-the-stamp": ("the load commands reach into the stamp", make_macho(X86)[:40] + stamp),
        "universal": ("a file with several programs", make_universal(make_macho(X86), make_macho(ARM)) + stamp),
    }
    return {
        **{name: ("misplaced", None, about, data) for name, (about, data) in misplaced.items()},
        "macho-no-stamp": ("not-stamped", None, "signed, without a stamp", sign_macho(b"")),
        "macho-headers-only": ("not-stamped", None, "the file ends within its headers", make_macho(X86)[:40]),
        "universal-no-stamp": ("not-stamped", None, "a file with several programs", make_universal(make_macho(X86))),
        "macho-flipped-byte-in-footer": (
            "damaged",
            "footer",
            "one bit of the footer is flipped; another stamp ends the signature",
            _flip(sign_macho(stamp, signature=other), -len(other) - FOOTER_SIZE_BYTES // 2),
        ),
    }


def _flip(data: bytes, position: int) -> bytes:
    changed = bytearray(data)
    changed[position] ^= 1
    return bytes(changed)


def _edit(data: bytes, offset: int, value: int) -> bytes:
    return data[:offset] + struct.pack("<I", value) + data[offset + 4 :]


def _place_signature(data: bytes, offset: int) -> bytes:
    command = find_commands(data)[0x1D]
    return _edit(_edit(data, command + 8, offset), command + 12, len(data) - offset)


def _name_twice(data: bytes) -> bytes:
    command = find_commands(data)[0x1D]
    count, size = struct.unpack_from("<II", data, 16)
    twice = data[: command + 16] + data[command : command + 16] + data[command + 32 :]
    return _edit(_edit(twice, 16, count + 1), 20, size + 16)


def _cut_commands(data: bytes) -> bytes:
    (size,) = struct.unpack_from("<I", data, 20)
    return _edit(data, 20, size - 8)
