"""Compiling the modules of noarch packages at build time."""

from __future__ import annotations

import importlib.util
import io
import json
import marshal
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from steady import wait_until

import cs_cli.building.bytecode
from cli_samples import Channel, Cs, Workspace, make_workspace
from cs_cli.building.bytecode import compiled_name, list_wheel_modules, pack_bytecode
from cs_cli.building.temporary_prefix import TemporaryPrefix
from cs_cli.errors import CliError
from cs_stamp import read_stamp

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
TAG = f"cpython-{VERSION.replace('.', '')}"
SITE = f"lib/python{VERSION}/site-packages"
MODULES = {
    "hello/__init__.py": "VALUE = frozenset({'a', 'b', 'c'})\ndef main(): return VALUE\n",
    "hello/broken.py": "def broken(:\n",
    "hello/data.txt": "not a module",
    **{f"hello/module_{number}.py": f"NAMES = {{'x{number}', 'y'}}\n" for number in range(20)},
}

WHEELS = {
    "shipped.dist-info": (
        b"conda-ship",
        ["shipped/a.py", '"shipped/b, c.py"', "shipped/data.txt", "../../../bin/shipped.py"],
    ),
    "added.dist-info": (b"pip", ["added/a.py"]),
}
"""INSTALLER and paths in RECORD, by the directory of each."""


def install_fake(plan: Any, template: Path, supplies: Any, work: Path) -> TemporaryPrefix:
    """Make a prefix as the runtime would, around the Python of the tests."""
    prefix = work / "prefix"
    for name, text in MODULES.items():
        path = prefix / SITE / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    python = prefix / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    (prefix / "conda-meta").mkdir()
    for package in plan.package_plan.packages:
        files = [f"{SITE}/{name}" for name in MODULES] if package.name == "hello" else [f"{SITE}/native.py"]
        record = prefix / "conda-meta" / f"{package.name}-{package.version}-{package.build}.json"
        record.write_text(json.dumps({"files": files}))
    return TemporaryPrefix(path=prefix, runtime=template, subdir=plan.subdir)


