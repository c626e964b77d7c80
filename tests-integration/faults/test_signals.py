"""Interrupt commands: they clean up at once, and say by their exit status which signal it was."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable

import pytest
from steady import wait_until

from support.commands import Home
from support.inspection import assert_complete, list_names, read_marker
from support.killing import count_files
from support.processes import LONG_SECONDS, assert_no_process_in, finish, start, wait_for_script
from support.workshop import Workshop

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
SHARES = [0.1, 0.5, 0.9]


@pytest.fixture
def slow_run(plain_workshop: Workshop, home: Home) -> subprocess.Popen[str]:
    """A first run that stands still in a post-link script."""
    home.extra["SCRIPT_SECONDS"] = LONG_SECONDS
    process = start(home, plain_workshop.build(), "word")
    wait_for_script(home)
    home.extra["SCRIPT_SECONDS"] = ""
    return process


@pytest.mark.parametrize(("number_of_signal", "status"), SIGNALS)
@pytest.mark.parametrize("send", [os.kill, os.killpg])
def test_a_signal_ends_a_script_and_leaves_nothing(
    number_of_signal: signal.Signals,
    status: int,
    send: Callable[[int, int], None],
    slow_run: subprocess.Popen[str],
    home: Home,
) -> None:
    send(slow_run.pid, number_of_signal)
    found, _, message = finish(slow_run)
    assert found == status, message
    assert "interrupted" in message
    assert list_names(home.directory) == []
    assert_no_process_in(home.directory)


def test_a_killed_run_takes_the_programs_of_its_script_along(slow_run: subprocess.Popen[str], home: Home) -> None:
    slow_run.kill()
    slow_run.communicate()
    assert_no_process_in(home.directory)


@pytest.mark.parametrize("setting", ["on-import", "bootstrap"])
@pytest.mark.parametrize("share", SHARES)
def test_a_signal_at_any_time_leaves_nothing_or_a_complete_prefix(
    setting: str, share: float, workshop: Workshop, home: Home
) -> None:
    runtime = workshop.build(bytecode=f'"{setting}"')
    assert home.run(runtime, "bootstrap").returncode == 0
    count = share * count_files(home.prefix)
    assert home.run(runtime, "uninstall", "-y").returncode == 0
    process = start(home, runtime, "bootstrap")
    staging = home.prefix.with_name(".demo.staging")
    wait_until(lambda: process.poll() is not None or count_files(staging) >= count)
    process.terminate()
    status, _, message = finish(process)
    assert status in (143, 0), message
    assert_no_process_in(home.directory)
    if home.prefix.exists():
        assert list_names(home.prefix.parent) == ["demo"]
        assert_complete(home.prefix, packages=len(workshop.records))
    else:
        assert status == 143
        assert list_names(home.directory) == []


def test_an_interrupted_upgrade_leaves_the_older_prefix(plain_workshop: Workshop, home: Home) -> None:
    old, new = plain_workshop.build(version="1.0"), plain_workshop.build(version="2.0")
    assert home.run(old, "word").returncode == 0
    (home.prefix / "envs" / "mine" / "conda-meta").mkdir(parents=True)
    (home.prefix / "share" / "started").unlink()
    home.extra["SCRIPT_SECONDS"] = LONG_SECONDS
    process = start(home, new, "word")
    wait_for_script(home)
    process.send_signal(signal.SIGINT)
    assert process.wait() == 130
    process.communicate()
    assert list_names(home.prefix.parent) == ["demo"]
    assert read_marker(home.prefix)["runtime_version"] == "1.0"
    assert (home.prefix / "envs" / "mine").is_dir()
    assert home.run(old, "word").stdout == f"{home.prefix} word\n"


def test_who_waits_can_be_interrupted_without_disturbing_the_builder(
    slow_run: subprocess.Popen[str], plain_workshop: Workshop, home: Home
) -> None:
    waiter = start(home, plain_workshop.build(), "word")
    assert waiter.stderr is not None
    assert "another process is working on" in waiter.stderr.readline()
    waiter.send_signal(signal.SIGINT)
    assert waiter.wait() == 130
    waiter.communicate()
    assert slow_run.poll() is None
    assert list_names(home.prefix.parent) == [".demo.staging"]
    slow_run.terminate()
    assert slow_run.wait() == 143
    slow_run.communicate()
    assert list_names(home.directory) == []
