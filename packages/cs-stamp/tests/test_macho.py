"""Stamping executables for macOS."""

from __future__ import annotations

import struct
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from tiny_executables import ARM, X86, find_commands, make_macho

from cs_stamp import ExecutableLayoutError, StampInfo, TemplateStampedError, verify_signature, verify_stamp, write_stamp
from cs_stamp._code_signature import PageHashes
from stamp_samples import Workbench, make_header, make_plan

LC_SYMTAB, LC_SEGMENT, LC_SIGNATURE = 0x2, 0x19, 0x1D
SIGNED = {ARM: bytes(64), X86: None}


@pytest.fixture(params=[ARM, X86], ids=["arm64", "x86-64"])
def cpu(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


def stamp(bench: Workbench, template: bytes, **changes: Any) -> StampInfo:
    bench.template.write_bytes(template)
    return bench.stamp_full(**changes)


def read_last_segment(data: bytes) -> tuple[int, int, int]:
    """Return size in memory, offset and size of ``__LINKEDIT``."""
    memory, offset, size = struct.unpack_from("<3Q", data, find_commands(data)[LC_SEGMENT] + 32)
    return memory, offset, size


def test_the_stamp_ends_where_the_signature_starts(bench: Workbench, cpu: int) -> None:
    info = stamp(bench, make_macho(cpu, signature=SIGNED[cpu]))
    data = bench.out.read_bytes()
    end, size = struct.unpack_from("<II", data, find_commands(data)[LC_SIGNATURE] + 8)
    report = verify_stamp(bench.out)
    assert end + size == len(data) == info.size_bytes
    assert 0 <= end - (len(data) - report.trailing_size_bytes) < 16
    assert (end % 16, report.stamp_offset) == (0, info.template_size_bytes)


def test_segment_and_string_table_reach_over_the_stamp(bench: Workbench, cpu: int) -> None:
    stamp(bench, make_macho(cpu, signature=SIGNED[cpu]))
    data = bench.out.read_bytes()
    memory, offset, size = read_last_segment(data)
    assert offset + size == len(data)
    assert memory >= size
    assert memory % (0x4000 if cpu == ARM else 0x1000) == 0
    strings, length = struct.unpack_from("<II", data, find_commands(data)[LC_SYMTAB] + 16)
    assert strings + length == struct.unpack_from("<I", data, find_commands(data)[LC_SIGNATURE] + 8)[0]


def test_every_page_is_signed_ad_hoc(bench: Workbench, cpu: int) -> None:
    stamp(bench, make_macho(cpu, signature=SIGNED[cpu]))
    report = verify_signature(bench.out)
    assert report is not None
    assert report.is_ad_hoc
    assert report.signed_size_bytes > verify_stamp(bench.out).stamp_offset


def test_digests_are_those_of_the_files(bench: Workbench, cpu: int) -> None:
    info = stamp(bench, make_macho(cpu, signature=SIGNED[cpu]))
    assert info.sha256 == sha256(bench.out.read_bytes()).hexdigest()
    assert info.template_sha256 == sha256(bench.template.read_bytes()).hexdigest()


def test_the_same_input_gives_the_same_bytes(bench: Workbench, cpu: int) -> None:
    template = make_macho(cpu, signature=SIGNED[cpu])
    first = stamp(bench, template)
    assert stamp(bench, template) == first


def test_what_the_template_was_signed_with_does_not_matter(bench: Workbench) -> None:
    runtimes = set()
    for signature in (bytes(64), b"x" * 160):
        stamp(bench, make_macho(ARM, signature=signature))
        runtimes.add(bench.out.read_bytes())
    assert len(runtimes) == 1


def test_the_signature_names_the_artifact(bench: Workbench) -> None:
    stamp(bench, make_macho(), header=make_header(layout="embedded", bytecode="shipped", artifact_name="größez"))
    assert "größez".encode() + b"\0" in bench.out.read_bytes()[-1000:]
    assert verify_signature(bench.out) is not None


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, (1 << 20) - 1, 1 << 20, (1 << 20) + 4095])
def test_a_bundle_of_any_size_is_signed_to_its_end(size: int, bench: Workbench) -> None:
    bench.bundle.write_bytes(b"b" * (size + 1))
    stamp(bench, make_macho())
    assert verify_signature(bench.out) is not None


@pytest.mark.parametrize("sizes", [[1], [4096], [4095, 2], [1, 4095, 4096], [5000, 5000, 5000], [1] * 5000])
def test_page_hashes_do_not_depend_on_how_a_file_is_written(sizes: list[int]) -> None:
    data = bytes(range(251)) * 60
    pages = PageHashes()
    position = 0
    for size in sizes:
        pages.update(data[position : position + size])
        position += size
    written = data[:position]
    expected = b"".join(sha256(written[at : at + 4096]).digest() for at in range(0, len(written), 4096))
    assert pages.finish() == expected


def edit(template: bytes, offset: int, layout: str, value: int) -> bytes:
    changed = bytearray(template)
    struct.pack_into(layout, changed, offset, value)
    return bytes(changed)


GOOD = make_macho(signature=bytes(64))
LINKEDIT, SYMBOLS = find_commands(GOOD)[LC_SEGMENT], find_commands(GOOD)[LC_SYMTAB]


@pytest.mark.parametrize(
    ("template", "why"),
    [
        (make_macho(room=8), "it has no room for the load command of a signature: link it with -headerpad 0x100"),
        (GOOD + b"x", "its code signature is not the end of the file"),
        (make_macho() + b"x", "its segment __LINKEDIT is not the last"),
        (edit(GOOD, LINKEDIT + 24, "<Q", 0x1000), "its segment __LINKEDIT is not the last"),
        (edit(GOOD, SYMBOLS + 20, "<I", 8), "its string table is not the last part of __LINKEDIT"),
        (edit(GOOD, SYMBOLS + 16, "<I", 0), "its string table is not the last part of __LINKEDIT"),
        (edit(GOOD, LINKEDIT + 8, "<B", 0), "it lacks a segment __TEXT or __LINKEDIT, or a symbol table"),
        (edit(GOOD, SYMBOLS, "<I", 0x99), "it lacks a segment __TEXT or __LINKEDIT, or a symbol table"),
        (edit(make_macho(), 32 + 72 + 64, "<I", 1 << 20), "its sections are cut off"),
        (GOOD[:100], "the file ends within its headers"),
    ],
)
def test_a_template_without_room_is_refused(template: bytes, why: str, bench: Workbench) -> None:
    with pytest.raises(ExecutableLayoutError) as caught:
        stamp(bench, template)
    assert caught.value.message == f"this template cannot be stamped: {why}"
    assert (caught.value.path, list(bench.out.parent.iterdir())) == (bench.template, [])


def test_a_stamped_template_is_refused(bench: Workbench, cpu: int) -> None:
    stamp(bench, make_macho(cpu, signature=SIGNED[cpu]))
    other = bench.directory / "other"
    with pytest.raises(TemplateStampedError):
        write_stamp(bench.out, other, header=make_header(), plan=make_plan(), lock=b"")


def test_the_runtime_takes_its_place_by_a_rename(bench: Workbench) -> None:
    stamp(bench, make_macho())
    before = bench.out.stat().st_ino
    with bench.out.open("rb"):  # so that its number is not used again
        stamp(bench, make_macho())
        assert bench.out.stat().st_ino != before
    assert list(Path(bench.out.parent).iterdir()) == [bench.out]