@pytest.fixture
def build(tmp_path: Path, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Build a runtime with shipped bytecode around a fake installation."""
    channel = Channel(tmp_path / "channel")
    channel.add("python", {"bin/python": b"#!"}, version=f"{VERSION}.0")
    channel.add("hello", {}, "python", noarch="python", entry_points=["hello = hello:main"])
    monkeypatch.setattr(cs_cli.building.bytecode, "install_temporary_prefix", install_fake)

    def build(out_dir: str = "dist", **ship: str) -> Path:
        root = make_workspace(tmp_path / "workspace", channel, bytecode='"shipped"', **ship).write()
        outcome = cs("build", "--root", root, "--out-dir", tmp_path / out_dir)
        assert outcome.status == 0, outcome.err
        return tmp_path / out_dir / "demoz"

    return build


def unpack(runtime: Path) -> dict[str, bytes]:
    """Return the entries of a runtime's bytecode."""
    with read_stamp(runtime) as stamp:
        data = stamp.read_part("bytecode")
    raw = zstandard.ZstdDecompressor().decompressobj().decompress(data)
    with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def test_modules_of_wheels_are_those_that_their_records_list(tmp_path: Path) -> None:
    for name, (installer, rows) in WHEELS.items():
        (tmp_path / SITE / name).mkdir(parents=True)
        (tmp_path / SITE / name / "INSTALLER").write_bytes(installer)
        (tmp_path / SITE / name / "RECORD").write_text("".join(f"{row},,\n" for row in rows))
    assert sorted(list_wheel_modules(tmp_path, SITE)) == [f"{SITE}/shipped/a.py", f"{SITE}/shipped/b, c.py"]


def test_modules_of_noarch_packages_are_compiled_and_no_others(build: Callable[..., Path]) -> None:
    names = list(unpack(build()))
    expected = [name for name in MODULES if name.endswith(".py") and "broken" not in name]
    assert names == sorted(f"{SITE}/hello/__pycache__/{Path(name).stem}.{TAG}.pyc" for name in expected)


def test_compiled_modules_are_unchecked_and_know_their_place_in_the_prefix(build: Callable[..., Path]) -> None:
    data = unpack(build())[f"{SITE}/hello/__pycache__/__init__.{TAG}.pyc"]
    assert data[:4] == importlib.util.MAGIC_NUMBER
    assert int.from_bytes(data[4:8], "little") == 0b01  # PEP 552: by hash, unchecked
    assert marshal.loads(data[16:]).co_filename == f"{SITE}/hello/__init__.py"


def test_two_builds_give_the_same_bytes(build: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    first = build("one").read_bytes()
    monkeypatch.setenv("PYTHONHASHSEED", "2")
    monkeypatch.setattr("os.cpu_count", lambda: 7)
    assert build("two").read_bytes() == first


def test_the_delegate_need_not_be_python(build: Callable[..., Path]) -> None:
    assert len(unpack(build(delegate='"hello"'))) == 21


def test_verify_counts_the_modules(build: Callable[..., Path], cs: Cs) -> None:
    assert "ok: demoz: 21 compiled modules" in cs("verify", build().parent).out


def test_an_environment_without_python_ships_an_empty_part(tmp_path: Path, template: Path, cs: Cs) -> None:
    channel = Channel(tmp_path / "channel")
    channel.add("tool", {"bin/tool": b"x"})
    made = make_workspace(tmp_path / "w", channel, delegate='"tool"', bytecode='"shipped"')
    made.specs = ("tool",)
    assert cs("build", "--root", made.write(), "--out-dir", tmp_path / "dist").status == 0
    assert unpack(tmp_path / "dist" / "demoz") == {}


def test_another_platform_cannot_be_compiled_for(
    workspace: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cs_cli.building.bytecode.host_platform", lambda: "osx-64")
    outcome = cs("build", "--bytecode", "shipped")
    assert outcome.status == 1
    assert "bytecode for linux-64 cannot be compiled on osx-64" in outcome.err
    assert 'hint: build on that platform, or set bytecode = "bootstrap"' in outcome.err


def test_an_installation_that_fails_says_what_the_runtime_said(
    workspace: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        return subprocess.CompletedProcess(command, 74, b"", b"demo: the disk is full\n")

    monkeypatch.setattr("cs_cli.building.temporary_prefix.subprocess.run", fail)
    outcome = cs("build", "--bytecode", "shipped")
    assert outcome.status == 1
    assert "cannot install the packages into a temporary prefix: demo: the disk is full" in outcome.err
    assert not Path("dist").exists()


def test_a_python_that_fails_is_an_error(build: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cs_cli.building.bytecode, "_COMPILER", "import sys; sys.exit('no luck')")
    with pytest.raises(AssertionError, match="the environment's Python failed with status 1: no luck"):
        build()


def test_compilers_that_are_stopped_end_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        cs_cli.building.bytecode, "_COMPILER", "import pathlib, time; pathlib.Path('ready').touch(); time.sleep(3600)"
    )
    monkeypatch.chdir(tmp_path)
    compilers = cs_cli.building.bytecode._Compilers(Path(sys.executable), tmp_path)
    errors: list[CliError] = []

    def work() -> None:
        try:
            compilers.compile(["x.py"], tmp_path / "share-0")
        except CliError as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    wait_until(Path("ready").exists)
    compilers.stop()
    thread.join(60)
    assert not thread.is_alive()
    assert "failed with status -9" in errors[0].message
    compilers.compile(["y.py"], tmp_path / "share-1")
    assert not (tmp_path / "share-1").exists()


@pytest.mark.parametrize(
    ("module", "version", "name"),
    [
        ("lib/a/x.py", "3.11.7", "lib/a/__pycache__/x.cpython-311.pyc"),
        ("Lib/site-packages/x.y.py", "3.9.0", "Lib/site-packages/__pycache__/x.y.cpython-39.pyc"),
    ],
)
def test_compiled_modules_are_named_as_python_does(module: str, version: str, name: str) -> None:
    assert compiled_name(module, version) == name


def test_packing_is_deterministic_and_readable(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode() * 100_000)
    pack_bytecode(tmp_path, ["a", "b"], tmp_path / "one")
    (tmp_path / "a").touch()
    pack_bytecode(tmp_path, ["a", "b"], tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
