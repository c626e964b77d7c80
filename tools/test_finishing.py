"""A wheel of the template is checked, and tagged for each system that its template starts on, and for no other."""

from __future__ import annotations

import base64
import hashlib
import itertools
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from foreign import finishing
from foreign.errors import ForeignError
from foreign.finishing import finish_wheel
from foreign.portable import list_tags
from foreign.targets import TARGETS, Target, find_target
from packaging.tags import Tag, compatible_tags, mac_platforms
from packaging.utils import parse_wheel_filename
from sample_programs import GOOD, make_elf

INFO = "cs_template-1.2.dist-info"
MATURIN_TAGS = {
    "linux-64": "manylinux2014_x86_64.manylinux_2_17_x86_64",
    "linux-aarch64": "manylinux2014_aarch64.manylinux_2_17_aarch64",
    "osx-64": "macosx_11_0_x86_64",
    "osx-arm64": "macosx_11_0_arm64",
    "win-64": "win_amd64",
    "win-arm64": "win_arm64",
}
"""What maturin calls its wheels."""


def write_wheel(directory: Path, tags: str, program: bytes, name: str = "cs-template") -> Path:
    """Write what maturin would."""
    path = directory / f"cs_template-1.2-py3-none-{tags}.whl"
    lines = "".join(f"Tag: py3-none-{tag}\n" for tag in tags.split("."))
    with zipfile.ZipFile(path, "w") as archive:
        files = {
            f"cs_template-1.2.data/scripts/{name}": program,
            f"{INFO}/METADATA": b"Metadata-Version: 2.4\nName: cs-template\nVersion: 1.2\n",
            f"{INFO}/WHEEL": f"Wheel-Version: 1.0\nGenerator: maturin\nRoot-Is-Purelib: false\n{lines}".encode(),
        }
        record = "".join(f"{file},{digest(data)},{len(data)}\n" for file, data in files.items())
        for file, data in {**files, f"{INFO}/RECORD": f"{record}{INFO}/RECORD,,\n".encode()}.items():
            entry = zipfile.ZipInfo(file)
            entry.external_attr = (0o100755 if "scripts" in file else 0o100644) << 16
            archive.writestr(entry, data)
    return path


def digest(data: bytes) -> str:
    """Write a digest as in RECORD."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def write_own_wheel(directory: Path, target: Target, program: bytes | None = None) -> Path:
    """Write what maturin would for a target."""
    return write_wheel(directory, MATURIN_TAGS[target.subdir], program or GOOD[target.subdir], target.program)


# What pip accepts on a machine: glibc and musl accept the tags of every version up to their own.
MACHINES = {
    ("linux-64", "Debian 8, glibc 2.19"): [f"manylinux_2_{minor}_x86_64" for minor in range(19, 4, -1)],
    ("linux-64", "Fedora, glibc 2.42"): [f"manylinux_2_{minor}_x86_64" for minor in range(42, 4, -1)],
    ("linux-64", "Alpine 3.8, musl 1.1"): ["musllinux_1_1_x86_64", "musllinux_1_0_x86_64"],
    ("linux-64", "Alpine 3.22, musl 1.2"): [f"musllinux_1_{minor}_x86_64" for minor in (2, 1, 0)],
    ("linux-aarch64", "Debian 12, glibc 2.36"): [f"manylinux_2_{minor}_aarch64" for minor in range(36, 16, -1)],
    ("linux-aarch64", "Alpine 3.22, musl 1.2"): [f"musllinux_1_{minor}_aarch64" for minor in (2, 1, 0)],
    ("osx-64", "macOS 11"): list(mac_platforms((11, 0), "x86_64")),
    ("osx-64", "macOS 15"): list(mac_platforms((15, 0), "x86_64")),
    ("osx-arm64", "macOS 11"): list(mac_platforms((11, 0), "arm64")),
    ("osx-arm64", "macOS 26"): list(mac_platforms((26, 0), "arm64")),
    ("win-64", "Windows"): ["win_amd64"],
    ("win-arm64", "Windows"): ["win_arm64"],
}
TOO_OLD = {
    "CentOS 6, glibc 2.12": [f"manylinux_2_{minor}_x86_64" for minor in range(12, 4, -1)],
    "macOS 10.15": list(mac_platforms((10, 15), "x86_64")),
    "Windows with 32 bits": ["win32"],
}


def accepted(platforms: list[str]) -> set[Tag]:
    """Return the tags of wheels that Python 3.13 installs on a machine with these platforms."""
    return set(compatible_tags((3, 13), "cp313", platforms))


def find_fitting(wheels: dict[str, Path], platforms: list[str]) -> list[str]:
    """Return for which targets there is a wheel that a machine installs."""
    return [subdir for subdir, wheel in wheels.items() if parse_wheel_filename(wheel.name)[3] & accepted(platforms)]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the finished wheels of all targets in one directory, by target."""
    directory = tmp_path_factory.mktemp("dist")
    return {target.subdir: finish_wheel(write_own_wheel(directory, target))[0] for target in TARGETS}


