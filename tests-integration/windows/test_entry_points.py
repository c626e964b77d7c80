"""Commands of Python packages, started by the project's own launcher with a real Python for Windows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from steady import wait_until

from support.windows import ARGUMENTS, CTRL_C, WindowsHome, spell
from support.windows_python import SCRIPT, SITE_PACKAGES, open_python_workshop


@pytest.fixture(scope="module")
def wheel_runtime(fast_directory: Path, cache_directory: Path, starter: tuple[str, ...]) -> Iterator[Path]:
    """A runtime whose command comes in a wheel, and that compiles its modules when it installs."""
    with open_python_workshop(fast_directory / "wheel", cache_directory, by_wheel=True) as workshop:
        yield workshop.build(bytecode='"bootstrap"')


@pytest.fixture(scope="module")
def conda_runtime(fast_directory: Path, cache_directory: Path, starter: tuple[str, ...]) -> Iterator[Path]:
    """The same, with a conda package."""
    with open_python_workshop(fast_directory / "python", cache_directory) as workshop:
        yield workshop.build(bytecode='"bootstrap"')


@pytest.fixture(params=["conda", "wheel"])
def runtime(request: pytest.FixtureRequest) -> Path:
    """Either of them."""
    found: Path = request.getfixturevalue(f"{request.param}_runtime")
    return found


def test_a_command_gets_its_arguments_and_returns_its_status(runtime: Path, windows_home: WindowsHome) -> None:
    windows_home.run(runtime, "bootstrap", check=True)
    for status in (0, 7, 255):
        windows_home.extra["GREET_STATUS"] = str(status)
        completed = windows_home.run(runtime, *ARGUMENTS)
        assert completed.returncode == status, completed.stderr
        greeting = json.loads(completed.stdout)
        assert greeting["arguments"] == [*ARGUMENTS]
        assert greeting["prefix"] == spell(windows_home.prefix)
        assert greeting["name"] == spell(windows_home.prefix / "Scripts/greet")


def test_modules_are_compiled_by_the_prefix_s_python(runtime: Path, windows_home: WindowsHome) -> None:
    completed = windows_home.run(runtime, "bootstrap")
    assert (completed.returncode, "failed" in completed.stderr) == (0, False), completed.stderr
    assert (windows_home.prefix / SITE_PACKAGES / "__pycache__/greet.cpython-313.pyc").is_file()
    assert json.loads(windows_home.run(runtime, "x").stdout)["arguments"] == ["x"]


def test_ctrl_c_is_a_keyboard_interrupt(runtime: Path, windows_home: WindowsHome) -> None:
    windows_home.run(runtime, "bootstrap", check=True)
    started = windows_home.directory / "started"
    windows_home.extra["GREET_STARTED"] = spell(started)
    with windows_home.open_console(runtime) as console:
        wait_until(started.exists)
        console.type(CTRL_C)
        written = console.read()
        assert console.wait() == 42, written
    assert "Traceback" not in written


def test_a_wheel_s_scripts_and_commands_without_a_console_start(wheel_runtime: Path, windows_home: WindowsHome) -> None:
    windows_home.run(wheel_runtime, "bootstrap", check=True)
    scripts, shown = windows_home.prefix / "Scripts", windows_home.directory / "shown"
    windows_home.extra["GREET_SHOWN"] = spell(shown)
    completed = windows_home.run(scripts / "show.exe", *ARGUMENTS)
    assert completed.returncode == 0, completed.stderr
    assert json.loads(shown.read_text()) == [spell(scripts / "show"), *ARGUMENTS]
    python = windows_home.prefix / "python.exe"
    first, rest = (scripts / "say").read_bytes().split(b"\n", 1)
    assert first.decode() == "#!" + spell(python).replace("\\", "/")
    assert SCRIPT.endswith(rest)
    completed = windows_home.run(python, spell(scripts / "say"), "x")
    assert json.loads(completed.stdout)["arguments"] == ["x"]


def test_the_record_of_a_wheel_lists_its_launchers(wheel_runtime: Path, windows_home: WindowsHome) -> None:
    windows_home.run(wheel_runtime, "bootstrap", check=True)
    (record,) = (windows_home.prefix / SITE_PACKAGES).glob("*.dist-info/RECORD")
    listed = {line.split(",")[0] for line in record.read_text().splitlines()}
    names = ("greet-script.py", "greet.exe", "say", "show-script.pyw", "show.exe")
    assert {path for path in listed if path.startswith("..")} == {f"../../Scripts/{name}" for name in names}
    assert all((record.parents[1] / path).is_file() for path in listed)
