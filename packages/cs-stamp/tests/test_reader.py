"""Reading and verifying runtimes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from cs_stamp import DamagedStampError, MisplacedStampError, NotStampedError, StampReadError, read_stamp, verify_stamp
from cs_stamp._layout import MAGIC
from stamp_samples import TEMPLATE_BYTES, Workbench, make_header, make_plan


def test_reader_finds_what_was_written(bench: Workbench) -> None:
    info = bench.stamp_full()
    with read_stamp(bench.out) as stamp:
        assert stamp.identity == info.identity
        assert stamp.header == make_header(layout="embedded", bytecode="shipped")
        assert stamp.read_plan() == make_plan()
        assert stamp.read_lock() == b"version: 7\n"
        assert stamp.stamp_offset == len(TEMPLATE_BYTES)
        assert stamp.trailing_size_bytes == 0


def test_offsets_count_from_the_start_of_the_file(bench: Workbench) -> None:
    bench.stamp_full()
    with read_stamp(bench.out) as stamp:
        part = stamp.parts["bytecode"]
    assert bench.out.read_bytes()[part.offset : part.offset + part.size_bytes] == bench.bytecode.read_bytes()


def test_a_part_is_a_seekable_file(bench: Workbench) -> None:
    bench.stamp_full()
    with read_stamp(bench.out) as stamp, stamp.open_part("bundle") as part:
        assert part.seek(0, io.SEEK_END) == len(b"bundle of archives")
        part.seek(-8, io.SEEK_END)
        assert part.read() == b"archives"
        assert part.read() == b""
        part.seek(7)
        assert part.read(2) == b"of"
        assert part.tell() == 9


def test_an_open_part_outlives_its_reader(bench: Workbench) -> None:
    bench.stamp_full()
    with read_stamp(bench.out) as stamp:
        part = stamp.open_part("bundle")
    with part:
        assert part.read(6) == b"bundle"


def test_opening_touches_neither_lock_nor_bundle(bench: Workbench) -> None:
    bench.stamp_full()
    data = bytearray(bench.out.read_bytes())
    with read_stamp(bench.out) as stamp:
        for tag in ("plan", "lock", "bundle"):
            data[stamp.parts[tag].offset] ^= 0xFF
    bench.out.write_bytes(data)
    with read_stamp(bench.out) as stamp:
        assert stamp.header.runtime == "demo"
        with pytest.raises(DamagedStampError, match="the lock of this runtime is damaged: its digest"):
            stamp.read_lock()


def test_bytes_appended_by_signing_tools_are_counted(bench: Workbench) -> None:
    bench.stamp()
    with bench.out.open("ab") as file:
        file.write(b"signature")
    assert verify_stamp(bench.out).trailing_size_bytes == 9


def test_trailing_bytes_up_to_the_limit_are_accepted(bench: Workbench) -> None:
    bench.stamp()
    with bench.out.open("ab") as file:
        file.truncate(file.tell() + (16 << 20))
    assert verify_stamp(bench.out).trailing_size_bytes == 16 << 20


def test_one_trailing_byte_too_many_hides_the_stamp(bench: Workbench) -> None:
    bench.stamp()
    with bench.out.open("ab") as file:
        file.truncate(file.tell() + (16 << 20) + 1)
    with pytest.raises(NotStampedError, match="this is not a conda-ship runtime: no stamp found"):
        read_stamp(bench.out)


def test_a_file_that_was_cut_off_before_its_stamp_ended_is_to_be_downloaded_again(bench: Workbench) -> None:
    bench.stamp()
    bench.out.write_bytes(bench.out.read_bytes()[:-600])
    with pytest.raises(NotStampedError) as caught:
        read_stamp(bench.out)
    assert "download it again" in (caught.value.hint or "")


def test_a_magic_in_the_template_is_not_a_stamp(bench: Workbench) -> None:
    bench.template.write_bytes(TEMPLATE_BYTES + MAGIC + bytes(600))
    bench.out.write_bytes(bench.template.read_bytes())
    with pytest.raises(DamagedStampError, match="the footer of this runtime is damaged: its digest does not match"):
        read_stamp(bench.out)


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_file_that_cannot_be_opened_is_an_error_with_its_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(StampReadError, match="cannot open the runtime") as caught:
        read_stamp(tmp_path / name)
    assert caught.value.path == tmp_path / name


def test_errors_name_file_and_remedy(bench: Workbench) -> None:
    bench.stamp()
    data = bytearray(bench.out.read_bytes())
    data[len(TEMPLATE_BYTES) + 20] ^= 1
    bench.out.write_bytes(data)
    with pytest.raises(DamagedStampError) as caught:
        read_stamp(bench.out)
    assert str(caught.value) == (f"{bench.out}: the header of this runtime is damaged: its digest does not match")
    assert caught.value.hint == "download or build the runtime again"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("pe-bytes-behind-the-table", ": its certificate table is not the end of the file"),
        ("macho-byte-behind-the-signature", ": its code signature is not the end of the file"),
        ("universal", ": it is a universal executable, which has no place for a stamp"),
        ("pe-stamp-in-the-table-only", ""),
    ],
)
def test_a_stamp_that_no_signature_covers_is_refused_with_the_reason(name: str, why: str) -> None:
    path = Path(__file__).parent.parent / "vectors" / "bad" / f"{name}.bin"
    with pytest.raises(MisplacedStampError) as caught:
        read_stamp(path)
    assert str(caught.value) == f"{path}: the stamp is not where the signed bytes of this file end{why}"
    assert caught.value.hint == "download the runtime again from its publisher: somebody has changed it"
