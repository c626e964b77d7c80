"""The life of a prefix on Windows: interruptions, several at once, upgrades, removal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from steady import wait_until

from support.killing import choose_instant, run_and_kill
from support.windows import BULK_FILES, WindowsHome, spell

Build = Callable[..., Path]

WINE_FAILED = "(error 1359)"
"""What wine 8.0 has said twice when eight started at once. No such failure was seen of one process alone."""


def version_of(home: WindowsHome) -> str:
    return (home.prefix / ".demo.json").read_text("utf-8")


def beside(home: WindowsHome) -> list[str]:
    """What is left next to the prefix."""
    return sorted(path.name for path in home.directory.iterdir() if path.name.startswith("."))


def test_a_kill_does_not_make_the_next_run_wait(build: Build, windows_home: WindowsHome) -> None:
    started = windows_home.directory / "started"
    process = windows_home.start(
        build(), LINK_WAITS_FOR=spell(windows_home.directory / "never"), LINK_STARTED=spell(started)
    )
    wait_until(started.exists)
    during = windows_home.run(build(), "status").stdout
    assert "another process is working on the prefix" in during, during
    planned = windows_home.run(build(), "uninstall").stdout
    assert f"{spell(windows_home.staging)} (being built by another process)" in planned, planned
    process.kill()
    # Its streams are closed when the scripts that it ran have ended too.
    process.communicate(timeout=60)
    after = windows_home.run(build(), "status").stdout
    assert "left over" in after, after
    completed = windows_home.run(build(), "x")
    assert completed.returncode == 0, completed.stderr
    assert "another process" not in completed.stderr
    assert beside(windows_home) == []


def test_what_a_killed_runtime_has_started_ends_with_it(build: Build, windows_home: WindowsHome) -> None:
    runtime = build()
    windows_home.run(runtime, "bootstrap")
    started, go, done = (windows_home.directory / name for name in ("started", "go", "done"))
    process = windows_home.start(runtime, TOOL_STARTED=spell(started), TOOL_WAITS_FOR=spell(go), TOOL_DONE=spell(done))
    wait_until(started.exists)
    process.kill()
    # Its streams are closed when the delegate has ended too.
    process.communicate(timeout=60)
    go.touch()
    assert not done.exists()


def test_a_run_that_is_killed_at_any_time_is_made_up_for_by_the_next(
    kill: int, seed: int, build: Build, windows_home: WindowsHome
) -> None:
    command: list[str | Path] = [*windows_home.starter, build(), "bootstrap"]
    instant = choose_instant(kill, seed, home=windows_home, duration_seconds=1, files=BULK_FILES)
    run_and_kill(command, windows_home, instant)
    completed = windows_home.run(build(), "x")
    assert completed.returncode == 0, (instant, completed.stderr)
    assert "another process" not in completed.stderr, instant
    assert len(list((windows_home.prefix / "share/bulk").iterdir())) == BULK_FILES
    assert beside(windows_home) == []


@pytest.mark.parametrize("force", [False, True])
def test_eight_at_once_all_succeed(force: bool, build: Build, windows_home: WindowsHome) -> None:
    words = ("bootstrap", "--force") if force else ("x",)
    processes = [windows_home.start(build(), *words) for _ in range(8)]
    for process in processes:
        _, messages = process.communicate(timeout=300)
        if WINE_FAILED in messages:
            windows_home.run(build(), *words, check=True)
        else:
            assert process.returncode == 0, messages
    assert beside(windows_home) == []


def test_upgrade_rollback_and_back_again(build: Build, windows_home: WindowsHome) -> None:
    old, new = build(version="1.0"), build(version="2.0")
    windows_home.run(old, "x")
    first = version_of(windows_home)
    assert windows_home.run(new, "x").returncode == 0
    second = version_of(windows_home)
    assert first != second
    for expected in (first, second):
        completed = windows_home.run(new, "rollback")
        assert completed.returncode == 0, completed.stderr
        assert expected.split('"stamp":"')[1][:64] in version_of(windows_home)


def test_an_uninstall_removes_everything(build: Build, windows_home: WindowsHome) -> None:
    runtime = build()
    windows_home.run(runtime, "bootstrap")
    for path in (windows_home.prefix / "share/bulk").iterdir():
        path.chmod(0o444)
    completed = windows_home.run(runtime, "uninstall", "-y")
    assert completed.returncode == 0, completed.stderr
    assert not windows_home.prefix.exists()
    assert beside(windows_home) == []


def test_a_prefix_is_not_removed_from_within(build: Build, windows_home: WindowsHome) -> None:
    runtime = build()
    windows_home.run(runtime, "bootstrap")
    completed = windows_home.run(runtime, "uninstall", "-y", cwd=windows_home.prefix / "share")
    assert completed.returncode == 77, completed.stderr
    assert "working directory" in completed.stderr
    assert (windows_home.prefix / ".demo.json").is_file()


def test_status_writes_nothing(build: Build, windows_home: WindowsHome) -> None:
    runtime = build()
    windows_home.run(runtime, "bootstrap")
    places = (windows_home.directory, windows_home.prefix)
    before = [place.stat().st_mtime_ns for place in places]
    assert windows_home.run(runtime, "status").returncode == 0
    assert [place.stat().st_mtime_ns for place in places] == before