@pytest.mark.parametrize("machine", MACHINES, ids=": ".join)
def test_a_machine_installs_its_own_template(machine: tuple[str, str], wheels: dict[str, Path]) -> None:
    assert find_fitting(wheels, MACHINES[machine]) == [machine[0]]


@pytest.mark.parametrize("machine", TOO_OLD)
def test_a_machine_that_is_too_old_installs_none(machine: str, wheels: dict[str, Path]) -> None:
    assert find_fitting(wheels, TOO_OLD[machine]) == []


def test_every_target_has_a_machine_that_installs_it() -> None:
    assert {subdir for subdir, _ in MACHINES} == {target.subdir for target in TARGETS}


def expand(wheel: Path) -> Iterator[str]:
    """Return the tags of a wheel's name one by one, as its ``WHEEL`` has to list them (PEP 425)."""
    parts = [part.split(".") for part in wheel.stem.split("-")[-3:]]
    return ("-".join(tag) for tag in itertools.product(*parts))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.subdir)
def test_a_finished_wheel_lists_its_tags_and_holds_the_same_template(target: Target, wheels: dict[str, Path]) -> None:
    wheel = wheels[target.subdir]
    assert set(target.wheel_tags) <= set(list_tags(wheel.name))
    with zipfile.ZipFile(wheel) as archive:
        lines = archive.read(f"{INFO}/WHEEL").decode().splitlines()
        assert {line.removeprefix("Tag: ") for line in lines if line.startswith("Tag: ")} == set(expand(wheel))
        rows = [row.split(",") for row in archive.read(f"{INFO}/RECORD").decode().splitlines()]
        assert {name: hashed for name, hashed, _ in rows if hashed} == {
            name: digest(archive.read(name)) for name in archive.namelist() if not name.endswith("/RECORD")
        }
        program = archive.getinfo(f"cs_template-1.2.data/scripts/{target.program}")
        assert archive.read(program) == GOOD[target.subdir]
        assert program.external_attr >> 16 == 0o100755


def test_nothing_else_is_left(tmp_path: Path) -> None:
    own, portable = finish_wheel(write_own_wheel(tmp_path, find_target("linux-64")))
    assert sorted(tmp_path.iterdir()) == sorted((own, portable))


def test_a_wheel_with_a_faulty_template_stays_as_it_is(tmp_path: Path) -> None:
    wheel = write_own_wheel(tmp_path, find_target("linux-64"), make_elf(interpreter=b"/lib64/ld-linux-x86-64.so.2"))
    before = wheel.read_bytes()
    with pytest.raises(ForeignError, match="the template for linux-64 is not linked statically"):
        finish_wheel(wheel)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == {wheel: before}


def test_a_wheel_for_a_newer_system_is_refused(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path, "macosx_15_0_arm64", GOOD["osx-arm64"])
    with pytest.raises(
        ForeignError, match=r"maturin made .+-macosx_15_0_arm64.whl, which is not for macosx_11_0_arm64"
    ):
        finish_wheel(wheel)


# Modules that Python has on some systems only.
NOT_EVERYWHERE = ("fcntl", "grp", "pwd", "resource", "termios", "msvcrt", "winreg")


def run_module(directory: Path) -> subprocess.CompletedProcess[str]:
    """Run the module as ``nox -s build`` does, on a system without those modules."""
    program = (
        f"import runpy, subprocess, tempfile, sys; sys.modules.update(dict.fromkeys({NOT_EVERYWHERE!r})); "
        "runpy.run_module('foreign.finishing', run_name='__main__', alter_sys=True)"
    )
    command = [sys.executable, "-c", program, str(directory)]
    return subprocess.run(command, cwd=Path(finishing.__file__).parents[1], capture_output=True, text=True, check=False)


def test_every_system_can_finish_wheels(tmp_path: Path) -> None:
    own = write_own_wheel(tmp_path, find_target("win-64"))
    done = run_module(tmp_path)
    made = tmp_path / "cs_template_win_64-1.2-py3-none-any.whl"
    assert (done.stdout, done.stderr) == (f"{own}\n{made}\n", "")
    assert made.is_file()


def test_a_directory_without_wheels_of_the_template_is_refused(tmp_path: Path) -> None:
    done = run_module(tmp_path)
    assert done.returncode == 1
    assert done.stderr == f"error: {tmp_path} has no wheel of the template\n"
