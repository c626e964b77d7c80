"""Commands of Python packages, started by the project's own launcher with a real Python for Windows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from steady import wait_until

from support.windows import ARGUMENTS, CTRL_C, WindowsHome, spell
from support.windows_python import SITE_PACKAGES, open_python_workshop


@pytest.fixture(scope="module")
def runtime(fast_directory: Path, cache_directory: Path, starter: tuple[str, ...]) -> Iterator[Path]:
    """A runtime that compiles its modules when it installs."""
    with open_python_workshop(fast_directory / "python", cache_directory) as workshop:
        yield workshop.build(bytecode='"bootstrap"')


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
