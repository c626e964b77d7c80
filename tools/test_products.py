"""A template that does not keep what its wheel promises is found before there is a wheel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from foreign.errors import ForeignError
from foreign.products import check_product
from foreign.targets import TARGETS, find_target
from sample_programs import (
    ELF_ARM,
    GOOD,
    SIGNED,
    SUBSYSTEM,
    ask_for_macos,
    change,
    import_library,
    make_elf,
    replace_library,
)
from tiny_executables import (
    ARM,
    WINDOWS_X86,
    X86,
    add_certificates,
    find_commands,
    make_certificate,
    make_macho,
    make_pe,
    make_universal,
)

from executable_samples import make_mark


@dataclass(frozen=True)
class Bad:
    """A product that is not what it should be."""

    subdir: str
    program: Callable[[], bytes]
    problem: str


BAD = {
    "elf-for-another-processor": Bad("linux-64", lambda: make_elf(ELF_ARM), "is not an executable for it"),
    "elf-loaded": Bad(
        "linux-64",
        lambda: make_elf(interpreter=b"/lib64/ld-linux-x86-64.so.2"),
        r"is not linked statically: it asks for /lib64/ld-linux-x86-64\.so\.2",
    ),
    "elf-for-a-newer-kernel": Bad(
        "linux-aarch64", lambda: make_elf(ELF_ARM, kernel=(5, 4, 0)), r"asks for Linux 5\.4\.0 instead of 4\.1"
    ),
    "macho-for-another-processor": Bad("osx-arm64", lambda: make_macho(X86), "is not an executable for it alone"),
    "macho-for-both": Bad(
        "osx-64", lambda: make_universal(make_macho(X86), make_macho(ARM)), "is not an executable for it alone"
    ),
    "macho-for-a-newer-system": Bad(
        "osx-64", lambda: ask_for_macos(15, make_macho(X86)), r"asks for macOS 15\.0 instead of 11\.0"
    ),
    "macho-for-an-older-system": Bad(
        "osx-64", lambda: ask_for_macos(10, make_macho(X86)), r"asks for macOS 10\.0 instead of 11\.0"
    ),
    "macho-with-homebrew": Bad(
        "osx-64",
        lambda: replace_library(make_macho(X86)),
        r"asks for libraries that macOS does not have: /opt/lib/libSystem\.B\.dylib",
    ),
    "macho-out-of-order": Bad(
        "osx-64",
        lambda: change(make_macho(X86), find_commands(make_macho(X86))[0x2] + 16, "<I", 8),
        "has parts in the wrong places: .+",
    ),
    "macho-not-signed": Bad("osx-arm64", lambda: make_macho(ARM), "is not signed, so macOS would not start it"),
    "macho-changed-after-signing": Bad(
        "osx-arm64",
        lambda: change(SIGNED, 0x3FF0, "<B", 1),
        "does not start: .+ from 12288 on were changed after signing",
    ),
    "pe-for-another-processor": Bad("win-arm64", lambda: make_pe(WINDOWS_X86), "is not an executable for it"),
    "pe-with-windows": Bad("win-64", lambda: change(make_pe(), SUBSYSTEM, "<H", 2), "is not a console program"),
    "pe-with-visual-c": Bad(
        "win-64",
        lambda: import_library("VCRUNTIME140.dll"),
        r"asks for libraries that Windows does not have: VCRUNTIME140\.dll",
    ),
    "pe-signed": Bad(
        "win-64",
        lambda: add_certificates(make_pe(), make_certificate(b"nobody signed this")),
        "is signed already: a publisher signs the stamped runtime",
    ),
    "no-mark": Bad("linux-64", make_elf, "would be refused: this is not a conda-ship template"),
    "mark-for-another-platform": Bad(
        "linux-64",
        lambda: make_elf() + make_mark("osx-64").to_bytes(),
        "would be refused: the mark of this template says osx-64, but the executable runs on linux-64",
    ),
    "nothing": Bad("win-64", lambda: b"MZ", "is not an executable for it"),
}


def check(program: bytes, subdir: str, directory: Path) -> None:
    """Check a program like one that was built."""
    target = find_target(subdir)
    path = directory / target.program
    path.write_bytes(program)
    check_product(path, target)


@pytest.mark.parametrize("subdir", [target.subdir for target in TARGETS])
def test_a_product_that_keeps_its_promises_passes(subdir: str, tmp_path: Path) -> None:
    check(GOOD[subdir], subdir, tmp_path)


@pytest.mark.parametrize("name", BAD)
def test_a_product_that_does_not_is_refused_with_one_sentence(name: str, tmp_path: Path) -> None:
    bad = BAD[name]
    with pytest.raises(ForeignError, match=rf"^the template for {bad.subdir} {bad.problem}$"):
        check(bad.program(), bad.subdir, tmp_path)
