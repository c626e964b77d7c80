"""The mark of a template is found wherever it is, and nothing else is accepted as one."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_stamp import Mark, NotTemplateError, TemplateError, read_mark, read_stamp
from cs_stamp import _mark as module
from cs_stamp._layout import (
    COPY_CHUNK_BYTES,
    MARK_CANDIDATES_LIMIT,
    MARK_MAGIC,
    MARK_SEARCH_LIMIT_BYTES,
    MARK_SIZE_BYTES,
)
from executable_samples import MARK, make_mark
from stamp_samples import Workbench

PRINTABLE = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
SHORT, LONG = (st.text(PRINTABLE, min_size=1, max_size=size) for size in (23, 31))
FORMATS = st.sets(st.integers(1, 0xFFFFFFFF), min_size=1, max_size=8).map(lambda found: tuple(sorted(found)))
MARKS = st.builds(Mark, name=SHORT, version=LONG, target=SHORT, stamp_formats=FORMATS)


def read(data: bytes, **options: Any) -> Mark:
    """Read the mark of a file with these bytes."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "template"
        path.write_bytes(data)
        return read_mark(path, **options)


@given(MARKS, st.binary(max_size=300), st.binary(max_size=300))
def test_a_mark_is_found_wherever_it_stands(mark: Mark, before: bytes, behind: bytes) -> None:
    assert read(before + mark.to_bytes() + behind) == mark


@pytest.mark.parametrize("shift", [-MARK_SIZE_BYTES - 1, -MARK_SIZE_BYTES, -MARK_SIZE_BYTES + 1, -64, -16, -1, 0, 1])
def test_a_mark_across_two_reads_is_found(shift: int) -> None:
    assert read(bytes(COPY_CHUNK_BYTES + shift) + MARK.to_bytes() + bytes(99)) == MARK


@given(MARKS, st.integers(1, MARK_SIZE_BYTES - 1))
def test_a_mark_that_is_cut_off_is_none(mark: Mark, length: int) -> None:
    with pytest.raises(NotTemplateError):
        read(b"program" + mark.to_bytes()[:length])


@given(MARKS, st.integers(0, MARK_SIZE_BYTES * 8 - 1))
def test_a_damaged_mark_is_none_or_says_something_else(mark: Mark, bit: int) -> None:
    data = bytearray(mark.to_bytes())
    data[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(NotTemplateError):
        assert read(bytes(data)) != mark


def test_a_template_can_hold_its_mark_twice() -> None:
    assert read(b"one" + MARK.to_bytes() + b"other" + MARK.to_bytes()) == MARK


@pytest.mark.parametrize("other", [replace(MARK, version="0.2.0"), make_mark("osx-64")])
def test_marks_that_differ_are_refused(other: Mark) -> None:
    with pytest.raises(NotTemplateError, match="it contains several different marks"):
        read(MARK.to_bytes() + other.to_bytes())


def test_a_program_that_only_contains_the_magic_is_not_a_template() -> None:
    with pytest.raises(NotTemplateError):
        read(MARK_MAGIC + b"is what we look for" * 20)


def test_bytes_after_the_template_are_not_searched(bench: Workbench) -> None:
    bench.bundle.write_bytes(MARK.to_bytes())
    bench.stamp_full()
    with read_stamp(bench.out) as stamp, pytest.raises(NotTemplateError):
        read_mark(bench.out, size_bytes=stamp.stamp_offset)


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="cannot read the template: No such file"):
        read_mark(tmp_path / "absent")


class Counted(io.FileIO):
    """A file that counts what is read of it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.sizes: list[int] = []

    def read(self, size: int | None = -1, /) -> bytes:
        assert size is not None
        assert 0 < size <= COPY_CHUNK_BYTES
        data = super().read(size) or b""
        self.sizes.append(len(data))
        return data


@pytest.mark.parametrize("megabytes", [1, 100, 300])
def test_a_large_file_is_read_once_in_pieces_up_to_a_limit(
    megabytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, size = tmp_path / "template", megabytes << 20
    path.write_bytes(MARK.to_bytes())
    os.truncate(path, size)
    file = Counted(path)
    monkeypatch.setattr(Path, "open", lambda *_: file)
    assert read_mark(path) == MARK
    assert sum(file.sizes) == min(size, MARK_SEARCH_LIMIT_BYTES)


def test_a_file_full_of_what_marks_start_with_is_no_template_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "template"
    path.write_bytes(MARK.to_bytes() + MARK_MAGIC * 10_000)
    parsed: list[bytes] = []
    parse = module._parse_mark

    def count(data: bytes) -> Mark | None:
        parsed.append(data)
        return parse(data)

    monkeypatch.setattr(module, "_parse_mark", count)
    with pytest.raises(NotTemplateError):
        read_mark(path)
    assert len(parsed) <= MARK_CANDIDATES_LIMIT
