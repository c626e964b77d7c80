"""Looking into wheels."""

from __future__ import annotations

import contextlib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_samples import make_wheel, wheel_files
from cs_cli.archives.contents import read_contents
from cs_cli.archives.wheels import read_metadata
from cs_cli.errors import CliError

NAME = "demo-1.0-py3-none-any.whl"
FILES = {
    "demo/__init__.py": b"def main(): ...\n",
    "demo-1.0.data/scripts/shell-tool": b"#!/bin/sh\n",
    "demo-1.0.data/data/bin/data-tool": b"#!/bin/sh\n",
    "demo-1.0.data/data/share/demo.txt": b"text",
    "demo-1.0.data/data/tool.exe": b"MZ",
    "demo-1.0.data/platlib/demo/native.so": b"ELF",
    "demo-1.0.data/headers/demo.h": b"",
    "tool.exe": b"a file of site-packages",
}


def write(directory: Path, files: dict[str, bytes] | None = None, **more: Any) -> Path:
    return make_wheel(directory / NAME, wheel_files(files or {}, **more))


def test_commands_sizes_and_files_are_found(tmp_path: Path) -> None:
    wheel = write(tmp_path, FILES, entry_points=["demo = demo:main", "Demo-2=demo:other [extra]"])
    contents, members = (
        read_contents(wheel),
        wheel_files(FILES, entry_points=["demo = demo:main", "Demo-2=demo:other [extra]"]),
    )
    assert contents.executables == ("bin/data-tool", "python-scripts/shell-tool", "tool.exe")
    assert contents.entry_points == ("Demo-2", "demo")
    assert contents.installed_file_count == len(members)
    assert contents.installed_size_bytes == sum(map(len, members.values()))
    assert contents.prefix_limit_bytes is None


def test_commands_with_a_window_are_commands(tmp_path: Path) -> None:
    text = b"# comment\n[console_scripts]\n; another\na = a:b\n[gui_scripts]\nc=d : e.f\n[other.group]\nx = y\n"
    wheel = write(tmp_path, {"demo-1.0.dist-info/entry_points.txt": text})
    assert read_contents(wheel).entry_points == ("a", "c")


def test_a_script_with_the_name_of_an_entry_point_is_not_installed(tmp_path: Path) -> None:
    names = ("demo", "demo.exe", "demo-script.py", "other")
    scripts = {f"demo-1.0.data/scripts/{name}": b"" for name in names}
    contents = read_contents(write(tmp_path, scripts, entry_points=["demo = demo:main", "pip3.9 = demo:main"]))
    assert (contents.executables, contents.entry_points) == (("python-scripts/other",), ("demo",))


def test_metadata_is_read(tmp_path: Path) -> None:
    headers = (
        "Requires-Python: >=3.11\nLicense-Expression: MIT\nLicense: none of this\n"
        'Requires-Dist: six\nRequires-Dist: rich>=13 ; extra ==\n  "color"\n\nName: not a header\n'
    )
    metadata = read_metadata(write(tmp_path, name="Demo.Tool", headers=headers))
    assert (metadata.name, metadata.version, metadata.license) == ("Demo.Tool", "1.0", "MIT")
    assert metadata.requires_dist == ("six", 'rich>=13 ; extra == "color"')
    assert metadata.requires_python == ">=3.11"


CLASSIFIERS = "Classifier: License :: OSI Approved :: MIT License\nClassifier: License :: Public Domain\n"


@pytest.mark.parametrize(
    ("headers", "license"),
    [
        ("License: Zlib\n" + CLASSIFIERS, "Zlib"),
        (CLASSIFIERS, "MIT License, Public Domain"),
        ("License: UNKNOWN\n" + CLASSIFIERS, "MIT License, Public Domain"),
        (f"License: {'all rights ' * 10}\n{CLASSIFIERS}", "MIT License, Public Domain"),
        ("License: ünïcode\n", "ünïcode"),
        ("License: \n", None),
        ("", None),
    ],
)
def test_the_shortest_statement_of_a_licence_counts(headers: str, license: str | None, tmp_path: Path) -> None:
    assert read_metadata(write(tmp_path, headers=headers)).license == license


def without(name: str) -> dict[str, bytes]:
    return {path: data for path, data in wheel_files({}).items() if not path.endswith(name)}


