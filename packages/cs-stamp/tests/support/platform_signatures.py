"""Signatures as the tools of the platforms make them, without a key."""

from __future__ import annotations

import struct
from pathlib import Path

from tiny_executables import add_certificates, make_certificate

from cs_stamp._code_signature import PageHashes, measure_signature, render_signature
from cs_stamp._macho_template import read_macho_template

CHECKSUM = 0x80 + 24 + 64
"""Where the checksum of a tiny Windows executable is."""


def sign_for_platform(path: Path, publisher: str = "org.example.publisher" * 4) -> None:
    """Sign a runtime for Windows or macOS.

    :param publisher: whose name makes the signature longer.
    """
    data = path.read_bytes()
    path.write_bytes(_sign_windows(data, publisher) if data.startswith(b"MZ") else _sign_macos(path, publisher))


def with_checksum(program: bytes, checksum: int | None = None) -> bytes:
    """Return a tiny program for Windows with a checksum: by default its own, as linkers and signers write it."""
    if checksum is None:
        checksum = _sum_words(with_checksum(program, 0))
    return program[:CHECKSUM] + struct.pack("<I", checksum) + program[CHECKSUM + 4 :]


def _sum_words(data: bytes) -> int:
    """Compute the checksum in the plainest way."""
    total = 0
    for place in range(0, len(data), 2):
        total += int.from_bytes(data[place : place + 2].ljust(2, b"\0"), "little")
        total = (total & 0xFFFF) + (total >> 16)
    return total + len(data)


def _sign_windows(built: bytes, publisher: str) -> bytes:
    return with_checksum(add_certificates(built, make_certificate(publisher.encode())))


def _sign_macos(path: Path, publisher: str) -> bytes:
    """Sign ad hoc under another name."""
    with path.open("rb") as file:
        template = read_macho_template(file)
    end = template.kept_size_bytes
    head = template.render_head(end, measure_signature(end, publisher))
    body, pages = head + path.read_bytes()[len(head) : end], PageHashes()
    pages.update(body)
    return body + render_signature(pages.finish(), signed_end=end, identifier=publisher, text=template.text)
