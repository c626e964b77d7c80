"""``cs run``: the runtime's process, its signals, what stays behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli_samples import Cs, Workspace
from cs_bundle import disk_full
from cs_cli.run import run_process, runtime_environment
from cs_cli.terminal.console import Console
from cs_stamp import write_stamp

FAKE_RUNTIME = """#!/bin/sh
mkdir -p "$CONDA_SHIP_PREFIX" && echo installed > "$CONDA_SHIP_PREFIX/marker"
if [ "$*" = "--progress json bootstrap" ]; then
  echo "told on stdout"
  cat "$EVENTS" >&2
  exit ${BOOTSTRAP_STATUS-0}
fi
echo "prefix $CONDA_SHIP_PREFIX"
echo "offline ${DEMO_OFFLINE-unset} quiet ${DEMO_QUIET-unset}"
for argument in "$@"; do echo "argument <$argument>"; done
exit 7
"""


@pytest.fixture
def fake_runtime(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Put a shell script in the place of every runtime that is stamped, and temporary folders below a known one."""

    def write(template: Path, out: Path, **parts: Any) -> Any:
        info = write_stamp(template, out, **parts)
        out.write_text(FAKE_RUNTIME)
        return info

    monkeypatch.setattr("cs_cli.building.execution.write_stamp", write)
    events = [
        {"event": "start", "prefix": str(tmp_path), "archive_bytes": 2700},
        {"event": "progress", "archive_bytes": 900},
        {"event": "message", "level": "note", "message": str(tmp_path)},
        {"event": "progress", "archive_bytes": 2700},
        {"event": "error", "status": 66, "message": "no room."},
        {"event": "of a later version"},
        7,
    ]
    (tmp_path / "events").write_text("".join(f"{json.dumps(event)}\n" for event in events) + "not an event\n")
    monkeypatch.setenv("EVENTS", str(tmp_path / "events"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))


def lines(capfd: pytest.CaptureFixture[str]) -> list[str]:
    return capfd.readouterr().out.splitlines()