BROKEN = {
    "a path that leads up": wheel_files({"../evil.py": b""}),
    "a path that leads up in the data": wheel_files({"demo-1.0.data/data/../../evil": b""}),
    "an absolute path": wheel_files({"/etc/evil": b""}),
    "a path of Windows": wheel_files({"demo\\evil.py": b""}),
    "a path without end": wheel_files({f"{'x/' * 300}x": b""}),
    "an unknown scheme": wheel_files({"demo-1.0.data/etc/evil": b""}),
    "a directory among the scripts": wheel_files({"demo-1.0.data/scripts/sub/tool": b""}),
    "a record of conda": wheel_files({"demo-1.0.data/data/conda-meta/history": b""}),
    "a script of the runtime": wheel_files({"demo-1.0.data/data/etc/conda-ship/evil.sh": b""}),
    "the settings of conda": wheel_files({"demo-1.0.data/data/.condarc": b""}),
    "an interpreter among the scripts": wheel_files({"demo-1.0.data/scripts/Python3.12": b""}),
    "an interpreter in the data": wheel_files({"demo-1.0.data/data/bin/python": b""}),
    "a script of a conda package": wheel_files({"demo-1.0.data/scripts/.python-post-link.sh": b""}),
    "a script of a conda package in the data": wheel_files({"demo-1.0.data/data/Scripts/.x-Pre-unlink.bat": b""}),
    "a script of a conda package as entry point": wheel_files({}, entry_points=[".x-post-link.sh = demo:main"]),
    "an interpreter as entry point": wheel_files({}, entry_points=["python3 = demo:main"]),
    "an entry point in a directory": wheel_files({}, entry_points=["../evil = demo:main"]),
    "an entry point without a function": wheel_files({}, entry_points=["demo = demo"]),
    "an entry point that is code": wheel_files({}, entry_points=["demo = demo:main()"]),
    "two projects": {**wheel_files({}), **wheel_files({}, name="other")},
    "no METADATA": without("METADATA"),
    "no WHEEL": without("WHEEL"),
    "no RECORD": without("RECORD"),
    "no metadata at all": {"demo.py": b""},
    "another format": {**wheel_files({}), "demo-1.0.dist-info/WHEEL": b"Wheel-Version: 2.0\n"},
    "no format": {**wheel_files({}), "demo-1.0.dist-info/WHEEL": b""},
    "no name": {**wheel_files({}), "demo-1.0.dist-info/METADATA": b"Version: 1.0\n"},
    "too much metadata": wheel_files({}, headers="X: " + "y" * (4 << 20)),
    "a bomb": wheel_files({"demo.py": bytes(96 << 20)}),
}


@pytest.mark.parametrize("members", BROKEN.values(), ids=BROKEN)
def test_what_no_runtime_would_install_is_refused(members: dict[str, bytes], tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / NAME, members)
    for read in (read_contents, read_metadata):
        with pytest.raises(CliError) as raised:
            read(wheel)
        assert (raised.value.kind, raised.value.path) == ("archive-damaged", wheel)


@pytest.mark.parametrize("name", [".tool.json", ".Tool.JSON.new", ".tool.staging/x", ".tool.json/x"])
def test_a_file_of_the_runtime_itself_is_refused(name: str, tmp_path: Path) -> None:
    wheel = write(tmp_path, {f"demo-1.0.data/data/{name}": b"{}"})
    with pytest.raises(CliError, match="is not a file that a wheel may install"):
        read_contents(wheel, runtime="Tool")
    assert read_contents(wheel, runtime="other") == read_contents(wheel)


@pytest.mark.parametrize(("mode", "system", "expected"), [(0o755, 3, True), (0o644, 3, False), (0o755, 0, False)])
def test_a_file_that_cannot_be_executed_is_not_a_command(
    mode: int, system: int, expected: bool, tmp_path: Path
) -> None:
    wheel = write(tmp_path)
    with zipfile.ZipFile(wheel, "a") as container:
        for name in ("bin/tool", "Scripts/tool.exe"):
            info = zipfile.ZipInfo(f"demo-1.0.data/data/{name}")
            info.create_system, info.external_attr = system, mode << 16
            container.writestr(info, b"")
    assert read_contents(wheel).executables == (("Scripts/tool.exe", "bin/tool") if expected else ("Scripts/tool.exe",))


def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    wheel = write(tmp_path, {"demo/one.py": b"1", "demo/two.py": b"2"})
    wheel.write_bytes(wheel.read_bytes().replace(b"demo/two.py", b"demo/one.py"))
    with pytest.raises(CliError, match=r"demo/one\.py twice"):
        read_metadata(wheel)


def test_a_directory_that_only_looks_like_data_is_a_package(tmp_path: Path) -> None:
    contents = read_contents(write(tmp_path, {"other.data/scripts/tool": b"", "demo/": b""}))
    assert contents.executables == ()


@given(data=st.data())
@settings(max_examples=60)
def test_a_damaged_wheel_is_an_error_and_nothing_else(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    wheel = write(tmp_path_factory.mktemp("wheel"), FILES, entry_points=["demo = demo:main"])
    content = bytearray(wheel.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    wheel.write_bytes(bytes(content))
    for read in (read_contents, read_metadata):
        with contextlib.suppress(CliError):
            read(wheel)
