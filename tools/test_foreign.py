"""Tools for other platforms are fetched whole or not at all, and the table of targets holds together."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from foreign import arm64, debian, kits, wine, zig
from foreign.compiling import environment
from foreign.debian import Pin, download, read_names, read_pins
from foreign.errors import ForeignError
from foreign.frameworks import find_symbols, write_stubs
from foreign.targets import TARGETS, Target, find_target
from foreign.zig import leave_out_c_library, list_objects, write_wrappers

KITS = {target.tools.kit for target in TARGETS} - {None, kits.ZIG}
PIN = Pin(kit="some", sha256="ab" * 32, uri="http://deb.example/pool/some_1.0_amd64.deb")


def test_every_platform_has_one_row() -> None:
    subdirs = [target.subdir for target in TARGETS]
    assert sorted(subdirs) == ["linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64", "win-arm64"]
    assert len({target.triple for target in TARGETS}) == len(TARGETS)
    tags = [tag for target in TARGETS for tag in target.wheel_tags]
    assert len(set(tags)) == len(tags)


def test_a_platform_without_a_row_is_refused() -> None:
    with pytest.raises(ForeignError, match="no template for linux-ppc64le: it is one of linux-64, "):
        find_target("linux-ppc64le")


@pytest.mark.parametrize("kit", sorted({*KITS, "rust", "qemu", "wine"}, key=str))
def test_every_package_of_a_kit_is_pinned(kit: str) -> None:
    names = [name for one, name, _ in read_names(debian.NAMES.read_text(encoding="utf-8")) if one == kit]
    assert [pin.file_name.partition("_")[0] for pin in read_pins(kit)] == names


def test_an_architecture_can_be_named() -> None:
    assert read_names('[kits]\none = ["a", "b:arm64"]\n') == [("one", "a", "amd64"), ("one", "b", "arm64")]


def pretend_apt(monkeypatch: pytest.MonkeyPatch, directory: Path, script: str) -> None:
    """Put a program in the place of apt's."""
    helper = directory / "apt-helper"
    helper.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    helper.chmod(0o755)
    monkeypatch.setattr(debian, "_HELPER", str(helper))


