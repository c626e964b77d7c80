"""Let one system call fail, at each place where a command makes it, and look at what is left.

The laws: the user has something that runs, named environments are never lost, a rollback that fails changes nothing, a
marker is settled only when nothing is left next to the prefix, and the next run repairs everything.

With as many ``--kills`` as there are places, all of them; with fewer, some of them, which ones follows from ``--seed``.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.commands import Command, Home
from support.inspection import list_names, read_marker
from support.walker import Walker
from support.workshop import Workshop

FAILURES_PER_KILL = 4
"""A failing call takes a fraction of the time of a kill at a step."""
ERRORS = {
    "access": ["EIO"], "faccessat2": ["EIO"], "fchmod": ["EPERM"], "flock": ["EIO", "ENOLCK"], "fsync": ["EIO"],
    "fstat": ["EIO"], "getdents64": ["EIO", "ESTALE"], "mkdir": ["EIO", "ENOSPC"], "newfstatat": ["EIO", "EACCES"],
    "openat": ["EIO", "EACCES", "ENOSPC"], "read": ["EIO"], "rename": ["EIO", "EACCES", "ENOSPC"],
    "renameat2": ["EIO", "EXDEV"], "rmdir": ["EIO"], "statx": ["EIO", "EACCES", "ESTALE"], "syncfs": ["EIO"],
    "unlink": ["EIO"], "unlinkat": ["EIO", "EPERM", "EBUSY"], "write": ["EIO", "ENOSPC"],
}  # fmt: skip
STATUSES = {0, 64, 66, 69, 73, 74, 75, 77, 78}


pytestmark = pytest.mark.tools("strace")


@dataclass(frozen=True)
class Failure:
    """The ``number``-th call of a kind, by any thread, that fails."""

    call: str
    number: int
    error: str

    @property
    def options(self) -> list[str]:
        inject = f"inject={self.call}:error={self.error}:when={self.number}"
        return ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={self.call}", "-e", inject]


class Saboteur(Walker):
    """Lets commands fail in one home, which is put back after each."""

    def list_failures(self, command: tuple[str | Path, ...]) -> list[Failure]:
        """Run the command to its end and list the calls about the prefix and what is next to it."""
        log = self.home.directory.with_name("calls")
        options: list[str | Path] = ["strace", "-f", "-y", "-qq", "-o", log, "-e", f"trace={','.join(ERRORS)}"]
        assert self.home.run(*options, *command).returncode == 0
        seen: Counter[tuple[str, str]] = Counter()
        found = set()
        for line in log.read_text(errors="replace").splitlines():
            matched = re.match(r"(\d+) +(\w+)\(", line)
            if matched is None:
                continue
            thread, call = matched.groups()
            seen[thread, call] += 1
            # The delegate's own calls are not the runtime's.
            if str(self.prefix.parent) in line and "/bin/tool" not in line:
                found |= {Failure(call, seen[thread, call], error) for error in ERRORS[call]}
        return sorted(found, key=str)

    def fail_everywhere(self, prepare: Callable[[], object], *command: str | Path) -> Iterator[tuple[Failure, Command]]:
        """Run the command with each failure that is wanted; the caller looks at what is left."""
        prepare()
        base = self.home.directory.with_name("base")
        self.copy(self.home.directory, base)
        failures = self.list_failures(command)
        count = min(self.kills * FAILURES_PER_KILL, len(failures))
        for failure in self.randomness.sample(failures, count):
            self.copy(base, self.home.directory)
            print(failure, command[1:])
            yield failure, self.home.run(*failure.options, *command)

    def copy(self, source: Path, target: Path) -> None:
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run(["cp", "-a", source, target], check=True)

    def install_nothing(self) -> None:
        """As at a first run."""

    def change(self) -> None:
        """As conda does when its user adds a package."""
        self.install_both()
        (self.prefix / "conda-meta" / "extra-1-0.json").write_text("{}")

    def roll_back(self) -> None:
        self.install_both()
        self.run(self.new, "rollback")

    def tear(self) -> None:
        """As a power cut does."""
        self.install_both()
        (self.prefix / ".demo.json").write_text("")

    def assert_lawful(self, completed: Command) -> None:
        """What holds whatever failed."""
        assert completed.returncode in STATUSES or "/bin/sh: " in completed.stderr, completed
        names = set(list_names(self.prefix.parent))
        assert names <= {"demo", ".demo.previous", ".demo.staging", ".demo.removed"}, completed
        if self.find_form() == b"{":
            assert ".demo.staging" not in names, completed

    def find_form(self) -> bytes:
        marker = self.prefix / ".demo.json"
        return marker.read_bytes()[:1] if marker.exists() else b""

    def assert_ran(self, completed: Command) -> None:
        """The delegate has run, or has been started at least: what failed may have been a call of its shell."""
        assert completed.returncode == 0 or "/bin/sh: " in completed.stderr, completed
        assert completed.stdout in ("", f"{self.prefix} word\n"), completed

    def assert_environment_kept(self, completed: Command) -> None:
        places = self.find_environment()
        assert places, completed
        if self.find_form() == b"{":
            assert places == [self.prefix], completed

    def assert_repaired(self, runtime: Path, *, packages: int = 2) -> None:
        """The fault is gone: the next run works and leaves nothing but what is documented."""
        repaired = self.home.run(runtime, "word")
        assert (repaired.returncode, repaired.stdout) == (0, f"{self.prefix} word\n"), repaired
        names = set(list_names(self.prefix.parent))
        assert names <= {"demo", ".demo.previous", ".demo.removed"}, repaired
        assert self.find_form() == b"{"
        assert len([*self.prefix.glob("conda-meta/*.json")]) == packages


@pytest.fixture
def saboteur(home: Home, tiny_workshop: Workshop, kills: int, seed: int) -> Saboteur:
    """A home to let commands fail in."""
    return Saboteur(home, tiny_workshop, kills, seed)


@pytest.mark.parametrize("command", ["word", "bootstrap"])
def test_a_first_run_that_fails(command: str, saboteur: Saboteur) -> None:
    for _, completed in saboteur.fail_everywhere(saboteur.install_nothing, saboteur.old, command):
        saboteur.assert_lawful(completed)
        saboteur.assert_repaired(saboteur.old)


@pytest.mark.parametrize("prepare", ["install_old", "install_both", "roll_back"])
def test_an_upgrade_that_fails_runs_what_is_there(prepare: str, saboteur: Saboteur, tiny_workshop: Workshop) -> None:
    newest = tiny_workshop.build(version="3.0")
    for _, completed in saboteur.fail_everywhere(getattr(saboteur, prepare), newest, "word"):
        saboteur.assert_ran(completed)
        saboteur.assert_lawful(completed)
        saboteur.assert_environment_kept(completed)
        saboteur.assert_repaired(newest)
        assert read_marker(saboteur.prefix)["runtime_version"] == "3.0"
        assert saboteur.find_environment() == [saboteur.prefix]


def test_an_exchange_with_the_previous_prefix_that_fails_runs_what_is_there(saboteur: Saboteur) -> None:
    for _, completed in saboteur.fail_everywhere(saboteur.install_both, saboteur.old, "word"):
        saboteur.assert_ran(completed)
        saboteur.assert_lawful(completed)
        saboteur.assert_environment_kept(completed)
        saboteur.assert_repaired(saboteur.old)
        assert saboteur.find_environment() == [saboteur.prefix]


@pytest.mark.parametrize("prepare", ["install_old", "install_both", "change"])
def test_a_forced_bootstrap_that_fails(prepare: str, saboteur: Saboteur) -> None:
    runtime = saboteur.old if prepare == "install_old" else saboteur.new
    for _, completed in saboteur.fail_everywhere(getattr(saboteur, prepare), runtime, "bootstrap", "--force"):
        saboteur.assert_lawful(completed)
        saboteur.assert_environment_kept(completed)
        is_kept = (saboteur.prefix / "conda-meta" / "extra-1-0.json").exists()
        saboteur.assert_repaired(runtime, packages=3 if is_kept else 2)
        assert saboteur.find_environment() == [saboteur.prefix]


def test_the_repair_of_a_torn_prefix_that_fails(saboteur: Saboteur) -> None:
    for _, completed in saboteur.fail_everywhere(saboteur.tear, saboteur.new, "word"):
        saboteur.assert_lawful(completed)
        saboteur.assert_environment_kept(completed)
        saboteur.assert_repaired(saboteur.new)
        assert saboteur.find_environment() == [saboteur.prefix]


@pytest.mark.parametrize("prepare", ["install_both", "roll_back"])
def test_a_rollback_that_fails_changes_nothing(prepare: str, saboteur: Saboteur) -> None:
    runtime = saboteur.new if prepare == "install_both" else saboteur.old
    before: list[dict[str, object]] = []
    for _, completed in saboteur.fail_everywhere(getattr(saboteur, prepare), runtime, "rollback"):
        saboteur.assert_lawful(completed)
        saboteur.assert_environment_kept(completed)
        now = [read_marker(place) for place in (saboteur.prefix, saboteur.previous)]
        if completed.returncode == 0:
            assert now[0]["declined"] == [now[1]["stamp"]]
        else:
            before = before or now
            assert now == before
            assert now[0]["runtime_version"] == ("2.0" if prepare == "install_both" else "1.0")
            assert saboteur.find_environment() == [saboteur.prefix]
        saboteur.assert_repaired(runtime)
        assert saboteur.find_environment() == [saboteur.prefix]


def test_an_uninstall_that_fails_is_finished_by_the_next(saboteur: Saboteur) -> None:
    for _, completed in saboteur.fail_everywhere(saboteur.install_both, saboteur.new, "uninstall", "-y"):
        saboteur.assert_lawful(completed)
        if saboteur.prefix.exists():
            saboteur.assert_environment_kept(completed)
        saboteur.run(saboteur.new, "uninstall", "-y")
        assert list_names(saboteur.home.directory) == []
