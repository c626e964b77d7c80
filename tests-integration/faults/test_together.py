"""Many runs at once: one of them builds, the others wait and then run."""

from __future__ import annotations

import random
import signal
import subprocess
from pathlib import Path

import pytest

from support.commands import Home
from support.inspection import assert_complete, list_names, read_marker
from support.processes import LONG_SECONDS, assert_no_process_in, finish, let_run, start, wait_for_script
from support.workshop import Workshop

MANY = 16


def run_many(home: Home, runtime: Path, *arguments: str) -> list[tuple[int, str, str]]:
    """Start many runs together and wait for all."""
    return [finish(process) for process in [start(home, runtime, *arguments) for _ in range(MANY)]]


@pytest.mark.parametrize("layout", ["embedded", "online"])
def test_of_many_first_runs_one_installs_and_all_run(layout: str, workshop: Workshop, home: Home) -> None:
    runtime = workshop.build(layout=f'"{layout}"')
    results = run_many(home, runtime, "-c", "print('ran')")
    assert [(status, output) for status, output, _ in results] == [(0, "ran\n")] * MANY, results
    messages = [message for _, _, message in results]
    assert sum("installed 12 packages" in message for message in messages) == 1, messages
    assert list_names(home.prefix.parent) == ["demo"]
    assert_complete(home.prefix, packages=12)


def test_those_who_wait_say_so_once(plain_workshop: Workshop, home: Home) -> None:
    runtime = plain_workshop.build()
    home.extra["SCRIPT_SECONDS"] = "2"
    builder = start(home, runtime, "first")
    wait_for_script(home)
    results = run_many(home, runtime, "word")
    status, _, message = finish(builder)
    assert status == 0, message
    for status, output, message in results:
        assert (status, output) == (0, f"{home.prefix} word\n"), message
        assert message.splitlines() == [f"demo: another process is working on {home.show(home.prefix)}; waiting for it"]


def test_of_many_upgrades_one_replaces_and_all_run(plain_workshop: Workshop, home: Home) -> None:
    old, new = plain_workshop.build(version="1.0"), plain_workshop.build(version="2.0")
    assert home.run(old, "word").returncode == 0
    results = run_many(home, new, "word")
    assert [(status, output) for status, output, _ in results] == [(0, f"{home.prefix} word\n")] * MANY, results
    assert sum("demo: upgraded in " in message for _, _, message in results) == 1, results
    assert list_names(home.prefix.parent) == [".demo.previous", "demo"]
    assert read_marker(home.prefix)["runtime_version"] == "2.0"
    assert_complete(home.prefix, packages=2)


def test_removals_and_runs_at_once_end_in_one_state_or_the_other(plain_workshop: Workshop, home: Home) -> None:
    runtime = plain_workshop.build()
    assert home.run(runtime, "word").returncode == 0
    processes = [
        start(home, runtime, *(("uninstall", "-y") if number % 2 else ("bootstrap", "--force"))) for number in range(8)
    ]
    results = [finish(process) for process in processes]
    assert {status for status, _, _ in results} == {0}, results
    assert home.run(runtime, "word").stdout == f"{home.prefix} word\n"
    assert list_names(home.prefix.parent) == ["demo"]
    assert_complete(home.prefix, packages=2)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_a_builder_that_ends_blocks_nobody(ending: signal.Signals, plain_workshop: Workshop, home: Home) -> None:
    runtime = plain_workshop.build()
    home.extra["SCRIPT_SECONDS"] = LONG_SECONDS
    builder = start(home, runtime, "word")
    wait_for_script(home)
    home.extra["SCRIPT_SECONDS"] = ""
    waiters = [start(home, runtime, "word") for _ in range(4)]
    for waiter in waiters:
        assert waiter.stderr is not None
        assert "another process is working on" in waiter.stderr.readline()
    builder.send_signal(ending)
    builder.communicate()
    results = [finish(waiter) for waiter in waiters]
    assert [(status, output) for status, output, _ in results] == [(0, f"{home.prefix} word\n")] * 4, results
    assert sum("installed 2 packages" in message for _, _, message in results) == 1, results
    assert list_names(home.prefix.parent) == ["demo"]


def test_a_stopped_builder_is_waited_for(plain_workshop: Workshop, home: Home) -> None:
    runtime = plain_workshop.build()
    home.extra["SCRIPT_SECONDS"] = "0.3"
    builder = start(home, runtime, "word")
    wait_for_script(home)
    builder.send_signal(signal.SIGSTOP)
    waiter = start(home, runtime, "word")
    assert waiter.stderr is not None
    assert "another process is working on" in waiter.stderr.readline()
    with pytest.raises(subprocess.TimeoutExpired):
        waiter.wait(1)
    builder.send_signal(signal.SIGCONT)
    assert [finish(process)[0] for process in (builder, waiter)] == [0, 0]
    assert list_names(home.prefix.parent) == ["demo"]
    assert_no_process_in(home.directory)


def test_all_commands_at_once_with_some_of_them_killed(
    kill: int, seed: int, plain_workshop: Workshop, home: Home
) -> None:
    randomness = random.Random(f"{seed}-{kill}")
    old, new = plain_workshop.build(version="1.0"), plain_workshop.build(version="2.0")
    assert home.run(old, "word").returncode == 0
    precious = home.prefix / "envs" / "mine" / "precious.txt"
    (precious.parent / "conda-meta").mkdir(parents=True)
    precious.write_text("mine")
    commands = [(old, "word"), (new, "word"), (new, "rollback"), (old, "bootstrap", "--force"), (new, "bootstrap")]
    processes = [start(home, *randomness.choice(commands)) for _ in range(MANY // 2)]
    for process in processes:
        if randomness.random() < 0.5:
            let_run(process, randomness.random() * 0.05)
            process.kill()
    results = [finish(process) for process in processes]
    assert {status for status, _, _ in results} <= {0, 64, -signal.SIGKILL}, results
    assert home.run(new, "bootstrap").returncode == 0
    assert set(list_names(home.prefix.parent)) <= {"demo", ".demo.previous"}
    assert precious.read_text() == "mine"
    assert_complete(home.prefix, packages=2)
    assert_no_process_in(home.directory)
