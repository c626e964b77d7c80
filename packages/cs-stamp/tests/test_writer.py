"""Writing runtimes."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import pytest

import cs_stamp._writer
from cs_stamp import (
    FieldError,
    StampTooLargeError,
    StampWriteError,
    TemplateStampedError,
    read_stamp,
    verify_stamp,
)
from stamp_samples import TEMPLATE_BYTES, Workbench, make_header, make_plan


def test_runtime_starts_with_the_template_unchanged(bench: Workbench) -> None:
    info = bench.stamp_full()
    assert bench.out.read_bytes()[: len(TEMPLATE_BYTES)] == TEMPLATE_BYTES
    assert info.template_size_bytes == len(TEMPLATE_BYTES)
    assert info.size_bytes == bench.out.stat().st_size


def test_info_describes_the_runtime(bench: Workbench) -> None:
    info = bench.stamp_full()
    assert info.part_sizes_bytes["bundle"] == len(b"bundle of archives")
    assert info.part_sha256["lock"] == sha256(b"version: 7\n").hexdigest()
    assert info.identity == verify_stamp(bench.out).identity


def test_runtime_is_executable_whatever_the_umask(bench: Workbench) -> None:
    before = os.umask(0o077)
    try:
        bench.stamp()
    finally:
        os.umask(before)
    assert bench.out.stat().st_mode & 0o777 == 0o755


def test_same_input_gives_same_bytes(bench: Workbench) -> None:
    bench.stamp_full()
    first = bench.out.read_bytes()
    bench.stamp_full()
    assert bench.out.read_bytes() == first


def test_digests_of_runtime_and_template_are_known_without_reading_them_again(bench: Workbench) -> None:
    info = bench.stamp_full()
    assert info.sha256 == sha256(bench.out.read_bytes()).hexdigest()
    assert info.template_sha256 == sha256(TEMPLATE_BYTES).hexdigest()


def test_a_part_that_is_written_in_place_gives_the_same_bytes(bench: Workbench) -> None:
    first = bench.stamp_full()
    expected = bench.out.read_bytes()

    def append(file: BinaryIO, digest: Any) -> tuple[int, str]:
        data = bench.bundle.read_bytes()
        file.write(data)
        digest.update(data)
        return len(data), sha256(data).hexdigest()

    assert bench.stamp_full(bundle=append) == first
    assert bench.out.read_bytes() == expected


def test_a_wrong_digest_of_a_part_gives_a_runtime_that_is_refused(bench: Workbench) -> None:
    def append(file: BinaryIO, digest: Any) -> tuple[int, str]:
        return file.write(b"bundle"), "00" * 32

    bench.stamp_full(bundle=append)
    with pytest.raises(Exception, match="the bundle of this runtime is damaged"):
        verify_stamp(bench.out)


def test_identity_ignores_the_bundle(bench: Workbench) -> None:
    first = bench.stamp_full()
    bench.bundle.write_bytes(b"the same archives from elsewhere")
    assert bench.stamp_full().identity == first.identity


@pytest.mark.parametrize(
    "change",
    [
        {"header": make_header(runtime_version="2.0")},
        {"plan": make_plan(requested_specs=("python", "numpy"))},
        {"lock": b"version: 6\n"},
    ],
    ids=["header", "plan", "lock"],
)
def test_identity_follows_from_everything_else(bench: Workbench, change: dict[str, Any]) -> None:
    assert bench.stamp(**change).identity != bench.stamp().identity


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"header": make_header(layout="embedded")}, "layout: embedded needs a bundle"),
        ({"bundle": Path("x")}, "layout: online must not have a bundle"),
        ({"header": make_header(bytecode="shipped")}, "bytecode: shipped needs a bytecode part"),
        ({"header": make_header(platform="osx-64")}, "platform: the header says osx-64, the plan linux-64"),
    ],
)
def test_contradictions_are_refused(bench: Workbench, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(FieldError, match=message):
        bench.stamp(**changes)
    assert not bench.out.exists()


def test_a_header_beyond_the_limit_is_refused(bench: Workbench) -> None:
    with pytest.raises(StampTooLargeError, match="the header would take") as caught:
        bench.stamp(header=make_header(condarc="x" * (1 << 20)))
    assert caught.value.part == "header"


def test_a_stamped_template_is_refused(bench: Workbench) -> None:
    bench.stamp()
    bench.template.write_bytes(bench.out.read_bytes())
    with pytest.raises(TemplateStampedError, match="this template is a stamped runtime already"):
        bench.stamp()


def test_a_damaged_stamp_on_the_template_is_refused(bench: Workbench) -> None:
    bench.stamp()
    bench.template.write_bytes(bench.out.read_bytes()[:-1])
    with pytest.raises(TemplateStampedError):
        bench.stamp()


def test_the_template_is_never_replaced(bench: Workbench) -> None:
    with pytest.raises(StampWriteError, match="would replace its own template"):
        cs_stamp.write_stamp(bench.template, bench.template, header=make_header(), plan=make_plan(), lock=b"")
    assert bench.template.read_bytes() == TEMPLATE_BYTES


def test_a_missing_template_is_an_error_with_its_path(bench: Workbench) -> None:
    bench.template.unlink()
    with pytest.raises(StampWriteError, match="cannot read the template") as caught:
        bench.stamp()
    assert caught.value.path == bench.template


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_failure_leaves_what_was_there(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise error

    bench.out.write_bytes(b"the previous build")
    monkeypatch.setattr(cs_stamp._writer, "append_data", fail)
    with pytest.raises((KeyboardInterrupt, StampWriteError)):
        bench.stamp_full()
    assert bench.out.read_bytes() == b"the previous build"
    assert list(bench.out.parent.iterdir()) == [bench.out]


def test_a_missing_directory_is_an_error(bench: Workbench) -> None:
    with pytest.raises(StampWriteError, match="cannot write the runtime"):
        cs_stamp.write_stamp(
            bench.template, bench.directory / "no" / "demo", header=make_header(), plan=make_plan(), lock=b""
        )


def test_a_large_bundle_is_copied_whole(bench: Workbench) -> None:
    data = os.urandom((3 << 20) + 17)
    bench.bundle.write_bytes(data)
    bench.stamp_full()
    with read_stamp(bench.out) as stamp, stamp.open_part("bundle") as part:
        assert part.read() == data
