"""What a delegate gets: arguments, streams, signals, environment, exit status; and what a later run does for it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from steady import wait_until

from support.channel.archive import Entry, Package, write_package
from support.channel.build import index_channel
from support.commands import Command, Home
from support.processes import is_stopped
from support.tested_platform import IS_FOREIGN, PLATFORM, find_template
from support.workshop import open_workshop

PRINT_ARGUMENTS = "import os, sys; print([os.fsencode(word) for word in sys.argv[1:]])"
PRINT_ENVIRONMENT = "import json, os; print(json.dumps(dict(os.environ)))"
WORDS = ["a b", "", "new\nline", "grüße", "--help", "-q", "*", "$HOME", "'quoted'"]


@pytest.fixture(scope="module")
def installed(embedded_runtime: Path, fast_directory: Path) -> Home:
    """A home whose runtime has been run once."""
    directory = fast_directory / "installed-home"
    directory.mkdir()
    home = Home(directory)
    completed = home.run(embedded_runtime, "-c", "pass")
    assert completed.returncode == 0, completed.stderr
    return home


def test_arguments_arrive_byte_for_byte(installed: Home, embedded_runtime: Path) -> None:
    words = [os.fsencode(word) for word in WORDS] + [b"\xff\xfe not text"]
    completed = subprocess.run(
        [os.fsencode(embedded_runtime), b"-c", PRINT_ARGUMENTS.encode(), *words],
        env=installed.environment,
        capture_output=True,
        check=True,
    )
    assert completed.stdout.decode().strip() == repr(words)


def test_arguments_after_two_dashes_are_the_delegates(installed: Home, embedded_runtime: Path, tmp_path: Path) -> None:
    script = tmp_path / "status"
    script.write_text("import sys; print('mine', sys.argv[1:])")
    completed = installed.run(embedded_runtime, "--", "status", "-q", cwd=tmp_path)
    assert completed.stdout == "mine ['-q']\n"


def test_the_first_run_passes_everything_on_too(embedded_runtime: Path, home: Home) -> None:
    program = (
        "import sys; data = sys.stdin.read(); print(data, sys.argv[1:]); print('error', file=sys.stderr); sys.exit(9)"
    )
    completed = home.run(embedded_runtime, "-q", "-c", program, *WORDS, stdin=None, input="piped")
    assert completed.returncode == 9
    assert completed.stdout == f"piped {WORDS!r}\n"
    assert completed.stderr == "error\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGKILL, signal.SIGSEGV])
def test_a_delegate_that_dies_of_a_signal_is_seen_to(installed: Home, embedded_runtime: Path, number: int) -> None:
    completed = installed.run(embedded_runtime, "-c", f"import os; os.kill(os.getpid(), {int(number)})")
    assert completed.returncode == -number


def test_a_closed_pipe_ends_a_delegate_as_it_would_alone(installed: Home, embedded_runtime: Path) -> None:
    # The runtime must not leave SIGPIPE ignored: a shell pipeline would go on writing.
    program = "import signal, sys; print(signal.getsignal(signal.SIGPIPE))"
    direct = installed.run(installed.prefix / "bin" / "python", "-c", program).stdout
    assert installed.run(embedded_runtime, "-c", program).stdout == direct
    read = "for line in open('/proc/self/status'): print(line, end='') if line.startswith('Sig') else None"
    direct = installed.run(installed.prefix / "bin" / "python", "-c", read).stdout
    assert installed.run(embedded_runtime, "-c", read).stdout == direct


def environment_of(home: Home, runtime: Path, *options: str) -> dict[str, str]:
    completed = home.run(runtime, *options, "-c", PRINT_ENVIRONMENT)
    assert completed.returncode == 0, completed.stderr
    environment: dict[str, str] = json.loads(completed.stdout)
    return environment


def test_the_environment_is_that_of_an_activated_prefix(installed: Home, embedded_runtime: Path) -> None:
    environment = environment_of(installed, embedded_runtime)
    prefix = str(installed.prefix)
    expected = {
        "CONDA_ROOT_PREFIX": prefix,
        "CONDA_PREFIX": prefix,
        "CONDA_DEFAULT_ENV": "base",
        "CONDA_SHLVL": "1",
        "CONDA_COMPLETION_COMMAND_NAME": "demoz",
    }
    assert {name: environment.get(name) for name in expected} == expected
    assert environment["PATH"] == f"{prefix}/bin:{prefix}/condabin:{installed.environment['PATH']}"


def test_first_and_later_runs_give_the_same_environment(embedded_runtime: Path, home: Home, installed: Home) -> None:
    home.extra.update(KEEP="this", CONDA_PREFIX="/outer", CONDA_PREFIX_1="/outer/base", CONDA_SHLVL="2")
    first = environment_of(home, embedded_runtime, "-q")
    later = environment_of(home, embedded_runtime)
    assert first == later
    assert first["KEEP"] == "this"


def test_an_outer_conda_environment_does_not_leak(installed: Home, embedded_runtime: Path) -> None:
    outer = {
        "CONDA_PREFIX": "/outer/envs/work",
        "CONDA_PREFIX_1": "/outer",
        "CONDA_SHLVL": "2",
        "CONDA_EXE": "/outer/bin/conda",
        "CONDA_PYTHON_EXE": "/outer/bin/python",
        "_CE_CONDA": "",
        "_CE_M": "",
        "CONDA_PROMPT_MODIFIER": "(work) ",
        "CONDA_DEFAULT_ENV": "work",
    }
    home = Home(installed.directory, outer)
    environment = environment_of(home, embedded_runtime)
    assert not [name for name, value in environment.items() if "outer" in value]
    assert environment["CONDA_SHLVL"] == "1"
    assert "CONDA_PROMPT_MODIFIER" not in environment


@pytest.mark.parametrize("name", ["other", "my tool", "grüße", "demoz.bin"])
def test_a_runtime_may_be_renamed_and_linked_to(
    name: str, installed: Home, embedded_runtime: Path, tmp_path: Path
) -> None:
    link = tmp_path / name
    link.symlink_to(embedded_runtime)
    environment = environment_of(installed, link)
    assert environment["CONDA_PREFIX"] == str(installed.prefix)
    assert environment["CONDA_COMPLETION_COMMAND_NAME"] == name


def list_calls(home: Home, *command: str | Path) -> list[str]:
    """Return the system calls that a runtime makes before it becomes its delegate, by what shows them."""
    if PLATFORM == "linux-aarch64" and IS_FOREIGN:
        traced = Home(home.directory, {**home.extra, "QEMU_STRACE": "1"})
        lines = [line.partition(" ")[2] for line in traced.run(*command).stderr.splitlines()]
    else:
        log = home.directory / "calls"
        home.run("strace", "-o", log, *command)
        lines = log.read_text().splitlines()[1:]
    last = next(index for index, line in enumerate(lines) if line.startswith("execve("))
    return lines[:last]


@pytest.mark.tools("strace")
def test_a_later_run_reads_a_little_and_execs(installed: Home, embedded_runtime: Path) -> None:
    calls = list_calls(installed, embedded_runtime, "-c", "pass")
    assert any("/proc/self/exe" in call for call in calls)
    assert not [
        call for call in calls if re.search(r"O_WRONLY|O_RDWR|O_CREAT|clone|mmap.*PROT_WRITE.*MAP_SHARED", call)
    ]
    assert len(calls) <= 12, calls


@pytest.mark.root
@pytest.mark.tools("setpriv")
def test_a_later_run_works_while_nothing_can_be_written(installed: Home, embedded_runtime: Path) -> None:
    home = Home(installed.directory, {"TMPDIR": "/nonexistent"})
    completed = home.run(
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", embedded_runtime, "-c", "print(1)"
    )
    assert (completed.returncode, completed.stdout) == (0, "1\n"), completed.stderr


def test_a_stopped_delegate_can_be_continued(installed: Home, embedded_runtime: Path) -> None:
    program = "import sys, time; print('up', flush=True); sys.stdin.readline(); print('down', flush=True)"
    process = subprocess.Popen(
        [embedded_runtime, "-c", program],
        env=installed.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: is_stopped(process.pid))
    process.send_signal(signal.SIGCONT)
    assert process.communicate("go\n", timeout=30)[0] == "down\n"


def test_self_commands_leave_every_other_word_to_the_delegate(
    make_workspace: Callable[..., Path], cs: Callable[..., Command], home: Home
) -> None:
    workspace = make_workspace(delegate='"echo-delegate"', commands='"self"')
    cs("build", cwd=workspace)
    runtime = workspace / "dist" / "demoz"
    assert home.run(runtime, "status", "-h").stdout.splitlines()[2:] == ["argument=status", "argument=-h"]
    assert "state" in home.run(runtime, "self", "status").stdout
    assert home.run(runtime, "--", "self", "status").stdout.splitlines()[2:] == ["argument=self", "argument=status"]


def test_the_delegate_can_be_a_program_for_the_platform(
    home: Home, cache_directory: Path, fast_directory: Path
) -> None:
    template = find_template()
    assert template is not None
    directory = fast_directory / "program"
    channel = directory / "channel"
    program = Entry(path="bin/tool", content=template, executable=True)
    write_package(Package(name="tool", version="1.0", entries=[program]), channel)
    (channel / "noarch").mkdir()
    index_channel(channel)
    with open_workshop(channel, "tool", directory=directory / "workshop", cache=cache_directory) as workshop:
        runtime = workshop.build()
    for words in (("bootstrap",), ()):
        completed = home.run(runtime, *words)
    assert completed.returncode == 78, completed.stderr
    assert f"{home.show(home.prefix)}/bin/tool is an unstamped template" in completed.stderr
