"""Programs of the prefix that run, and files of it that are open, while the runtime changes it.

Windows refuses to rename or remove what is open; wine lets directories be renamed. What holds on both is tested here.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from steady import wait_until

from support.windows import WindowsHome, spell

Build = Callable[..., Path]


@contextlib.contextmanager
def running(home: WindowsHome, runtime: Path) -> Iterator[None]:
    """Let the delegate run, with a file of the prefix open, until the block ends."""
    started, go = home.directory / "started", home.directory / "go"
    opened = spell(home.prefix / "share/bulk/1.txt")
    variables = {"TOOL_STARTED": spell(started), "TOOL_WAITS_FOR": spell(go), "TOOL_OPENS": opened}
    process = home.start(runtime, **variables)
    try:
        wait_until(started.exists)
        yield
    finally:
        go.touch()
        _, messages = process.communicate(timeout=60)
        for file in (started, go):
            file.unlink(missing_ok=True)
    assert process.returncode == 0, messages


def names(home: WindowsHome) -> list[str]:
    return sorted(path.name for path in home.directory.iterdir())


def test_an_uninstall_says_what_is_in_use_and_is_finished_by_the_next(build: Build, windows_home: WindowsHome) -> None:
    runtime = build()
    windows_home.run(runtime, "bootstrap")
    with running(windows_home, runtime):
        refused = windows_home.run(runtime, "uninstall", "-y")
        assert refused.returncode != 0
        assert ".demo" in refused.stderr, refused.stderr
        assert "Close the programs that" in refused.stderr, refused.stderr
    completed = windows_home.run(runtime, "uninstall", "-y")
    assert completed.returncode == 0, completed.stderr
    assert names(windows_home) == []


@pytest.mark.parametrize("words", [("x",), ("bootstrap",)])
def test_an_upgrade_lets_programs_of_the_old_prefix_go_on(
    words: tuple[str, ...], build: Build, windows_home: WindowsHome
) -> None:
    old, new = build(version="1.0"), build(version="2.0")
    windows_home.run(old, "bootstrap")
    with running(windows_home, old):
        windows_home.run(new, *words)
        assert windows_home.run(new, "x").returncode == 0
    completed = windows_home.run(new, "bootstrap")
    assert completed.returncode == 0, completed.stderr
    assert "demo 2.0" in windows_home.run(new, "status").stdout
    completed = windows_home.run(new, "uninstall", "-y")
    assert completed.returncode == 0, completed.stderr
    assert names(windows_home) == []


def test_a_forced_bootstrap_with_a_file_open_leaves_a_complete_prefix(build: Build, windows_home: WindowsHome) -> None:
    runtime = build()
    windows_home.run(runtime, "bootstrap")
    with running(windows_home, runtime):
        windows_home.run(runtime, "bootstrap", "--force")
        assert windows_home.run(runtime, "x").returncode == 0
    completed = windows_home.run(runtime, "bootstrap", "--force")
    assert completed.returncode == 0, completed.stderr
    assert [name for name in names(windows_home) if name != "demo"] == []
