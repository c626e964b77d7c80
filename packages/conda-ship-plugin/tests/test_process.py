from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conda_ship_plugin import ShipError, run_executable

MakeExecutable = Callable[..., Path]


@pytest.mark.parametrize("status", [0, 1, 2, 127, 255])
def test_the_exit_status_is_passed_on(make_executable: MakeExecutable, status: int) -> None:
    assert run_executable(make_executable(f"raise SystemExit({status})"), []) == status


def test_arguments_are_passed_on_as_they_are(
    make_executable: MakeExecutable, capfd: pytest.CaptureFixture[str]
) -> None:
    arguments = ["build", "", "a b", "$HOME", "--", "-h", "new\nline", "*"]
    run_executable(make_executable("import sys\nprint(sys.argv[1:])"), arguments)
    assert capfd.readouterr().out == f"{arguments}\n"


def test_a_signal_is_an_error_that_names_it(make_executable: MakeExecutable) -> None:
    path = make_executable("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)")
    with pytest.raises(ShipError, match="cs was ended by SIGTERM") as caught:
        run_executable(path, [])
    assert caught.value.signal_number == signal.SIGTERM


def test_a_file_that_is_not_a_program_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "cs"
    path.write_bytes(b"\x7fELF nonsense")
    path.chmod(0o700)
    with pytest.raises(ShipError, match=r"cs cannot be started \(Exec format error\)"):
        run_executable(path, [])


def test_an_argument_that_no_program_can_get_is_an_error(make_executable: MakeExecutable) -> None:
    with pytest.raises(ShipError, match=r"cs cannot be started \(embedded null byte\)"):
        run_executable(make_executable(""), ["\0"])


def test_ctrl_c_waits_for_what_the_command_makes_of_it(
    make_executable: MakeExecutable, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = iter([KeyboardInterrupt, None])
    wait = subprocess.Popen.wait

    def interrupted(process: subprocess.Popen[bytes], timeout: float | None = None) -> int:
        if next(waits, None) is KeyboardInterrupt:
            raise KeyboardInterrupt
        return wait(process, timeout)

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    assert run_executable(make_executable("raise SystemExit(7)"), []) == 7
