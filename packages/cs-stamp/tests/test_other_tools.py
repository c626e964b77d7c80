"""What tools of others say of stamped executables, before they are signed, after it, and after an attack.

``nox -s signatures`` provides all of them. Real templates join in if wheels such as ``cs-template-win-64`` are
installed.
"""

from __future__ import annotations

import hashlib
import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_executables import ARM, X86, find_commands, make_macho, make_pe

from cs_stamp import (
    MisplacedStampError,
    SignatureError,
    StampInfo,
    installed_directories,
    is_as_built,
    read_stamp,
    verify_signature,
    verify_stamp,
)
from cs_stamp._template_places import name_in_directory
from stamp_samples import Workbench, make_header, make_plan


def read_templates(*platforms: str) -> dict[str, bytes]:
    """Return the real templates for some platforms."""
    places = [
        (name, directory / name_in_directory(name)) for directory in installed_directories() for name in platforms
    ]
    return {name: path.read_bytes() for name, path in places if path.is_file()}


WINDOWS = {"windows": make_pe(), **read_templates("win-64")}
MACOS = {
    "arm64": make_macho(ARM, signature=bytes(64)),
    "x86-64": make_macho(X86),
    **read_templates("osx-arm64", "osx-64"),
}
PROGRAMS = {**WINDOWS, **MACOS}


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


def stamp(bench: Workbench, program: bytes, version: str = "1.0") -> StampInfo:
    bench.template.write_bytes(program)
    platform = "win-64" if program.startswith(b"MZ") else "osx-64"
    header = replace(make_header(), platform=platform, runtime_version=version)
    return bench.stamp(header=header, plan=make_plan(platform=platform))


def read_version(path: Path) -> str:
    return verify_stamp(path).header.runtime_version


@pytest.mark.parametrize("name", PROGRAMS)
def test_lief_finds_nothing_out_of_place(name: str, bench: Workbench) -> None:
    lief = pytest.importorskip("lief", reason="needs LIEF")
    stamp(bench, PROGRAMS[name])
    if name in WINDOWS:
        binary = lief.PE.parse(str(bench.out))
        assert lief.PE.check_layout(binary) == (True, "")
        assert len(binary.overlay) >= bench.out.stat().st_size - len(PROGRAMS[name])
        return
    binary = lief.MachO.parse(str(bench.out)).at(0)
    assert lief.MachO.check_layout(binary) == (True, "")
    end = binary.code_signature.data_offset + binary.code_signature.data_size
    assert binary.get_segment("__LINKEDIT").file_offset + binary.get_segment("__LINKEDIT").file_size == end
    assert end == bench.out.stat().st_size


# --- Windows: osslsigncode -------------------------------------------------------------------------------------------

windows_tools = pytest.mark.tools("osslsigncode", "openssl")


@pytest.fixture(params=WINDOWS)
def program(request: pytest.FixtureRequest) -> bytes:
    return WINDOWS[request.param]


@pytest.fixture
def signed(bench: Workbench, program: bytes) -> Path:
    """Return a runtime for Windows that its publisher has signed."""
    key, certificate, out = (bench.directory / name for name in ("key.pem", "certificate.pem", "signed.exe"))
    made = run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=publisher", "-keyout", key,
               "-out", certificate, "-addext", "extendedKeyUsage=codeSigning")  # fmt: skip
    assert made.returncode == 0, made
    stamp(bench, program)
    done = run(
        "osslsigncode", "sign", "-certs", certificate, "-key", key, "-h", "sha256", "-in", bench.out, "-out", out
    )
    assert done.returncode == 0, done
    return out


def is_valid(path: Path) -> bool:
    """Whether the publisher's signature is valid."""
    return run("osslsigncode", "verify", "-CAfile", path.parent / "certificate.pem", path).returncode == 0


def find_table(data: bytes | bytearray) -> tuple[int, int, int]:
    """Return where the headers name the certificate table, its offset and its size."""
    directory = struct.unpack_from("<I", data, 0x3C)[0] + 24 + 112 + 8 * 4
    return (directory, *struct.unpack_from("<II", data, directory))


@windows_tools
def test_a_signature_covers_the_stamp(bench: Workbench, signed: Path) -> None:
    assert is_valid(signed)
    report = verify_signature(signed)
    assert report is not None
    assert report.signed_size_bytes == bench.out.stat().st_size  # nothing moved, nothing was filled up
    assert read_version(signed) == "1.0"
    assert is_as_built(signed, hashlib.sha256(bench.out.read_bytes()).hexdigest())
    data = bytearray(signed.read_bytes())
    data[verify_stamp(signed).stamp_offset + 5] ^= 1
    signed.write_bytes(data)
    assert not is_valid(signed)


