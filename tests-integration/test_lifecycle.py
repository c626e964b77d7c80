"""A prefix from its first run to its removal, as its user sees it: upgrades, rollbacks, changes, settings, states."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.commands import Command, Home
from support.inspection import assert_complete, list_names, read_marker, snapshot
from support.processes import LONG_SECONDS, finish, start, wait_for_script
from support.workshop import Workshop


@dataclass
class User:
    """A user with an older and a newer build of the same runtime."""

    home: Home
    old: Path
    new: Path

    @property
    def prefix(self) -> Path:
        return self.home.prefix

    @property
    def shown_prefix(self) -> str:
        return self.home.show(self.prefix)

    @property
    def beside(self) -> Path:
        return self.prefix.parent

    @property
    def version(self) -> str:
        return str(read_marker(self.prefix)["runtime_version"])

    def run(self, runtime: Path, *arguments: str | Path) -> Command:
        """Run a command that must succeed."""
        completed = self.home.run(runtime, *arguments)
        assert completed.returncode == 0, completed.stderr
        return completed

    def status(self, runtime: Path) -> dict[str, Any]:
        """Ask for the status, whatever the exit status is."""
        status: dict[str, Any] = json.loads(self.home.run(runtime, "status", "--json").stdout)
        return status

    def add_environment(self, name: str = "mine") -> Path:
        """Make a named environment and return a file in it."""
        environment = self.prefix / "envs" / name
        (environment / "conda-meta").mkdir(parents=True)
        (environment / "conda-meta" / "history").write_text("")
        precious = environment / "precious.txt"
        precious.write_text(name)
        return precious


@pytest.fixture
def user(home: Home, plain_workshop: Workshop) -> User:
    """A user who has run nothing yet."""
    return User(home, plain_workshop.build(version="1.0"), plain_workshop.build(version="2.0"))


@pytest.fixture
def upgraded(user: User) -> User:
    """A user who has run the older build, then the newer one."""
    user.run(user.old, "word")
    user.run(user.new, "word")
    return user


OWN_RECORD = json.dumps({"name": "mine", "files": [], "paths_data": {"paths": []}})

# States, and what each command makes of them


def make_absent(_: User) -> None:
    pass


def make_complete(user: User) -> None:
    user.run(user.new, "word")


def make_older(user: User) -> None:
    user.run(user.old, "word")


def make_declined(user: User) -> None:
    user.run(user.old, "word")
    user.run(user.new, "word")
    user.run(user.new, "rollback")


def make_changed(user: User) -> None:
    user.run(user.old, "word")
    (user.prefix / "conda-meta" / "mine-1-0.json").write_text(OWN_RECORD)


def make_torn(user: User) -> None:
    user.run(user.new, "word")
    (user.prefix / ".demo.json").write_bytes(b"")


def make_abandoned(user: User) -> None:
    scratch = user.beside / ".demo.staging" / ".demo.staging"
    scratch.mkdir(parents=True)
    (scratch.parent / "half").write_text("of a file")


def make_foreign(user: User) -> None:
    user.prefix.mkdir(parents=True)
    (user.prefix / "thesis.txt").write_text("years of work")


STATES: dict[str, Callable[[User], None]] = {
    "absent": make_absent,
    "complete": make_complete,
    "older": make_older,
    "declined": make_declined,
    "changed": make_changed,
    "torn": make_torn,
    "abandoned": make_abandoned,
    "foreign": make_foreign,
}
COMMANDS: dict[str, Sequence[str]] = {
    "run": ("word",),
    "bootstrap": ("bootstrap",),
    "force": ("bootstrap", "--force"),
    "status": ("status",),
    "verify": ("verify",),
    "rollback": ("rollback",),
    "uninstall": ("uninstall", "-y"),
}
GONE, SAME = "gone", "same"

# What is in place afterwards, and the exit status when it is not 0; "same" means that not a byte has changed.
TABLE = """
             run      bootstrap  force    status   verify   rollback  uninstall
