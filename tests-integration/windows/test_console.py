"""Windows runtimes at a console, which wine makes of a terminal: keys, questions, the shell."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from steady import wait_until

from support.windows import CTRL_C, OLD_CONSOLE, WindowsHome, compile_program, spell

Build = Callable[..., Path]

CLEAR_LINE = b"\x1b[2K"


def test_ctrl_c_ends_an_installation_and_leaves_nothing(build: Build, windows_home: WindowsHome) -> None:
    started = windows_home.directory / "started"
    windows_home.extra |= {"LINK_WAITS_FOR": spell(windows_home.directory / "never"), "LINK_STARTED": spell(started)}
    with windows_home.open_console(build(), "bootstrap") as console:
        wait_until(started.exists)
        console.type(CTRL_C)
        written = console.read()
    assert "post-link script" not in written, written
    assert not windows_home.prefix.exists()
    assert [*windows_home.directory.iterdir()] == [started]


def test_ctrl_c_is_the_delegates_and_its_status_comes_back(build: Build, windows_home: WindowsHome) -> None:
    runtime = build()
    windows_home.run(runtime, "bootstrap")
    started, never = windows_home.directory / "started", windows_home.directory / "never"
    windows_home.extra |= {"TOOL_STARTED": spell(started), "TOOL_WAITS_FOR": spell(never), "TOOL_INTERRUPTED": "42"}
    with windows_home.open_console(runtime) as console:
        wait_until(started.exists)
        console.type(CTRL_C)
        console.read()
        assert console.wait() == 42


@pytest.mark.parametrize(("answer", "is_removed"), [("y", True), ("n", False), ("", False)])
def test_an_uninstall_asks(answer: str, is_removed: bool, build: Build, windows_home: WindowsHome) -> None:
    runtime = build()
    windows_home.run(runtime, "bootstrap")
    with windows_home.open_console(runtime, "uninstall") as console:
        asked = console.read("[y/N]")
        assert spell(windows_home.prefix) in asked
        console.type(f"{answer}\r")
        written = console.read()
        assert console.wait() == 0, written
    assert ("Nothing removed." in written) != is_removed
    assert windows_home.prefix.exists() != is_removed


def test_a_shell_has_everything_on_its_path_and_hands_its_status_back(build: Build, windows_home: WindowsHome) -> None:
    runtime = build()
    windows_home.run(runtime, "bootstrap")
    started, done = windows_home.directory / "started", windows_home.directory / "done"
    windows_home.extra |= {"TOOL_STARTED": spell(started), "TOOL_DONE": spell(done)}
    with windows_home.open_console(runtime, "shell") as console:
        console.read(">")
        console.type('tool "%CONDA_PREFIX%" %HOOKED%\r')
        wait_until(done.exists)
        console.type("exit 5\r")
        written = console.read().replace("\r\n", "")
        assert f"argument={spell(windows_home.prefix)}argument=yes" in written
        assert console.wait() == 5


@pytest.mark.parametrize("is_old", [False, True])
def test_a_console_that_obeys_no_escape_sequences_gets_none(
    is_old: bool, build: Build, windows_home: WindowsHome, tmp_path: Path
) -> None:
    """wine's own console writes some about its cursor, but clears no line."""
    old = compile_program(OLD_CONSOLE, tmp_path / "old_console.exe")
    words = (old, spell(build())) if is_old else (build(),)
    with windows_home.open_console(*words, "bootstrap") as console:
        written = console.read()
        assert console.wait() == 0, written
    assert "installed 4 packages" in written
    assert (CLEAR_LINE in console.raw) != is_old
    assert ("━━━━" in written) != is_old