@windows_tools
def test_another_stamp_in_the_certificate_table_is_not_taken(bench: Workbench, signed: Path, program: bytes) -> None:
    stamp(bench, program, "6.6.6")
    data, other = bytearray(signed.read_bytes()), bench.out.read_bytes()[len(program) :]
    directory, offset, size = find_table(bytes(data))
    data += bytes(-len(other) % 8) + other
    struct.pack_into("<I", data, directory + 4, len(data) - offset)
    struct.pack_into("<I", data, offset, len(data) - offset)
    signed.write_bytes(data)
    assert is_valid(signed)  # the attack: the publisher's signature is still valid
    assert size < len(data) - offset
    assert read_version(signed) == "1.0"
    with pytest.raises(SignatureError, match="bytes that it does not cover follow it in the certificate table"):
        verify_signature(signed)


@windows_tools
def test_bytes_after_the_certificate_table_make_a_runtime_that_is_refused(
    bench: Workbench, signed: Path, program: bytes
) -> None:
    stamp(bench, program, "6.6.6")
    signed.write_bytes(signed.read_bytes() + bench.out.read_bytes()[len(program) :])
    with pytest.raises(MisplacedStampError, match="its certificate table is not the end of the file"):
        read_stamp(signed)
    with pytest.raises(SignatureError, match="its certificate table is not the end of the file"):
        verify_signature(signed)


# --- macOS: rcodesign ------------------------------------------------------------------------------------------------

macos_tools = pytest.mark.tools("rcodesign")


def find_problems(path: Path) -> list[str]:
    """Return what rcodesign finds wrong, but that nobody's certificate is in the signature."""
    lines = run("rcodesign", "verify", path).stdout.splitlines()
    return [line for line in lines if not line.startswith(("no cryptographic signature present", "CMS error: missing"))]


@macos_tools
@pytest.mark.parametrize("name", MACOS)
def test_rcodesign_computes_the_same_page_hashes(name: str, bench: Workbench) -> None:
    stamp(bench, MACOS[name])
    assert find_problems(bench.out) == []
    data = bytearray(bench.out.read_bytes())
    data[verify_stamp(bench.out).stamp_offset + 5] ^= 1
    bench.out.write_bytes(data)
    assert any("digest mismatch" in line for line in find_problems(bench.out))


@macos_tools
@pytest.mark.parametrize("flags", [[], ["--code-signature-flags", "runtime"]], ids=["ad-hoc", "hardened"])
@pytest.mark.parametrize("name", MACOS)
def test_a_runtime_that_is_signed_again_keeps_its_stamp(name: str, flags: list[str], bench: Workbench) -> None:
    info = stamp(bench, MACOS[name])
    signed = bench.directory / "signed"
    shutil.copy2(bench.out, signed)
    done = run("rcodesign", "sign", *flags, signed)
    assert done.returncode == 0, done
    assert signed.read_bytes() != bench.out.read_bytes()
    assert find_problems(signed) == []
    report = verify_stamp(signed)
    assert (report.identity, report.stamp_offset) == (info.identity, info.template_size_bytes)
    again, before = verify_signature(signed), verify_signature(bench.out)
    assert again is not None
    assert before is not None
    assert again.signed_size_bytes == before.signed_size_bytes
    assert is_as_built(signed, info.sha256)


@macos_tools
@pytest.mark.parametrize("name", MACOS)
def test_a_runtime_that_a_publisher_signs_keeps_its_stamp(name: str, bench: Workbench) -> None:
    info = stamp(bench, MACOS[name])
    certificate = bench.directory / "publisher.pem"
    made = run("rcodesign", "generate-self-signed-certificate", "--algorithm", "rsa", "--person-name", "publisher",
               "--profile", "developer-id-application", "--pem-unified-file", certificate)  # fmt: skip
    assert made.returncode == 0, made
    done = run("rcodesign", "sign", "--pem-file", certificate, "--timestamp-url", "none", bench.out)
    assert done.returncode == 0, done
    report = verify_signature(bench.out)
    assert report is not None
    assert not report.is_ad_hoc
    assert read_version(bench.out) == "1.0"
    assert is_as_built(bench.out, info.sha256)


@macos_tools
def test_a_stamp_after_the_signature_is_refused(bench: Workbench) -> None:
    stamp(bench, MACOS["x86-64"], "6.6.6")
    other = bench.out.read_bytes()[len(MACOS["x86-64"]) :]
    stamp(bench, MACOS["x86-64"])
    assert run("rcodesign", "sign", bench.out).returncode == 0
    end = struct.unpack_from("<I", (data := bench.out.read_bytes()), find_commands(data)[0x1D] + 8)[0]
    bench.out.write_bytes(data + other)
    assert end < len(data)
    with pytest.raises(MisplacedStampError, match="its code signature is not the end of the file"):
        read_stamp(bench.out)
    with pytest.raises(SignatureError, match="its code signature is not the end of the file"):
        verify_signature(bench.out)
