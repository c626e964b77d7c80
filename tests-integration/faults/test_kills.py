"""Kill each command at many instants: the prefix is absent or complete, and the next command leaves nothing else.

The instants follow from ``--seed`` and ``--kills``; a failure names its number, which gives the same instant again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.commands import Home
from support.inspection import assert_complete, list_names, read_marker
from support.killing import choose_instant, measure, run_and_kill
from support.processes import assert_no_process_in
from support.pypi.bench import Bench, assert_what_was_planned
from support.tested_platform import FOR_THIS_MACHINE
from support.workshop import Workshop

PROGRAM = ("-c", "import sys; print(sys.prefix)")


@dataclass
class Stage:
    """One home, used for kill after kill of one command.

    :param durations: seconds that each command takes when it is not killed, by the test's name.
    """

    home: Home
    number: int
    seed: int
    durations: dict[str, float]
    packages: int = 2

    @property
    def prefix(self) -> Path:
        return self.home.prefix

    @property
    def previous(self) -> Path:
        return self.prefix.with_name(".demo.previous")

    def run(self, *command: str | Path) -> str:
        """Run a command that must succeed, and return what it prints."""
        completed = self.home.run(*command)
        assert completed.returncode == 0, completed.stderr
        return completed.stdout

    def kill(self, name: str, *command: str | Path, prepare: Callable[[], object]) -> None:
        """Bring the home into its first state, run the command and kill it at this test's instant."""
        if name not in self.durations:
            prepare()
            self.durations[name] = measure(command, self.home)
            shutil.rmtree(self.home.directory / ".conda", ignore_errors=True)
        prepare()
        instant = choose_instant(self.number, self.seed, home=self.home, duration_seconds=self.durations[name])
        was_alive = run_and_kill(command, self.home, instant)
        print(f"killed {instant.words}" if was_alive else f"ended before it was killed {instant.words}")
        assert_no_process_in(self.home.directory)

    def add_environment(self) -> Path:
        """Make a named environment, as conda lays it out, and return where it is found at any time."""
        environment = self.prefix / "envs" / "mine"
        (environment / "conda-meta").mkdir(parents=True)
        (environment / "conda-meta" / "history").write_text("")
        (environment / "precious.txt").write_text("mine\n")
        return environment / "precious.txt"

    def assert_complete(self) -> None:
        assert_complete(self.prefix, packages=self.packages)

    def assert_absent_or_complete(self) -> None:
        if self.prefix.exists():
            self.assert_complete()

    def assert_settled(self, *names: str) -> None:
        """Nothing but the prefix, complete, and these stand in its parent directory; nothing else in the home."""
        assert list_names(self.prefix.parent) == sorted({"demo", *names})
        assert list_names(self.home.directory) == [".conda"]
        self.assert_complete()
        assert (self.prefix / ".demo.json").read_text().startswith('{"'), "the marker is not settled"
        assert_no_process_in(self.home.directory)


@pytest.fixture(scope="module")
def durations() -> dict[str, float]:
    """What was measured, for all kills of the module."""
    return {}


@pytest.fixture
def stage(home: Home, kill: int, seed: int, durations: dict[str, float]) -> Stage:
    """A home to kill commands in."""
    return Stage(home, kill, seed, durations)


def nothing() -> None:
    """Prepare nothing: the home is empty."""


@pytest.mark.parametrize("layout", ["embedded", "external", "online"])
def test_a_first_run_that_is_killed(layout: str, stage: Stage, workshop: Workshop) -> None:
    runtime = workshop.build(layout=f'"{layout}"')
    stage.packages = len(workshop.records)
    stage.kill(layout, runtime, *PROGRAM, prepare=nothing)
    stage.assert_absent_or_complete()
    assert stage.run(runtime, *PROGRAM) == f"{stage.prefix}\n"
    stage.assert_settled()


def test_a_first_run_that_is_killed_while_python_compiles(stage: Stage, workshop: Workshop) -> None:
    runtime = workshop.build(bytecode='"bootstrap"')
    stage.packages = len(workshop.records)
    stage.kill("bytecode", runtime, *PROGRAM, prepare=nothing)
    stage.assert_absent_or_complete()
    assert stage.run(runtime, *PROGRAM) == f"{stage.prefix}\n"
    stage.assert_settled()
    assert list((stage.prefix / "lib").glob("python*/site-packages/jinja2/__pycache__/*.pyc"))


