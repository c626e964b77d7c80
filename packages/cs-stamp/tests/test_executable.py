"""Recognising executables."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest

from cs_stamp import NotExecutableError, TemplateError
from cs_stamp._executable import executable_platform
from executable_samples import ARM, X86, make_elf, make_fat_macho, make_macho, make_pe


@pytest.mark.parametrize(
    ("data", "subdirs"),
    [
        (make_elf(62), ("linux-64",)),
        (make_elf(62, kind=2, osabi=3), ("linux-64",)),
        (make_elf(183), ("linux-aarch64",)),
        (make_elf(21), ("linux-ppc64le",)),
        (make_elf(21, order=">"), ("linux-ppc64",)),
        (make_elf(22, order=">"), ("linux-s390x",)),
        (make_elf(40, bits=1), ("linux-armv6l", "linux-armv7l")),
        (make_elf(62, osabi=9), ("freebsd-64",)),
        (make_macho(X86), ("osx-64",)),
        (make_macho(ARM), ("osx-arm64",)),
        (make_fat_macho(X86, ARM), ("osx-64", "osx-arm64")),
        (make_fat_macho(ARM, wide=True), ("osx-arm64",)),
        (make_pe(0x8664), ("win-64",)),
        (make_pe(0xAA64), ("win-arm64",)),
        (make_pe(0x14C), ("win-32",)),
    ],
)
def test_platform_is_read_from_the_file(tmp_path: Path, data: bytes, subdirs: tuple[str, ...]) -> None:
    (tmp_path / "program").write_bytes(data)
    assert executable_platform(tmp_path / "program") == subdirs


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"#!/bin/sh\n", id="script"),
        pytest.param(make_elf(62, kind=1), id="elf-object"),
        pytest.param(make_elf(8), id="elf-of-unknown-machine"),
        pytest.param(make_elf(62)[:18], id="elf-cut"),
        pytest.param(make_macho(X86, kind=6), id="macho-library"),
        pytest.param(make_macho(7), id="macho-of-unknown-machine"),
        pytest.param(struct.pack(">II", 0xCAFEBABE, 61), id="java-class"),
        pytest.param(make_fat_macho(X86, ARM)[:20], id="fat-macho-cut"),
        pytest.param(make_pe(0x8664, flags=0x2022), id="pe-library"),
        pytest.param(make_pe(0x8664)[:0x82], id="pe-cut"),
        pytest.param(b"MZ" + bytes(100), id="dos-program"),
        pytest.param(b"MZ".ljust(0x3C, b"\0") + b"\xff\xff\xff\xff", id="pe-header-past-end"),
    ],
)
def test_a_file_that_is_not_a_program_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "program").write_bytes(data)
    with pytest.raises(NotExecutableError, match="not an executable for a platform that conda knows") as caught:
        executable_platform(tmp_path / "program")
    assert caught.value.path == tmp_path / "program"


def test_an_unreadable_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="cannot read the executable"):
        executable_platform(tmp_path / "missing")


@pytest.mark.only("on Linux")
def test_this_python_is_a_linux_program() -> None:
    assert executable_platform(Path(sys.executable).resolve())[0].startswith("linux-")
