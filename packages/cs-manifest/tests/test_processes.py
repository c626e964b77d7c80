from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cs_manifest._processes import find_reason, run_command


def run(log: Path, code: str) -> None:
    run_command([sys.executable, "-c", code], log=log, environ=dict(os.environ))


def test_what_a_program_says_is_appended_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run(log, "print('one')")
    run(log, "import sys; print('two', file=sys.stderr)")
    assert log.read_text().split() == ["one", "two"]


def test_an_error_has_what_that_program_said_and_no_other(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run(log, "print('one')")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        run(log, "print('two'); raise SystemExit(3)")
    assert (caught.value.returncode, caught.value.output.split()) == (3, ["two"])


@pytest.mark.only("on Unix")
def test_files_get_the_usual_modes_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        run(tmp_path / "log", f"open({str(tmp_path / 'made')!r}, 'w')")
    finally:
        os.umask(before)
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o644


@pytest.mark.only("on Unix")
def test_whatever_ends_the_call_ends_the_children_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    readers: list[int] = []
    wait = subprocess.Popen.wait

    def interrupt(self: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        if readers:
            return wait(self, timeout)
        readers.append(os.open(pipe, os.O_RDONLY))  # returns when the grandchild has opened it, too
        raise KeyboardInterrupt

    monkeypatch.setattr("subprocess.Popen.wait", interrupt)
    grandchild = f"import signal; file = open({str(pipe)!r}, 'w'); signal.pause()"
    child = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {grandchild!r}]).wait()"
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "log", child)
    assert os.read(readers[0], 1) == b""  # the end comes when no writer is left
    os.close(readers[0])


TRACEBACK = 'Traceback (most recent call last):\n  File "a.py", line 1, in f\n    raise it\n'


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("", ""),
        ("one\ntwo\n\n", "two"),
        ("ERROR: no such package\n[notice] upgrade pip\n", "ERROR: no such package"),
        ("error: a\nerror: b\nnote: c", "error: b"),
        (f"{TRACEBACK}LookupError: no version of /x found.\n\nOr, set SOME_VARIABLE\n", "no version of /x found."),
        (f"{TRACEBACK}a.b.BuildError: it is broken\nadvice", "it is broken"),
        (f"{TRACEBACK}KeyError: 'name'\n", "KeyError: 'name'"),
        (f"{TRACEBACK}OSError: first one\n\n{TRACEBACK}LookupError: the last one\n", "the last one"),
        (f"{TRACEBACK}OSError: a b\nerror: command 'cc' failed", "error: command 'cc' failed"),
        ("  Traceback (most recent call last):\n    File x\n  OSError: a b\n    c", "a b"),
        ("Traceback (most recent call last):\n  cut off", "cut off"),
    ],
)
def test_the_reason_is_that_of_the_last_traceback_or_error_or_else_the_last_line(output: str, reason: str) -> None:
    assert find_reason(output) == reason