def test_apt_gets_the_digest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pretend_apt(monkeypatch, tmp_path, 'echo "$@" > "$3"')
    download(PIN, tmp_path / "archive")
    expected = f"download-file {PIN.uri} {tmp_path / 'archive'} SHA256:{PIN.sha256}\n"
    assert (tmp_path / "archive").read_text() == expected


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (
            'echo "Err:1 x"; echo "E: Failed to fetch x  404  Not Found" >&2; exit 100',
            "Debian no longer has http://deb",
        ),
        ('echo "E: Failed to fetch x  Hash Sum mismatch" >&2; exit 100', "(?s)cannot download .*Hash Sum mismatch"),
    ],
)
def test_a_failed_download_says_what_to_do(
    script: str, message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretend_apt(monkeypatch, tmp_path, script)
    with pytest.raises(ForeignError, match=message):
        download(PIN, tmp_path / "archive")


def test_a_machine_without_apt_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(debian, "_HELPER", str(tmp_path / "missing"))
    with pytest.raises(ForeignError, match="this needs Debian"):
        download(PIN, tmp_path / "archive")


@pytest.mark.tools("dpkg-deb")
def test_a_package_is_unpacked_in_part_or_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name, text in {
        "DEBIAN/control": "Package: some\nVersion: 1\nArchitecture: all\nMaintainer: n\nDescription: d\n",
        "usr/bin/one": "1",
        "usr/bin/two": "2",
        "usr/bin/x-gcc-win32": "3",
    }.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    subprocess.run(["dpkg-deb", "--build", str(source), str(tmp_path / "some.deb")], check=True, capture_output=True)
    pretend_apt(monkeypatch, tmp_path, f'cp {tmp_path / "some.deb"} "$3"')
    for folder, only, expected in (
        ("whole", (), ["one", "two", "x-gcc", "x-gcc-win32"]),
        ("part", ("usr/bin/two",), ["two"]),
    ):
        directory = tmp_path / folder
        directory.mkdir()
        debian.unpack([PIN], directory, only=only)
        assert sorted(path.name for path in (directory / "usr/bin").iterdir()) == expected
        assert [path.name for path in directory.iterdir()] == ["usr"]


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Kits in a folder of the test's own; the list gets each folder that is filled."""
    filled: list[Path] = []

    def unpack(pins: object, directory: Path, *, only: object) -> None:
        filled.append(directory)
        (directory / "tool").write_text("")

    monkeypatch.setattr(kits, "KITS", tmp_path / "kits")
    monkeypatch.setattr(debian, "read_pins", lambda kit: [PIN] if kit == "some" else [])
    monkeypatch.setattr(debian, "unpack", unpack)
    return filled


def test_a_kit_is_fetched_once(shelf: list[Path]) -> None:
    assert kits.provide("some") == kits.provide("some") == shelf[0]
    assert len(shelf) == 1


def test_a_kit_that_is_pinned_differently_is_fetched_again(shelf: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    (kits.provide("some") / "old").write_text("")
    monkeypatch.setattr(debian, "read_pins", lambda _: [Pin(kit="some", sha256="cd" * 32, uri=PIN.uri)])
    assert [path.name for path in kits.provide("some").iterdir()] == ["tool"]
    assert len(shelf) == 2


def test_a_kit_that_was_not_finished_is_fetched_again(shelf: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    finish = debian.unpack

    def fail(pins: object, directory: Path, *, only: object) -> None:
        (directory / "half").write_text("")
        raise ForeignError("interrupted")

    monkeypatch.setattr(debian, "unpack", fail)
    with pytest.raises(ForeignError, match="interrupted"):
        kits.provide("some")
    monkeypatch.setattr(debian, "unpack", finish)
    assert [path.name for path in kits.provide("some").iterdir()] == ["tool"]


def test_the_kits_that_are_missing_are_those_of_debian_that_a_platform_needs(
    shelf: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian, "read_pins", lambda _: [PIN])
    assert kits.list_missing(find_target("win-64")) == ["rust", "mingw", "wine"]
    assert kits.list_missing(find_target("linux-aarch64")) == ["rust", "arm64", "qemu"]
    assert kits.list_missing(find_target("win-arm64")) == ["rust"]
    for kit in ("rust", "wine"):
        kits.provide(kit)
    assert kits.list_missing(find_target("win-64")) == ["mingw"]
    monkeypatch.setattr(debian, "read_pins", lambda _: [Pin(kit="some", sha256="cd" * 32, uri=PIN.uri)])
    assert kits.list_missing(find_target("win-64")) == ["rust", "mingw", "wine"]


def test_a_kit_that_nobody_has_named_is_refused(shelf: list[Path]) -> None:
    with pytest.raises(ForeignError, match=r"requirements/debian.lock has no kit other"):
        kits.provide("other")


@pytest.mark.parametrize("row", TARGETS, ids=lambda row: row.subdir)
def test_cargo_gets_everything_by_variables(row: Target, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(kits, "provide", lambda kit: tmp_path / kit)
    monkeypatch.setattr("foreign.zig.CACHE", tmp_path)
    variables = environment(row)
    assert variables["CARGO_BUILD_TARGET"] == row.triple
    assert ("CARGO_UNSTABLE_BUILD_STD" in variables) == (row.std == "source")
    assert set(row.rustflags) <= set(variables["CARGO_ENCODED_RUSTFLAGS"].split("\x1f"))
    if row.tools.kit is not None:
        linker = variables[f"CARGO_TARGET_{row.triple.upper().replace('-', '_')}_LINKER"]
        assert linker == variables[f"CC_{row.triple.replace('-', '_')}"]
        assert Path(linker).is_relative_to(tmp_path)
        assert variables["PATH"].split(os.pathsep)[0] == str(tmp_path / "rust" / "usr/bin")


def test_a_wrapper_passes_every_word_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(kits, "provide", lambda kit: tmp_path / kit)
    monkeypatch.setattr("foreign.zig.CACHE", tmp_path)
    zig = tmp_path / "zig" / "ziglang" / "zig"
    zig.parent.mkdir(parents=True)
    zig.write_text('#!/bin/sh\nprintf "[%s]" "$@"\n')
    zig.chmod(0o755)
    _, ar = write_wrappers("aarch64-macos.11.0")
    done = subprocess.run([ar, "cq", "a b", "$x"], capture_output=True, text=True, check=True)
    assert done.stdout == "[ar][cq][a b][$x]"


def test_only_what_is_asked_for_is_left_in_the_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(kits, "provide", lambda _: tmp_path / "kit")
    program = tmp_path / "kit" / "bin" / "cargo-zigbuild"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nfor last; do :; done\ntouch "$last"\n')
    program.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    assert zig.main(["aarch64-macos.11.0", "stray"]) == 0
    assert zig.main(["aarch64-macos.11.0", "-o", "wanted"]) == 0
    assert [path.name for path in work.iterdir()] == ["wanted"]


def test_a_program_without_a_c_library_gets_none() -> None:
    assert leave_out_c_library(["a.o", "-lmsvcrt"]) == ["a.o", "-lmsvcrt"]
    assert leave_out_c_library(["a.o", "-lkernel32", "-lmsvcrt", "-nostartfiles"]) == ["-nostdlib", "a.o", "-lkernel32"]


def test_objects_are_found_in_files_of_arguments_too(tmp_path: Path) -> None:
    (tmp_path / "more").write_text("'a b.rlib'\n-Lc.o\n")
    found = list(list_objects(["-o", "program", "one.o", f"@{tmp_path / 'more'}", "-lfoo"]))
    assert found == [Path("one.o"), Path("a b.rlib")]


def test_a_stub_names_what_objects_ask_of_its_framework(tmp_path: Path) -> None:
    symbols = b"\0_CFRelease\0_kSecClass\0_SCDynamicStoreCreate\0_malloc\0x_CFNot\0___CFConstantStringClassReference\0"
    (tmp_path / "one.o").write_bytes(symbols)
    write_stubs(find_symbols([tmp_path / "one.o"]), tmp_path)
    stubs = {path.stem: path.read_text() for path in tmp_path.glob("*.framework/*.tbd")}
    assert stubs.keys() == {"CoreFoundation", "Security", "SystemConfiguration"}
    assert "symbols: [ _CFRelease, ___CFConstantStringClassReference ]" in stubs["CoreFoundation"]
    assert "symbols: [ _kSecClass ]" in stubs["Security"]
    assert "'/System/Library/Frameworks/Security.framework/Versions/A/Security'" in stubs["Security"]


@pytest.mark.root
@pytest.mark.tools("unshare")
def test_a_command_runs_beside_qemu_and_keeps_its_exit_status(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    qemu = tmp_path / "usr/bin/qemu-aarch64-static"
    qemu.parent.mkdir(parents=True)
    shutil.copy("/bin/true", qemu)
    monkeypatch.setattr(kits, "provide", lambda _: tmp_path)
    script = "test $(id -u) = 0 && test -e /proc/sys/fs/binfmt_misc/qemu-aarch64 && exit 7"
    assert arm64.run(["sh", "-c", script], dict(os.environ)) == 7
    assert not Path("/proc/sys/fs/binfmt_misc/qemu-aarch64").exists()


def test_a_program_of_wine_starts_the_server_of_its_kit(tmp_path: Path) -> None:
    programs = tmp_path / "usr/lib/wine"
    programs.mkdir(parents=True)
    (programs / "wineserver").write_text("#!/bin/sh\nexec /usr/lib/wine/wineserver64")
    (programs / "wineserver64").write_text("server")
    for _ in range(2):
        wine._name_server(tmp_path)
        assert (programs / "wineserver").read_text() == "server"
