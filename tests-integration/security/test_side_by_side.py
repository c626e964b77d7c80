"""An older and a newer executable at once: each starts its own delegate, whatever the other does meanwhile.

The law: between the look at the prefix and the start of the program in it, no process moves the prefix; and a
process that finds another version there says so, or puts its own in place first.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.commands import Home
from support.inspection import list_names, read_marker
from support.processes import finish, start, wait_for_text
from support.versions import KINDS, build_versions, said_by

AT_ONCE = 8
ROUNDS = 4
pytestmark = pytest.mark.only("on Linux", "directories are exchanged by renameat2")

AT_FDCWD, RENAME_EXCHANGE = -100, 2

Versions = dict[tuple[str, int], Path]


@pytest.fixture(scope="session")
def versions(fast_directory: Path, cache_directory: Path) -> Versions:
    return build_versions(fast_directory / "versions", cache_directory, (1, 2))


@contextlib.contextmanager
def locked(directory: Path, operation: int) -> Iterator[None]:
    """Lock a directory, for as long as the block takes."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, operation)
        yield
    finally:
        os.close(descriptor)


def exchange(one: Path, other: Path) -> None:
    """Give each of two directories the other's name, in one step."""
    libc = ctypes.CDLL(None, use_errno=True)
    status = libc.renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE)
    assert status == 0, os.strerror(ctypes.get_errno())


def launch(home: Home, versions: Versions, kind: str, number: int) -> subprocess.Popen[str]:
    return start(home, versions[kind, number], *KINDS[kind].arguments)


def launch_traced(
    home: Home, versions: Versions, kind: str, number: int, *options: str
) -> tuple[subprocess.Popen[str], Path]:
    """Do the same under ``strace``.

    :returns: the process, and the file that its locks and programs are written to.
    """
    trace = home.directory / "trace"
    words: tuple[str | Path, ...] = ("strace", "-f", "-qq", "-o", trace, "-e", "trace=execve,flock", *options)
    return start(home, *words, versions[kind, number], *KINDS[kind].arguments), trace


def wait_until_it_waits(trace: Path) -> None:
    """Wait until a traced process has found a lock held again and again."""
    wait_for_text(trace, "= -1 EAGAIN", count=5)


def install(home: Home, versions: Versions, kind: str, *numbers: int) -> None:
    for number in numbers:
        status, output, message = finish(launch(home, versions, kind, number))
        assert (status, output) == (0, said_by(number)), message


@pytest.mark.parametrize("kind", KINDS)
def test_of_old_and_new_at_once_each_runs_its_own(kind: str, versions: Versions, home: Home) -> None:
    for _ in range(ROUNDS):
        processes = [(number, launch(home, versions, kind, number)) for _ in range(AT_ONCE) for number in (1, 2)]
        results = [(number, finish(process)) for number, process in processes]
        for number, (status, output, message) in results:
            assert (status, output) == (0, said_by(number)), message
        assert list_names(home.prefix.parent) == [".demo.previous", "demo"]


@pytest.mark.tools("strace")
@pytest.mark.parametrize("kind", KINDS)
def test_an_upgrade_waits_for_a_run_that_is_about_to_start(kind: str, versions: Versions, home: Home) -> None:
    install(home, versions, kind, 1)
    with locked(home.prefix, fcntl.LOCK_SH):
        newer, trace = launch_traced(home, versions, kind, 2)
        wait_until_it_waits(trace)
        assert read_marker(home.prefix)["runtime_version"] == "1.0"
    status, output, message = finish(newer)
    assert (status, output) == (0, said_by(2)), message


def test_a_lock_that_is_never_released_delays_an_upgrade_by_seconds_only(versions: Versions, home: Home) -> None:
    install(home, versions, "script", 1)
    with locked(home.prefix, fcntl.LOCK_SH):
        install(home, versions, "script", 2)
    assert read_marker(home.prefix)["runtime_version"] == "2.0"


def test_a_lock_that_is_never_released_delays_a_run_by_seconds_only(versions: Versions, home: Home) -> None:
    install(home, versions, "script", 1)
    with locked(home.prefix, fcntl.LOCK_EX):
        install(home, versions, "script", 1)


@pytest.mark.tools("strace")
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_suspended_just_before_it_starts_its_delegate(kind: str, versions: Versions, home: Home) -> None:
    install(home, versions, kind, 1)
    delay = "inject=execve:delay_enter=1s:when=2"
    older, trace = launch_traced(home, versions, kind, 1, "-e", delay)
    wait_for_text(trace, r"LOCK_SH\|LOCK_NB\) += 0")  # the delay is behind it
    install(home, versions, kind, 2)
    status, output, message = finish(older)
    assert (status, output) == (0, said_by(1)), message


@pytest.mark.tools("strace")
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_looks_again_when_the_prefix_was_exchanged_while_it_waited(
    kind: str, versions: Versions, home: Home
) -> None:
    install(home, versions, kind, 1, 2)
    with locked(home.prefix, fcntl.LOCK_EX):
        newer, trace = launch_traced(home, versions, kind, 2)
        wait_until_it_waits(trace)
        exchange(home.prefix, home.prefix.with_name(".demo.previous"))
    status, output, message = finish(newer)
    assert (status, output) == (0, said_by(2)), message
    assert read_marker(home.prefix)["runtime_version"] == "2.0"


def test_an_older_executable_says_that_it_takes_the_place_of_a_newer(versions: Versions, home: Home) -> None:
    install(home, versions, "script", 1, 2)
    older = home.run(versions["script", 1], "say")
    assert older.stdout == said_by(1)
    assert older.stderr.startswith("demo: downgraded 2.0 → 1.0 in ")
    assert older.stderr.count("\n") == 1
    assert home.run(versions["script", 1], "say").stderr == ""


def test_a_user_who_wants_to_keep_the_other_version_says_so(versions: Versions, home: Home) -> None:
    install(home, versions, "script", 1, 2)
    assert home.run(versions["script", 2], "rollback").returncode == 0
    processes = [launch(home, versions, "script", 2) for _ in range(AT_ONCE)]
    ends = [finish(process) for process in processes]
    for status, output, message in ends:
        assert (status, output) == (0, said_by(1)), message
    messages = [message for _, _, message in ends if message]
    assert messages
    assert all("keeping demo 1.0 (rolled back from 2.0)" in message for message in messages)
    assert home.run(versions["script", 2], "say").stderr == ""
