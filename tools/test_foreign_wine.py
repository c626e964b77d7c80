"""Runs under wine do not meet: each has its directory of Windows, and nothing of it outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from foreign import directories
from foreign.alone import run_alone
from steady import wait_until

pytestmark = [pytest.mark.root, pytest.mark.tools("unshare", "setpriv")]

LONG = "3600"
LEAVE_SOMETHING = "sleep 3600 & readlink /proc/self/ns/pid > {0}.new; mv {0}.new {0}"


def processes_in(namespace: str) -> list[str]:
    """The processes of a namespace."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and str((process / "ns/pid").readlink()) == namespace:
                found.append(process.name)
        except OSError:
            continue
    return found


def start_alone(*command: str) -> subprocess.Popen[bytes]:
    """Run a command alone in another process."""
    call = "import os, sys; from foreign.alone import run_alone; sys.exit(run_alone(sys.argv[1:], os.environ))"
    tools = str(Path(__file__).parent)
    return subprocess.Popen([sys.executable, "-c", call, *command], env={**os.environ, "PYTHONPATH": tools})


def test_a_command_keeps_its_exit_status() -> None:
    assert run_alone(["sh", "-c", "exit 7"], os.environ) == 7
    assert run_alone(["sh", "-c", "kill -9 $$"], os.environ) == 128 + 9


def test_what_comes_before_stays_until_the_end(tmp_path: Path) -> None:
    namespace = tmp_path / "namespace"
    before = ["sh", "-c", LEAVE_SOMETHING.format(namespace)]
    after = ["sh", "-c", f"pgrep sleep > {tmp_path / 'last'}"]
    assert run_alone(["pgrep", "sleep"], os.environ, before=[before], after=[after], quiet=True) == 0
    assert (tmp_path / "last").read_text()
    wait_until(lambda: not processes_in(namespace.read_text().strip()))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_nothing_outlives_the_caller(number: signal.Signals, tmp_path: Path) -> None:
    namespace = tmp_path / "namespace"
    process = start_alone("sh", "-c", f"{LEAVE_SOMETHING.format(namespace)}; sleep {LONG}")
    wait_until(namespace.exists)
    inside = namespace.read_text().strip()
    assert len(processes_in(inside)) >= 3
    process.send_signal(number)
    process.wait()
    wait_until(lambda: not processes_in(inside))


@pytest.fixture
def pristine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A directory like that of Windows, in which runs change the registry."""
    directory = tmp_path / "pristine"
    (directory / "drive_c").mkdir(parents=True)
    (directory / "drive_c/some.dll").write_text("library")
    (directory / "system.reg").write_text("pristine")
    monkeypatch.setattr(directories, "RUNS", tmp_path / "runs")
    return directory


def test_each_run_has_a_directory_of_its_own(pristine: Path) -> None:
    with directories.provide_directory(pristine) as one, directories.provide_directory(pristine) as other:
        assert one != other
        (one / "system.reg").write_text("changed")
        assert (other / "system.reg").read_text() == "pristine"
        assert (other / "drive_c/some.dll").samefile(pristine / "drive_c/some.dll")
    assert list(directories.RUNS.iterdir()) == []
    assert (pristine / "system.reg").read_text() == "pristine"


def test_a_directory_that_a_killed_run_has_left_is_removed(pristine: Path) -> None:
    abandoned = directories.RUNS / "abandoned"
    (abandoned / "drive_c").mkdir(parents=True)
    with directories.provide_directory(pristine) as one:
        assert [*directories.RUNS.iterdir()] == [one]


def test_a_directory_that_is_named_is_kept(pristine: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(directories.KEPT, str(tmp_path / "kept"))
    with directories.provide_directory(pristine) as first:
        assert first == tmp_path / "kept"
        (first / "system.reg").write_text("changed")
    with directories.provide_directory(pristine) as again:
        assert (again / "system.reg").read_text() == "changed"


def is_waiting_for_a_lock(process: int) -> bool:
    """Say whether Linux lists a process among those that wait for a lock."""
    return any("->" in line and f" {process} " in line for line in Path("/proc/locks").read_text().splitlines())


def test_a_second_run_waits_for_a_directory_that_is_named(pristine: Path, tmp_path: Path) -> None:
    kept, order = tmp_path / "kept", tmp_path / "order"
    call = (
        "import sys; from pathlib import Path; from foreign.directories import provide_directory\n"
        "with provide_directory(Path(sys.argv[1])): open(sys.argv[2], 'a').write('second')"
    )
    environment = {**os.environ, directories.KEPT: str(kept), "PYTHONPATH": str(Path(__file__).parent)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(directories.KEPT, str(kept))
        with directories.provide_directory(pristine):
            command = [sys.executable, "-c", call, str(pristine), str(order)]
            process = subprocess.Popen(command, env=environment)
            wait_until(lambda: is_waiting_for_a_lock(process.pid))
            order.write_text("first ")
    assert process.wait() == 0
    assert order.read_text() == "first second"
