"""What is checked of a platform's signature."""

from __future__ import annotations

import struct
from hashlib import sha1
from pathlib import Path

import pytest
from tiny_executables import X86, add_certificates, find_commands, make_certificate, make_macho, make_pe

from cs_stamp import NotStampedError, SignatureError, StampReadError, read_stamp, verify_signature
from stamp_samples import Workbench


@pytest.fixture
def signed(bench: Workbench) -> Path:
    """Return a stamped runtime for macOS."""
    bench.template.write_bytes(make_macho(X86))
    bench.stamp()
    return bench.out


def edit(path: Path, offset: int, data: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[offset : offset + len(data)] = data
    path.write_bytes(content)


def find_signature(path: Path) -> int:
    data = path.read_bytes()
    return int.from_bytes(data[(at := find_commands(data)[0x1D] + 8) : at + 4], "little")


def test_every_byte_that_is_signed_counts(signed: Path) -> None:
    good, end = signed.read_bytes(), find_signature(signed)
    commands = 32 + struct.unpack_from("<I", good, 20)[0]
    for position in range(commands, end, 61):
        edit(signed, position, bytes([good[position] ^ 1]))
        page = position - position % 4096
        with pytest.raises(SignatureError, match=f"the bytes from {page} on were changed after signing"):
            verify_signature(signed)
        signed.write_bytes(good)


DIRECTORY = 20


@pytest.mark.parametrize(
    ("offset", "data", "why"),
    [
        (0, b"\0", "it is cut off"),
        (4, b"\xff", "it is cut off"),
        (8, b"\xff", "it is cut off"),
        (8, bytes(4), "it contains no hashes"),
        (15, b"\x07", "it contains no hashes"),
        (16, b"\xff", "it is cut off"),
        (DIRECTORY, b"\0", "it is cut off"),
        (DIRECTORY + 4, b"\xff", "it is cut off"),
        (DIRECTORY + 16, b"\xff", "it does not have a hash for each page"),
        (DIRECTORY + 28, b"\0\0\0\1", "it does not have a hash for each page"),
        (DIRECTORY + 28, b"\xff", "it does not have a hash for each page"),
        (DIRECTORY + 32, bytes(4), "it covers 0 bytes instead of the"),
        (DIRECTORY + 36, b"\x14", "its hashes are of an unknown kind"),
        (DIRECTORY + 37, b"\x09", "its hashes are of an unknown kind"),
        (DIRECTORY + 39, b"\x3f", "its hashes are of an unknown kind"),
        (DIRECTORY + 63, b"\x01", "it covers 1 bytes instead of the"),
    ],
)
def test_a_damaged_signature_is_refused(offset: int, data: bytes, why: str, signed: Path) -> None:
    edit(signed, find_signature(signed) + offset, data)
    with pytest.raises(SignatureError, match=f"the signature of this executable is damaged: {why}") as caught:
        verify_signature(signed)
    assert caught.value.path == signed


def test_hashes_of_other_kinds_are_compared_too(signed: Path) -> None:
    data, end = signed.read_bytes(), find_signature(signed)
    hashes = b"".join(sha1(data[at : min(at + 4096, end)]).digest() for at in range(0, end, 4096))
    edit(signed, end + DIRECTORY + 36, b"\x14\x01")
    (first,) = struct.unpack_from(">I", data, end + DIRECTORY + 16)
    edit(signed, end + DIRECTORY + first, hashes)
    assert verify_signature(signed) is not None
    edit(signed, end + DIRECTORY + first, b"\0")
    with pytest.raises(SignatureError, match="the bytes from 0 on"):
        verify_signature(signed)


def test_an_executable_for_macos_needs_a_signature(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(make_macho())
    with pytest.raises(SignatureError, match="it is missing; macOS might refuse to start the runtime"):
        verify_signature(tmp_path / "program")


CERTIFICATE = make_certificate(b"nobody signed this")


@pytest.mark.parametrize(
    ("table", "why"),
    [
        (CERTIFICATE + make_certificate(b"")[:8], "its certificate table contains other data too"),
        (CERTIFICATE + bytes(8), "its certificate table contains other data too"),
        (CERTIFICATE[:6] + b"\1\0" + CERTIFICATE[8:], "its certificate table contains other data too"),
        (CERTIFICATE[:8] + b"\x31" + CERTIFICATE[9:], "its certificate table contains other data too"),
        (struct.pack("<IHH", 8, 0x200, 2), "it is cut off"),
        (b"\1", "it is cut off"),
        (struct.pack("<IHH", 64, 0x200, 2) + CERTIFICATE[8:].ljust(56, b"\0"), "bytes that it does not cover"),
        (struct.pack("<IHH", 16, 0x200, 2) + b"\x30\x02ab\0\0\0x", "bytes that it does not cover"),
        (struct.pack("<IHH", 12, 0x200, 2) + b"\x30\x02ab\0\0\0x", "bytes that it does not cover"),
        (struct.pack("<IHH", 12, 0x200, 2) + b"\x30\x02ab", "its certificate table is cut off"),
    ],
)
def test_a_certificate_table_with_something_else_is_refused(table: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "program.exe").write_bytes(add_certificates(make_pe(), table))
    with pytest.raises(SignatureError, match=why):
        verify_signature(tmp_path / "program.exe")


@pytest.mark.parametrize(
    "table", [CERTIFICATE, CERTIFICATE + make_certificate(b"another"), make_certificate(b"a" * 999)]
)
def test_a_certificate_table_with_signatures_is_fine(table: bytes, tmp_path: Path) -> None:
    (tmp_path / "program.exe").write_bytes(add_certificates(make_pe(), table))
    report = verify_signature(tmp_path / "program.exe")
    assert report is not None
    assert (report.signed_size_bytes, report.is_ad_hoc) == (len(make_pe()), False)


def test_bytes_after_the_certificate_table_are_refused(tmp_path: Path) -> None:
    (tmp_path / "program.exe").write_bytes(add_certificates(make_pe(), CERTIFICATE) + b"x")
    with pytest.raises(SignatureError, match="its certificate table is not the end of the file"):
        verify_signature(tmp_path / "program.exe")
    with pytest.raises(NotStampedError):
        read_stamp(tmp_path / "program.exe")


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"#!/bin/sh\n"])
def test_other_files_have_no_signature(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(data)
    assert verify_signature(tmp_path / "program") is None


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StampReadError, match="cannot read the runtime: No such file"):
        verify_signature(tmp_path / "absent")
