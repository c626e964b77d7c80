"""Stamping executables for Windows, and how large a signed runtime can be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, BinaryIO

import pytest
from tiny_executables import add_certificates, make_certificate, make_macho, make_pe

import cs_stamp._sealing
from cs_stamp import ExecutableLayoutError, StampTooLargeError, verify_signature, verify_stamp
from stamp_samples import Workbench, make_header, make_package, make_plan


def test_the_runtime_ends_at_a_multiple_of_8(bench: Workbench) -> None:
    bench.template.write_bytes(make_pe())
    remainders = set()
    for length in range(8):
        info = bench.stamp(lock=b"x" * length)
        remainders.add(info.size_bytes % 8)
        assert verify_stamp(bench.out).trailing_size_bytes < 8
    assert remainders == {0}


def test_the_template_is_unchanged(bench: Workbench) -> None:
    bench.template.write_bytes(make_pe())
    bench.stamp()
    assert bench.out.read_bytes().startswith(make_pe())


def test_a_runtime_that_is_not_signed_has_no_signature_to_verify(bench: Workbench) -> None:
    bench.template.write_bytes(make_pe())
    bench.stamp()
    assert verify_signature(bench.out) is None


@pytest.mark.parametrize(
    ("template", "why"),
    [
        (add_certificates(make_pe(), make_certificate(b"")), "it is signed, and a stamp breaks the signature"),
        (b"MZ".ljust(0x100, b"\0"), "its headers are not those of a Windows executable"),
        (make_pe()[:0x90], "the file ends within its headers"),
    ],
)
def test_a_template_without_a_place_is_refused(template: bytes, why: str, bench: Workbench) -> None:
    bench.template.write_bytes(template)
    with pytest.raises(ExecutableLayoutError, match=f"this template cannot be stamped: {why}"):
        bench.stamp()


PROGRAMS = pytest.mark.parametrize("program", [make_pe(), make_macho()], ids=["windows", "macos"])


@PROGRAMS
@pytest.mark.parametrize(("sizes", "is_refused"), [((3 << 30, 1 << 30), True), ((3 << 30, None), False)])
def test_four_gigabytes_of_packages_are_refused_before_one_is_written(
    sizes: tuple[int | None, ...], is_refused: bool, program: bytes, bench: Workbench
) -> None:
    def append(file: BinaryIO, digest: Any) -> tuple[int, str]:
        raise AssertionError("written")

    bench.template.write_bytes(program)
    packages = [make_package(f"p{index}", size_bytes=size) for index, size in enumerate(sizes)]
    arguments: dict[str, Any] = {"plan": make_plan(*packages), "bundle": append}
    if not is_refused:
        with pytest.raises(AssertionError, match="written"):
            bench.stamp_full(**arguments)
        return
    with pytest.raises(StampTooLargeError, match="only starts executables smaller than 4 GiB") as caught:
        bench.stamp_full(**arguments)
    assert 'layout = "external"' in str(caught.value.hint)


def test_linux_has_no_such_limit(bench: Workbench) -> None:
    plan = make_plan(make_package(size_bytes=5 << 30))
    assert bench.stamp_full(plan=plan).identity


@PROGRAMS
def test_what_was_written_is_measured_too(program: bytes, bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.template.write_bytes(program)
    bench.bundle.write_bytes(bytes(100_000))
    monkeypatch.setattr(cs_stamp._sealing, "SIGNED_SIZE_LIMIT_BYTES", 100_000)
    header = replace(make_header(), layout="embedded", bytecode="shipped")
    with pytest.raises(StampTooLargeError):
        bench.stamp_full(header=header)
    assert list(bench.out.parent.iterdir()) == []
