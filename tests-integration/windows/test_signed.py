"""Signed Windows runtimes, and what an attacker makes of them without breaking the signature, run under wine."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from cs_stamp import verify_stamp
from support.windows import UNDER_WINE, WindowsHome

Build = Callable[..., Path]

pytestmark = [
    pytest.mark.only(UNDER_WINE, "osslsigncode is a program of Linux"),
    pytest.mark.tools("openssl", "osslsigncode"),
]
FORGED = "6.6.6"


@pytest.fixture
def signed(build: Build, tmp_path: Path) -> Path:
    """A runtime that its publisher has signed."""
    runtime = tmp_path / "demoz.exe"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=publisher -addext extendedKeyUsage=codeSigning"
    call(tmp_path, *make.split(), "-keyout", "key.pem", "-out", "certificate.pem")
    sign = "osslsigncode sign -certs certificate.pem -key key.pem -h sha256 -in"
    call(tmp_path, *sign.split(), str(build()), "-out", str(runtime))
    return runtime


@pytest.fixture
def other_stamp(build: Build) -> bytes:
    """What the attacker wants to be run."""
    other = build(version=FORGED, layout='"online"')
    return other.read_bytes()[verify_stamp(other).stamp_offset :]


def call(directory: Path, *words: str) -> None:
    subprocess.run(words, cwd=directory, check=True, capture_output=True)


def check_signature(runtime: Path) -> None:
    """See that the publisher's signature is valid."""
    call(runtime.parent, "osslsigncode", "verify", "-CAfile", "certificate.pem", str(runtime))


def put_into_certificate_table(runtime: Path, stamp: bytes) -> None:
    """Add bytes where Authenticode does not look: to the last entry of the certificate table."""
    data = bytearray(runtime.read_bytes())
    directory = struct.unpack_from("<I", data, 0x3C)[0] + 24 + 112 + 8 * 4
    (table,) = struct.unpack_from("<I", data, directory)
    data += bytes(-len(stamp) % 8) + stamp
    for place in (directory + 4, table):
        struct.pack_into("<I", data, place, len(data) - table)
    runtime.write_bytes(data)


@pytest.mark.parametrize("is_attacked", [False, True])
def test_a_signed_runtime_takes_the_stamp_that_was_signed(
    is_attacked: bool, signed: Path, other_stamp: bytes, windows_home: WindowsHome
) -> None:
    if is_attacked:
        put_into_certificate_table(signed, other_stamp)
    check_signature(signed)
    assert windows_home.run(signed, "-V").stdout.startswith("demo 1.0")
    first, later = windows_home.run(signed, "one"), windows_home.run(signed, "two")
    assert (first.returncode, later.returncode) == (0, 0), first.stderr + later.stderr
    assert "argument=two" in later.stdout
    status = windows_home.run(signed, "status").stdout
    assert "demo 1.0" in status
    assert FORGED not in status


def test_a_stamp_behind_the_certificate_table_is_refused(
    signed: Path, other_stamp: bytes, windows_home: WindowsHome
) -> None:
    signed.write_bytes(signed.read_bytes() + other_stamp)
    for words in (["-V"], ["x"], ["status"]):
        completed = windows_home.run(signed, *words)
        assert completed.returncode == 78, completed
        assert "certificate table" in completed.stderr
        assert FORGED not in completed.stdout
    assert not windows_home.prefix.exists()
