"""A platform's signature is put aside: what is left is what the build wrote, or it is not."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_executables import ARM, X86, find_commands, make_macho, make_pe

from cs_stamp import find_signature_places, is_as_built, verify_signature, verify_stamp
from platform_signatures import sign_for_platform, with_checksum
from stamp_samples import Workbench, make_header, make_plan


def stamp(bench: Workbench, program: bytes) -> str:
    bench.template.write_bytes(program)
    platform = "win-64" if program.startswith(b"MZ") else "osx-64"
    return bench.stamp(header=replace(make_header(), platform=platform), plan=make_plan(platform=platform)).sha256


PROGRAMS: dict[str, bytes] = {
    "windows": make_pe(),
    "windows, with a linker's checksum": with_checksum(make_pe() + b"odd"),
    "macos, arm64": make_macho(ARM, signature=bytes(64)),
    "macos, x86-64": make_macho(X86),
}


@pytest.fixture
def signed(bench: Workbench) -> Callable[[str], str]:
    """Build a runtime and sign it, and return the digest that it had before."""

    def make(name: str) -> str:
        digest = stamp(bench, PROGRAMS[name])
        sign_for_platform(bench.out)
        assert hashlib.sha256(bench.out.read_bytes()).hexdigest() != digest
        return digest

    return make


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_signed_runtime_is_as_it_was_built(name: str, bench: Workbench, signed: Callable[[str], str]) -> None:
    digest = signed(name)
    verify_signature(bench.out)
    assert is_as_built(bench.out, digest)
    assert not is_as_built(bench.out, "0" * 64)
    if name.startswith("macos"):  # whose signatures can be replaced in place
        sign_for_platform(bench.out, "another")
        assert is_as_built(bench.out, digest)


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_other_byte_counts(name: str, bench: Workbench, signed: Callable[[str], str]) -> None:
    """Each byte before the signature, but the fields that a signer writes."""
    digest, good = signed(name), bench.out.read_bytes()
    report = verify_signature(bench.out)
    assert report is not None
    free = {at for place in find_signature_places(bench.out) for at in place} if name.startswith("windows") else set()

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, report.signed_size_bytes - 1), st.integers(1, 255))
    def check(position: int, flip: int) -> None:
        changed = bytearray(good)
        changed[position] ^= flip
        bench.out.write_bytes(changed)
        assert position in free | rewritten or not is_as_built(bench.out, digest)

    rewritten = list_rewritten(good) if name.startswith("macos") else set[int]()
    check()


def list_rewritten(macho: bytes) -> set[int]:
    """List the bytes of the load commands that follow from where the signature is; nothing else says them."""
    commands = find_commands(macho)
    linkedit, symbols, signature = commands[0x19], commands[0x2], commands[0x1D]
    fields = [(linkedit + 32, 8), (linkedit + 48, 8), (symbols + 20, 4), (signature + 4, 12)]
    return {at for start, size in fields for at in range(start, start + size)}


def test_a_changed_load_command_is_another_runtime(bench: Workbench, signed: Callable[[str], str]) -> None:
    """The entry point is in the load commands: a signer does not write it."""
    digest = signed("macos, arm64")
    data = bytearray(bench.out.read_bytes())
    data[find_commands(data)[0x80000028] + 8] ^= 4
    bench.out.write_bytes(data)
    sign_for_platform(bench.out)
    verify_signature(bench.out)
    verify_stamp(bench.out)
    assert not is_as_built(bench.out, digest)


def test_what_is_not_signed_is_not_put_aside(bench: Workbench) -> None:
    assert not is_as_built(bench.out, stamp(bench, make_pe()))
    bench.out.write_bytes(b"no runtime")
    assert not is_as_built(bench.out, hashlib.sha256(b"no runtime").hexdigest())
    assert find_signature_places(bench.out) == ()


@pytest.mark.parametrize("size", [1, 2, 511, 1 << 20, (1 << 20) + 1])
def test_a_template_of_any_size_has_its_checksum(size: int, bench: Workbench) -> None:
    program = make_pe() + bytes([255]) * size
    digest = stamp(bench, with_checksum(program))
    sign_for_platform(bench.out)
    assert is_as_built(bench.out, digest)