absent       2.0      2.0        2.0      gone     gone:65  gone:64   gone
complete     2.0      2.0        2.0      same     same     2.0:64    gone
older        2.0      2.0        2.0      same     same     1.0:64    gone
declined     1.0      1.0        2.0      same     same     2.0       gone
changed      1.0      1.0        2.0      same     same:65  1.0:64    gone
torn         2.0      2.0        2.0      same     same:65  same:64   gone
abandoned    2.0      2.0        2.0      same     same:65  same:64   gone
foreign      same:77  same:77    same:77  same:77  same:77  same:77   same:77
"""


def read_table() -> dict[tuple[str, str], tuple[str, int]]:
    """Read the table: state and command to what is in place afterwards and the exit status."""
    header, *rows = [line.split() for line in TABLE.strip("\n").splitlines()]
    cells = {}
    for state, *row in rows:
        for command, cell in zip(header, row, strict=True):
            expected, _, status = cell.partition(":")
            cells[state, command] = (expected, int(status or 0))
    return cells


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("state", STATES)
def test_each_command_does_in_each_state_what_the_table_says(state: str, command: str, user: User) -> None:
    STATES[state](user)
    before = snapshot(user.home.directory)
    expected, status = read_table()[state, command]
    completed = user.home.run(user.new, *COMMANDS[command])
    assert completed.returncode == status, completed.stderr
    if expected == SAME:
        assert snapshot(user.home.directory) == before
    elif expected == GONE:
        assert list_names(user.beside) == []
    else:
        assert user.version == expected
        assert_complete(user.prefix, packages=3 if (state, expected) == ("changed", "1.0") else 2)
        assert set(list_names(user.beside)) <= {"demo", ".demo.previous"}
    if command == "run" and status == 0:
        assert completed.stdout == f"{user.prefix} word\n"


@pytest.mark.parametrize(
    ("state", "name"),
    [
        ("absent", "not-installed"),
        ("complete", "installed"),
        ("older", "other-build"),
        ("declined", "other-build"),
        ("changed", "changed"),
        ("torn", "incomplete"),
        ("abandoned", "not-installed"),
        ("foreign", "foreign"),
    ],
)
def test_status_names_the_state_and_changes_nothing(state: str, name: str, user: User) -> None:
    STATES[state](user)
    before = snapshot(user.home.directory)
    status = user.status(user.new)
    assert status["state"] == name
    assert status["prefix"] == str(user.prefix)
    assert (status["runtime"], status["version"], status["package_count"]) == ("demo", "2.0", 2)
    assert (status["abandoned"] is not None) == (state == "abandoned")
    assert (status["rollback"] is not None) == (state == "declined")
    assert status["being_built"] is False
    if state == "changed":
        assert status["installed"]["added"] == ["mine-1-0"]
    assert snapshot(user.home.directory) == before


def test_status_sees_a_build_in_progress(user: User) -> None:
    user.home.extra["SCRIPT_SECONDS"] = LONG_SECONDS
    process = start(user.home, user.new, "word")
    wait_for_script(user.home)
    status = user.status(user.new)
    process.terminate()
    finish(process)
    assert (status["state"], status["being_built"], status["abandoned"]) == ("not-installed", True, None)


# Upgrades and rollbacks


def test_named_environments_follow_an_upgrade_and_a_rollback(user: User) -> None:
    user.run(user.old, "word")
    precious = user.add_environment()
    upgrade = user.run(user.new, "word")
    work, end = upgrade.stderr.splitlines()
    assert work.startswith("demo: upgrading 1.0 → 2.0: 2 packages (")
    assert end.startswith("demo: upgraded in ")
    assert end.endswith(" rollback`")
    assert (user.version, precious.read_text()) == ("2.0", "mine")
    assert not (user.beside / ".demo.previous" / "envs").exists()
    user.add_environment("second")
    assert user.run(user.new, "rollback").stdout.startswith(f"rolled back to demo 1.0 at {user.shown_prefix}; ")
    assert (user.version, precious.read_text()) == ("1.0", "mine")
    assert list_names(user.prefix / "envs") == ["mine", "second"]
    assert user.run(user.old, "word").stderr == ""


def test_after_a_rollback_the_newer_runtime_keeps_the_older_prefix_until_it_is_forced(upgraded: User) -> None:
    user = upgraded
    user.run(user.new, "rollback")
    (line,) = user.run(user.new, "word").stderr.splitlines()
    assert line.startswith("demo: keeping demo 1.0 (rolled back from 2.0); upgrade with `")
    assert user.run(user.new, "word").stderr == ""
    user.run(user.new, "bootstrap", "--force")
    assert user.version == "2.0"
    assert user.run(user.new, "word").stderr == ""


def test_a_second_rollback_undoes_the_first(upgraded: User) -> None:
    user = upgraded
    user.run(user.new, "rollback")
    user.run(user.new, "rollback")
    assert user.version == "2.0"
    assert user.run(user.new, "word").stderr == ""


def test_a_rollback_restores_a_prefix_that_somebody_has_removed(upgraded: User) -> None:
    user = upgraded
    shutil.rmtree(user.prefix)
    user.run(user.new, "rollback")
    assert user.version == "1.0"
    assert list_names(user.beside) == ["demo"]


def test_only_the_last_replaced_prefix_is_kept(upgraded: User, plain_workshop: Workshop) -> None:
    user = upgraded
    user.run(plain_workshop.build(version="3.0"), "word")
    assert user.version == "3.0"
    assert read_marker(user.beside / ".demo.previous")["runtime_version"] == "2.0"
    assert list_names(user.beside) == [".demo.previous", "demo"]


def test_a_user_who_returns_to_the_older_executable_gets_the_older_prefix_back(upgraded: User) -> None:
    user = upgraded
    inode = (user.beside / ".demo.previous").stat().st_ino
    assert user.run(user.old, "word").stdout == f"{user.prefix} word\n"
    assert user.version == "1.0"
    assert user.prefix.stat().st_ino == inode  # put back, not built again


def add_distribution(user: User) -> tuple[str, str]:
    (site_packages,) = (user.prefix / "lib").glob("python3*/site-packages")
    (site_packages / "mine-2.0.dist-info").mkdir()
    (site_packages / "mine-2.0.dist-info" / "METADATA").write_text("Name: mine\nVersion: 2.0\n")
    return "(mine-2.0 added)", f", and `{user.shown_prefix}/bin/python -m pip install mine==2.0` adds that again"


def add_record(user: User) -> tuple[str, str]:
    (user.prefix / "conda-meta" / "mine-1-0.json").write_text(OWN_RECORD)
    return "(mine-1-0 added)", ""


def add_package(user: User) -> tuple[str, str]:
    """As conda does it: a record that lists the distribution, and a request in the history."""
    (site_packages,) = (user.prefix / "lib").glob("python3*/site-packages")
    (site_packages / "mine-1.dist-info").mkdir()
    files = [f"{site_packages.relative_to(user.prefix)}/mine-1.dist-info/METADATA"]
    (user.prefix / files[0]).write_text("Name: mine\nVersion: 1\n")
    record = {"name": "mine", "files": files, "paths_data": {"paths": [{"_path": files[0], "path_type": "softlink"}]}}
    (user.prefix / "conda-meta" / "mine-1-0.json").write_text(json.dumps(record))
    with (user.prefix / "conda-meta" / "history").open("a") as history:
        history.write("==> 2026-02-02 00:00:00 <==\n# cmd: conda install mine\n# update specs: ['mine >=1']\n")
    return "(mine-1-0 added)", f", and `conda install --prefix {user.shown_prefix} 'mine >=1'` adds that again"


def remove_package(user: User) -> tuple[str, str]:
    """As conda does it: the record, and what it lists."""
    (record,) = (user.prefix / "conda-meta").glob("words-*.json")
    for path in json.loads(record.read_text())["files"]:
        (user.prefix / path).unlink()
    record.unlink()
    return f"({record.stem} removed)", ""


def exchange_packages(user: User) -> tuple[str, str]:
    return f"({add_record(user)[0][1:-1]}, {remove_package(user)[0][1:-1]})", ""


@pytest.mark.parametrize("change", [add_distribution, add_record, add_package, remove_package, exchange_packages])
def test_a_prefix_that_its_user_has_changed_is_kept_with_one_line(
    change: Callable[[User], tuple[str, str]], home: Home, workshop: Workshop
) -> None:
    user = User(home, workshop.build(version="1.0"), workshop.build(version="2.0"))
    user.run(user.old, "-c", "")
    words, hint = change(user)
    kept = user.run(user.new, "-c", "print('ran')")
    assert kept.stdout == "ran\n"
    assert kept.stderr.splitlines() == [
        "demo: using the installed demo 1.0 instead of 2.0: you have changed it since it was installed "
        f"{words}; `demoz bootstrap --force` replaces it{hint}"
    ]
    again = user.run(user.new, "-c", "print('ran')")
    assert (again.stdout, again.stderr) == ("ran\n", "")
    assert "stays installed" in user.run(user.new, "bootstrap").stdout
    assert user.version == "1.0"
    first, *_, last = user.run(user.new, "bootstrap", "--force").stderr.splitlines()
    assert f"replacing demo 1.0, which you have changed since it was installed {words}" in first
    assert hint.replace(", and ", "").replace(" adds that again", " adds your packages again") in last
    assert user.version == "2.0"
    assert_complete(user.prefix, packages=12)
    user.run(user.new, "rollback")
    assert user.run(user.old, "-c", "print('ran')").stdout == "ran\n"


def test_what_python_has_compiled_does_not_count_as_a_change(home: Home, workshop: Workshop) -> None:
    user = User(home, workshop.build(version="1.0"), workshop.build(version="2.0"))
    user.run(user.old, "-c", "import jinja2")  # compiles what it imports
    user.run(user.new, "-c", "")
    assert user.version == "2.0"


def test_a_runtime_that_keeps_prefixes_says_so_in_one_line(user: User, plain_workshop: Workshop) -> None:
    keeping = plain_workshop.build(version="3.0", on_upgrade='"keep"')
    user.run(user.old, "word")
    kept = user.run(keeping, "word")
    assert len(kept.stderr.splitlines()) == 1
    assert "using the installed demo 1.0 instead of 3.0" in kept.stderr
    assert list_names(user.beside) == ["demo"]
    user.run(keeping, "bootstrap", "--force")
    assert user.version == "3.0"


def test_an_upgrade_that_fails_goes_on_with_the_older_prefix(
    user: User, plain_workshop: Workshop, tmp_path: Path
) -> None:
    user.run(user.old, "word")
    before = snapshot(user.prefix)
    moved = plain_workshop.build(version="2.4", layout='"external"')
    alone = Path(shutil.copy(moved, tmp_path))  # without its bundle
    user.home.extra["DEMO_OFFLINE"] = "1"
    kept = user.run(alone, "word")
    assert kept.stdout == f"{user.prefix} word\n"
    (line,) = kept.stderr.splitlines()
    assert "using the installed demo 1.0 instead of 2.4: the upgrade failed (" in line
    assert user.home.run(alone, "bootstrap").returncode == 66
    events = user.run(alone, "--progress", "json", "word").stderr.splitlines()
    assert json.loads(events[-1])["outcome"] == "kept"
    assert snapshot(user.prefix) == before
    assert list_names(user.beside) == ["demo"]


def test_a_program_of_the_old_prefix_goes_on_through_an_upgrade(home: Home, workshop: Workshop) -> None:
    user = User(home, workshop.build(version="1.0"), workshop.build(version="2.0"))
    program = "print('ready', flush=True); input(); import colorsys, markupsafe._speedups; print(colorsys.__file__)"
    user.run(user.old, "-c", "")
    running = subprocess.Popen(
        [str(user.old), "-c", program],
        env=home.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    user.run(user.new, "-c", "")
    executable = Path(f"/proc/{running.pid}/exe").readlink()
    assert executable.is_relative_to(user.beside / ".demo.previous")
    output, errors = running.communicate("\n", timeout=60)
    assert running.returncode == 0, errors
    assert output.startswith(str(user.prefix))


def test_a_forced_bootstrap_repairs_what_is_broken(user: User) -> None:
    user.run(user.old, "word")
    precious = user.add_environment()
    (user.prefix / "bin" / "tool").unlink()
    broken = user.home.run(user.old, "word")
    assert broken.returncode == 66
    assert "bootstrap --force" in broken.stderr
    user.run(user.old, "bootstrap", "--force")
    assert user.run(user.old, "word").stdout == f"{user.prefix} word\n"
    assert precious.read_text() == "mine"
    assert list_names(user.beside) == ["demo"]
    assert_complete(user.prefix, packages=2)


# Removal


def test_uninstall_lists_named_environments_and_says_how_to_remove_the_executable(upgraded: User) -> None:
    precious = upgraded.add_environment()
    completed = upgraded.run(upgraded.new, "uninstall", "-y")
    lines = completed.stdout.splitlines()
    assert any(upgraded.home.show(precious.parent) in line and "environment" in line for line in lines)
    assert any(upgraded.home.show(upgraded.beside / ".demo.previous") in line for line in lines)
    assert lines[-1] == f"To remove demo itself: rm {upgraded.new}"
    assert list_names(upgraded.home.directory) == []


def test_uninstall_wants_a_confirmation(user: User) -> None:
    user.run(user.old, "word")
    before = snapshot(user.home.directory)
    completed = user.home.run(user.old, "uninstall")
    assert completed.returncode == 64
    assert "uninstall -y" in completed.stderr
    assert snapshot(user.home.directory) == before


@pytest.mark.parametrize(("answer", "is_removed"), [("y", True), ("yes", True), ("n", False), ("", False)])
def test_uninstall_asks_at_a_terminal(answer: str, is_removed: bool, user: User) -> None:
    user.run(user.old, "word")
    controller, terminal = pty.openpty()
    os.write(controller, answer.encode() + b"\n")
    completed = user.home.run(user.old, "uninstall", stdin=terminal)
    os.close(controller)
    os.close(terminal)
    assert "Remove it?" in completed.stderr
    assert completed.returncode == 0
    assert completed.stdout.endswith("\nNothing removed.\n") is not is_removed
    assert user.prefix.exists() is not is_removed


def test_uninstall_leaves_what_else_is_beside_the_prefix(user: User) -> None:
    user.run(user.old, "word")
    other = user.beside / "environments.txt"
    other.write_text("conda's own\n")
    user.run(user.old, "uninstall", "-y")
    assert list_names(user.beside) == ["environments.txt"]


# Where the prefix is


def test_the_option_wins_over_the_shared_variable_over_the_runtimes_own(user: User, tmp_path: Path) -> None:
    option, shared, own = (tmp_path / name for name in ("option", "shared", "own"))
    home = user.home
    home.extra["DEMO_PREFIX"] = str(own)
    assert user.run(user.old, "word").stdout == f"{own} word\n"
    home.extra["CONDA_SHIP_PREFIX"] = str(shared)
    assert user.run(user.old, "word").stdout == f"{shared} word\n"
    assert user.run(user.old, "--path", option, "word").stdout == f"{option} word\n"
    named_by = [
        json.loads(user.run(user.old, *words, "status", "--json").stdout)["prefix_named_by"]
        for words in (("--path", option), ())
    ]
    assert named_by == ["--path", "CONDA_SHIP_PREFIX"]
    assert list_names(home.directory) == []


def test_a_runtime_called_conda_ignores_the_active_environment(
    home: Home, plain_workshop: Workshop, tmp_path: Path
) -> None:
    runtime = plain_workshop.build(runtime='"conda"')
    home.extra["CONDA_PREFIX"] = str(tmp_path / "active")
    completed = home.run(runtime, "word")
    assert completed.stdout == f"{home.directory / '.conda' / 'conda'} word\n", completed.stderr
    assert not (tmp_path / "active").exists()


# What is said


@pytest.mark.parametrize("variable", [None, "DEMO_QUIET"])
def test_silent_means_silent(variable: str | None, user: User) -> None:
    quiet = () if variable else ("-q",)
    if variable:
        user.home.extra[variable] = "1"
    for runtime in (user.old, user.new):
        completed = user.run(runtime, *quiet, "word")
        assert (completed.stdout, completed.stderr) == (f"{user.prefix} word\n", "")
    for command in (("bootstrap", "--force"), ("rollback",), ("uninstall", "-y")):
        completed = user.run(user.new, *quiet, *command)
        assert (completed.stdout, completed.stderr) == ("", "")


@pytest.mark.parametrize("variable", [None, "DEMO_PROGRESS"])
def test_progress_for_programs_is_one_event_a_line(variable: str | None, user: User) -> None:
    words = () if variable else ("--progress", "json")
    if variable:
        user.home.extra[variable] = "json"
    first = [json.loads(line) for line in user.run(user.old, *words, "word").stderr.splitlines()]
    assert first[0]["event"] == "start"
    assert (first[0]["prefix"], first[0]["packages"]) == (str(user.prefix), 2)
    assert (first[-1]["event"], first[-1]["outcome"]) == ("done", "installed")
    assert user.run(user.old, *words, "word").stderr == ""
    upgrade = [json.loads(line) for line in user.run(user.new, *words, "word").stderr.splitlines()]
    assert upgrade[-1]["outcome"] == "replaced"


def test_failures_are_events_too(user: User) -> None:
    make_foreign(user)
    completed = user.home.run(user.old, "--progress", "json", "word")
    assert completed.returncode == 77
    (event,) = map(json.loads, completed.stderr.splitlines())
    assert event["event"] == "error"
    assert str(user.prefix) in json.dumps(event)


# What a prefix holds besides its packages


def test_conda_without_libmamba_is_told_to_use_the_rattler_solver(home: Home, workshop: Workshop) -> None:
    runtime = workshop.build(delegate='"conda"', exclude='["conda-libmamba-solver"]')
    assert home.run(runtime, "info").returncode == 0
    assert (home.prefix / ".condarc").read_text() == "solver: rattler\n"


def test_conda_with_both_solvers_needs_no_settings(home: Home, workshop: Workshop) -> None:
    completed = home.run(workshop.build(delegate='"conda"'), "info")
    assert json.loads(completed.stdout)["argv"] == ["info"]
    assert not (home.prefix / ".condarc").exists()


def test_configured_settings_win_and_a_users_own_survive_upgrades(home: Home, workshop: Workshop) -> None:
    first, second = "channels:\n  - first\n", "channels:\n  - second\n"
    old = workshop.build(delegate='"conda"', exclude='["conda-libmamba-solver"]', condarc=first)
    new = workshop.build(delegate='"conda"', version="2.0", condarc=second)
    condarc = home.prefix / ".condarc"
    assert home.run(old, "info").returncode == 0
    assert condarc.read_text() == first
    condarc.write_text("channels:\n  - mine\n")
    (home.prefix / "conda-meta" / "pinned").write_text("python 3.*\n")
    assert home.run(new, "info").returncode == 0
    assert condarc.read_text() == "channels:\n  - mine\n"
    assert (home.prefix / "conda-meta" / "pinned").read_text() == "python 3.*\n"


def test_every_setting_of_a_user_survives_upgrades_and_rollbacks(user: User) -> None:
    user.run(user.old, "word")
    names = (".condarc", "condarc", "condarc.d/mine.yml", "conda-meta/pinned", "conda-meta/frozen", "conda-meta/state")
    (user.prefix / "condarc.d").mkdir()
    for name in names:
        (user.prefix / name).write_text(f"{name} of mine\n")
    for command in ((user.new, "word"), (user.new, "rollback"), (user.new, "bootstrap", "--force"), (user.old, "word")):
        user.run(*command)
        assert {name: (user.prefix / name).read_text() for name in names} == {
            name: f"{name} of mine\n" for name in names
        }


def test_a_frozen_marker_of_the_runtime_is_that_of_the_build_in_place(home: Home, plain_workshop: Workshop) -> None:
    old, new = (plain_workshop.build(version=version, freeze_base="true") for version in ("1.3", "2.3"))
    for command, version in (((old, "word"), "1.3"), ((new, "word"), "2.3"), ((new, "rollback"), "1.3")):
        assert home.run(*command).returncode == 0
        assert f"demo {version}." in (home.prefix / "conda-meta" / "frozen").read_text()


def test_settings_that_nobody_changed_are_replaced_by_an_upgrade(home: Home, workshop: Workshop) -> None:
    old = workshop.build(version="1.1", condarc="channels:\n  - first\n")
    new = workshop.build(version="2.1", condarc="channels:\n  - second\n")
    assert home.run(old, "-c", "").returncode == 0
    assert home.run(new, "-c", "").returncode == 0
    assert (home.prefix / ".condarc").read_text() == "channels:\n  - second\n"


def test_a_frozen_base_and_the_installer_are_written_down(home: Home, plain_workshop: Workshop) -> None:
    runtime = plain_workshop.build(freeze_base="true", installer='"homebrew"')
    assert home.run(runtime, "word").returncode == 0
    assert "message" in json.loads((home.prefix / "conda-meta" / "frozen").read_text())
    info = json.loads((home.prefix / ".installer.info").read_text())
    assert (info["name"], info["version"], info["type"]) == ("demo", "1.0", "homebrew")
    assert "brew uninstall demo" in home.run(runtime, "uninstall", "-y").stdout


def test_nothing_of_the_kind_is_written_unasked(user: User) -> None:
    user.run(user.old, "word")
    names = set(list_names(user.prefix)) | set(list_names(user.prefix / "conda-meta"))
    assert names & {".condarc", ".installer.info", "frozen"} == set()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o027, 0o077])
def test_what_the_runtime_writes_itself_follows_the_umask_and_is_never_writable_by_all(
    umask: int, home: Home, plain_workshop: Workshop
) -> None:
    for version in ("1.5", "2.5"):
        runtime = plain_workshop.build(
            version=version, freeze_base="true", installer='"homebrew"', condarc="channels:\n  - first\n"
        )
        completed = home.run("sh", "-c", f'umask {umask:o}; exec "$0" word', runtime)
        assert completed.returncode == 0, completed.stderr
        for directory in (home.prefix.parent, home.prefix):
            assert directory.stat().st_mode & 0o777 == 0o775 & ~umask
        for name in (".demo.json", ".condarc", ".installer.info", "conda-meta/frozen"):
            assert (home.prefix / name).stat().st_mode & 0o777 == 0o664 & ~umask, name


# Clocks that jump


@pytest.mark.parametrize("seconds", [0, 10**9, 4 * 10**9])
def test_times_of_files_mean_nothing(seconds: int, user: User) -> None:
    make_abandoned(user)
    user.run(user.old, "word")
    user.add_environment()
    make_abandoned(user)
    for path in [*user.home.directory.rglob("*"), user.home.directory]:
        os.utime(path, (seconds, seconds), follow_symlinks=False)
    assert user.run(user.old, "bootstrap").stdout == f"demo 1.0 is already installed at {user.shown_prefix}\n"
    assert list_names(user.beside) == ["demo"]
    user.run(user.new, "word")
    assert user.version == "2.0"
    user.run(user.new, "rollback")
    assert user.version == "1.0"
    assert_complete(user.prefix, packages=2)


# Long and unusual paths


def test_a_path_longer_than_the_packages_allow_is_refused_before_anything_is_written(
    home: Home, workshop: Workshop
) -> None:
    prefix = home.directory.joinpath(*["long" * 20] * 4)
    completed = home.run(workshop.build(), "--path", prefix, "-c", "")
    assert completed.returncode == 73, completed.stderr
    assert f"{len(str(prefix))} bytes long" in completed.stderr
    assert list_names(home.directory) == []


@pytest.mark.parametrize("name", ["mit Leerzeichen/grüße", "long" * 20, "it's", "-dash"])
def test_prefixes_may_have_unusual_names(name: str, home: Home, workshop: Workshop) -> None:
    prefix = home.directory / name
    completed = home.run(workshop.build(), "--path", prefix, "-c", "import sys; print(sys.prefix)")
    assert completed.stdout == f"{prefix}\n", completed.stderr
    assert_complete(prefix, packages=12)
    assert "moo" in home.run(prefix / "bin" / "cowsay", "-t", "moo").stdout
    assert home.run(workshop.build(), "--path", prefix, "uninstall", "-y").returncode == 0
    assert not prefix.exists()