@pytest.fixture
def run(workspace: Workspace, template: Path, fake_runtime: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run ``cs run`` in this process; what the runtime says goes to the file descriptors."""
    from cs_cli.main import main

    monkeypatch.setattr("sys.argv", ["cs"])
    return lambda *words: main(["run", *map(str, words)])


def test_a_full_disk_is_that_of_temporary_files(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def look(place: Path, _: int) -> None:
        raise disk_full(place, 1234, 5)

    monkeypatch.setattr("cs_cli.building.staging.check_room", look)
    assert run() == 1
    err = capfd.readouterr().err
    assert f"error: {tmp_path / 'tmp'}: not enough disk space" in err
    assert "TMPDIR" in err
    assert "--out-dir" not in err  # `cs run` has none


def test_status_and_arguments_are_the_runtimes(run: Any, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("--", "-c", "a b", "", "--", "--help") == 7
    assert lines(capfd)[2:] == [f"argument <{word}>" for word in ("-c", "a b", "", "--", "--help")]


def test_nothing_is_said_of_the_temporary_directory(run: Any, capfd: pytest.CaptureFixture[str]) -> None:
    assert run() == 7
    captured = capfd.readouterr()
    assert re.fullmatch(r"installing 3 packages( \(.*\))?", captured.err.splitlines()[-1])
    assert "told on stdout" not in captured.out


def test_the_bar_follows_the_runtime(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[int] = []

    @contextlib.contextmanager
    def progress(_console: Console, title: str, _total: int | None) -> Iterator[Callable[[int], None]]:
        yield shown.append if title == "installing 3 packages" else lambda _: None

    monkeypatch.setattr(Console, "progress", progress)
    assert run() == 7
    assert shown == [900, 2700]


def test_with_verbose_the_runtime_speaks_for_itself(run: Any, capfd: pytest.CaptureFixture[str]) -> None:
    assert run("-v") == 7
    said = capfd.readouterr().err
    assert "stamped demoz with " in said
    assert "installing" not in said


def test_an_installation_that_fails_is_told_and_nothing_is_started(
    run: Any, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOOTSTRAP_STATUS", "66")
    assert run() == 66
    captured = capfd.readouterr()
    assert captured.err.splitlines()[-2:] == ["demo: error: no room.", "not an event"]
    assert captured.out == ""


def test_a_temporary_prefix_is_removed(run: Any, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run()
    prefix = Path(lines(capfd)[0].removeprefix("prefix "))
    assert tmp_path / "tmp" in prefix.parents
    assert list((tmp_path / "tmp").iterdir()) == []
    assert not Path("dist").exists()


def test_a_chosen_prefix_is_kept(run: Any, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run("--install-path", "kept")
    assert lines(capfd)[0] == f"prefix {Path.cwd() / 'kept'}"
    assert (Path("kept") / "marker").read_text() == "installed\n"
    assert list((tmp_path / "tmp").iterdir()) == []


def test_switches_reach_the_runtime(run: Any, capfd: pytest.CaptureFixture[str]) -> None:
    run("-q", "--offline")
    assert "offline 1 quiet 1" in lines(capfd)
    run()
    assert "offline unset quiet unset" in lines(capfd)


@pytest.mark.parametrize("layout", ["online", "external", "embedded"])
def test_every_layout_runs(layout: str, run: Any) -> None:
    assert run("--layout", layout) == 7


def test_another_platform_cannot_run(
    workspace: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cs_cli.run.host_platform", lambda: "osx-64")
    outcome = cs("run")
    assert outcome.status == 1
    assert "a runtime for linux-64 cannot run on osx-64" in outcome.err


@pytest.mark.parametrize(("runtime", "variable"), [("demo", "DEMO_QUIET"), ("my.tool-2", "MY_TOOL_2_QUIET")])
def test_variables_are_named_after_the_runtime(runtime: str, variable: str) -> None:
    environment = runtime_environment(runtime, Path("/p"), {"QUIET": True, "OFFLINE": False})
    assert environment[variable] == "1"
    assert environment["CONDA_SHIP_PREFIX"] == "/p"
    assert variable.replace("QUIET", "OFFLINE") not in environment


def test_an_active_environment_is_not_active_in_what_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDA_PREFIX", "/active")
    assert "CONDA_PREFIX" not in runtime_environment("demo", Path("/p"), {})


def test_a_prefix_is_taken_literally() -> None:
    assert runtime_environment("demo", Path("/a/$HOME"), {})["CONDA_SHIP_PREFIX"] == "/a/$$HOME"


def test_a_process_ended_by_a_signal_has_128_and_its_number() -> None:
    assert run_process(["sh", "-c", "kill -9 $$"], dict(os.environ)) == 137


CALLER = """
import os, sys
from cs_cli.terminal.interrupts import interrupt_on_signals
from cs_cli.run import run_process
interrupt_on_signals()
sys.exit(run_process(["sh", "-c", sys.argv[1]], dict(os.environ)))
"""


def test_a_signal_that_comes_before_the_process_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    popen = subprocess.Popen

    def start(*arguments: Any, **options: Any) -> subprocess.Popen[bytes]:
        os.kill(os.getpid(), signal.SIGTERM)
        return popen(*arguments, **options)

    monkeypatch.setattr(subprocess, "Popen", start)
    assert run_process(["sleep", "3600"], dict(os.environ)) == 128 + signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_are_handed_to_the_runtime(number: signal.Signals, tmp_path: Path) -> None:
    name = number.name.removeprefix("SIG")
    # sh ignores nothing in the foreground; "wait" lets the trap run at once.
    script = f"trap 'echo got {name}; exit 5' {name}; echo ready; sleep 3600 & wait"
    with subprocess.Popen(
        [sys.executable, "-c", CALLER, script], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == f"got {name}\n".encode()
        assert process.wait(60) == 5
        with contextlib.suppress(ProcessLookupError):  # the signal may have come before the sleep
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.only("on Unix", "it has SIGHUP")
@pytest.mark.parametrize("ignored", [True, False])
def test_a_signal_that_is_ignored_stays_ignored_for_the_runtime(ignored: bool) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        status = run_process(["/bin/sh", "-c", "kill -HUP $$; exit 7"], dict(os.environ))
    finally:
        signal.signal(signal.SIGHUP, before)
    assert status == (7 if ignored else 128 + signal.SIGHUP)