@pytest.mark.only(FOR_THIS_MACHINE, "its wheels are for it")
@pytest.mark.parametrize("layout", ["embedded", "online"])
def test_a_first_run_with_wheels_that_is_killed(layout: str, stage: Stage, bench: Bench, home: Home) -> None:
    runtime = bench.build(layout=f'"{layout}"')
    stage.packages = len(bench.conda)
    stage.kill(f"wheels, {layout}", runtime, *PROGRAM, prepare=nothing)
    stage.assert_absent_or_complete()
    if stage.prefix.exists():
        assert_what_was_planned(runtime.parent.parent, stage.prefix, home)
    assert stage.run(runtime, *PROGRAM) == f"{stage.prefix}\n"
    stage.assert_settled()
    assert_what_was_planned(runtime.parent.parent, stage.prefix, home)


def test_a_first_run_that_is_killed_while_a_script_runs(stage: Stage, plain_workshop: Workshop) -> None:
    runtime = plain_workshop.build()
    stage.home.extra["SCRIPT_SECONDS"] = "0.3"
    stage.kill("script", runtime, "word", prepare=nothing)
    stage.assert_absent_or_complete()
    stage.home.extra["SCRIPT_SECONDS"] = ""
    assert stage.run(runtime, "word") == f"{stage.prefix} word\n"
    stage.assert_settled()
    assert (stage.prefix / "share" / "done").exists()


@dataclass
class Versions:
    """Two builds of one runtime, the older one installed with a named environment in its prefix."""

    stage: Stage
    old: Path
    new: Path

    def install_old(self) -> None:
        self.stage.run(self.old, "word")
        self.stage.add_environment()

    def install_both(self) -> None:
        self.install_old()
        self.stage.run(self.new, "word")

    def assert_environment_survives(self) -> None:
        assert (self.stage.prefix / "envs" / "mine" / "precious.txt").read_text() == "mine\n"


@pytest.fixture
def versions(stage: Stage, plain_workshop: Workshop) -> Versions:
    """Two builds of one runtime."""
    return Versions(stage, plain_workshop.build(version="1.0"), plain_workshop.build(version="2.0"))


def test_an_upgrade_that_is_killed(versions: Versions) -> None:
    stage = versions.stage
    stage.kill("upgrade", versions.new, "word", prepare=versions.install_old)
    stage.assert_complete()
    stage.run(versions.new, "word")
    stage.assert_settled(".demo.previous")
    assert read_marker(stage.prefix)["runtime_version"] == "2.0"
    assert_complete(stage.previous, packages=stage.packages)
    versions.assert_environment_survives()
    assert "1.0" in stage.run(versions.new, "rollback")
    versions.assert_environment_survives()


def test_an_upgrade_that_is_killed_and_given_up(versions: Versions) -> None:
    stage = versions.stage
    stage.kill("upgrade", versions.new, "word", prepare=versions.install_old)
    stage.assert_complete()
    stage.run(versions.old, "bootstrap")
    assert set(list_names(stage.prefix.parent)) - {".demo.previous"} == {"demo"}
    assert read_marker(stage.prefix)["runtime_version"] == "1.0"
    versions.assert_environment_survives()
    stage.assert_complete()


def test_a_rollback_that_is_killed(versions: Versions) -> None:
    stage = versions.stage
    stage.kill("rollback", versions.new, "rollback", prepare=versions.install_both)
    stage.assert_complete()
    stage.run(versions.new, "word")
    stage.assert_settled(".demo.previous")
    assert_complete(stage.previous, packages=stage.packages)
    versions.assert_environment_survives()


def test_a_forced_bootstrap_that_is_killed(versions: Versions) -> None:
    stage = versions.stage
    stage.kill("force", versions.old, "bootstrap", "--force", prepare=versions.install_old)
    stage.assert_complete()
    stage.run(versions.old, "word")
    stage.assert_settled()
    versions.assert_environment_survives()


def test_an_uninstall_that_is_killed(versions: Versions) -> None:
    stage = versions.stage
    stage.kill("uninstall", versions.new, "uninstall", "-y", prepare=versions.install_both)
    stage.assert_absent_or_complete()
    if stage.number % 3 == 0:
        stage.run(versions.new, "word")
        stage.assert_complete()
        assert set(list_names(stage.prefix.parent)) - {".demo.previous"} == {"demo"}
    stage.run(versions.new, "uninstall", "-y")
    assert list_names(stage.home.directory) == []
