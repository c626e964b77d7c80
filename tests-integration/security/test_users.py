"""What another user can have put there is neither run nor changed, by any command or user.

The laws: the attacker's program never runs; nothing of the attacker's is moved, copied or removed; a command that is
refused has changed nothing and names the attacker; and what users and root share on purpose goes on working.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.commands import Command, Home
from support.inspection import list_names, read_marker
from support.users import (
    ATTACKER,
    MARKERS,
    NEIGHBOURS,
    PLACES,
    PWNED,
    ROOT,
    VICTIM,
    become,
    describe,
    forge,
    give,
    make_sticky,
)
from support.workshop import Workshop

pytestmark = [
    pytest.mark.tools("setpriv"),
    pytest.mark.root,
]

COMMANDS = {
    "run": ("word",),
    "status": ("status",),
    "verify": ("verify",),
    "shell": ("shell",),
    "bootstrap": ("bootstrap",),
    "force": ("bootstrap", "--force"),
    "rollback": ("rollback",),
    "uninstall": ("uninstall", "-y"),
}
RUNNING = ("run", "status", "verify", "shell")
NOTHING_TO_DO = 64
REFUSED = 77
OTHER_NUMBER = 12345
LIMITED = ("prlimit", "--as=1500000000", "timeout", "-k", "1", "20")


@dataclass
class Bench:
    """Two versions of a runtime, and a place for their prefix."""

    home: Home
    runtimes: dict[str, Path]
    prefix: Path

    @property
    def parent(self) -> Path:
        return self.prefix.parent

    def run(self, user: int, version: str, *words: str, through: tuple[str, ...] = (), umask: str = "022") -> Command:
        """Run a command as a user, whose home has nothing in it."""
        command: tuple[str | Path, ...] = (*become(user, umask=umask), *through, self.runtimes[version], *words)
        return self.home.run(*command, env={**self.home.environment, "DEMO_PREFIX": str(self.prefix)}, cwd="/")

    def install(self, user: int, version: str = "v1") -> None:
        completed = self.run(user, version, "word")
        assert (completed.returncode, completed.stdout) == (0, f"{self.prefix} word\n"), completed


@pytest.fixture
def bench(home: Home, plain_workshop: Workshop) -> Bench:
    runtimes = {f"v{number}": plain_workshop.build(version=f"{number}.0") for number in (1, 2)}
    return Bench(home, runtimes, home.prefix)


def assert_nothing_happened(bench: Bench, completed: Command, before: dict[str, tuple[object, ...]]) -> None:
    """A refusal names the attacker and has changed nothing."""
    assert PWNED not in completed.stdout + completed.stderr
    assert completed.returncode == REFUSED, completed
    assert f"user {ATTACKER}" in completed.stderr or "users can write" in completed.stderr, completed.stderr
    assert describe(bench.parent) == before


@pytest.mark.parametrize("asker", [ROOT, VICTIM])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_a_planted_prefix_is_refused_by_every_command(
    version: str, place: str, asker: int, bench: Bench, tmp_path: Path
) -> None:
    bench.prefix = PLACES[place](tmp_path / "place")
    forge(bench.prefix, bench.runtimes["v1"])
    before = describe(bench.parent)
    for words in COMMANDS.values():
        assert_nothing_happened(bench, bench.run(asker, version, *words), before)


@pytest.mark.parametrize("asker", [ROOT, VICTIM])
@pytest.mark.parametrize("kind", MARKERS)
def test_a_planted_marker_of_any_kind_is_refused_at_once(kind: str, asker: int, bench: Bench, tmp_path: Path) -> None:
    bench.prefix = make_sticky(tmp_path / "place")
    forge(bench.prefix, bench.runtimes["v1"])
    replace_marker(bench.prefix, kind)
    before = describe(bench.parent)
    for words in COMMANDS.values():
        assert_nothing_happened(bench, bench.run(asker, "v1", *words, through=LIMITED), before)


def replace_marker(prefix: Path, kind: str) -> None:
    (prefix / ".demo.json").rename(prefix / "was.json")
    owner = prefix.stat().st_uid
    MARKERS[kind](prefix / ".demo.json")
    give(prefix, owner)


@pytest.mark.parametrize("asker", [ROOT, VICTIM])
@pytest.mark.parametrize("planted", NEIGHBOURS)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_planted_neighbour_is_left_alone_and_stops_no_plain_run(
    command: str, planted: str, asker: int, bench: Bench, tmp_path: Path
) -> None:
    bench.prefix = make_sticky(tmp_path / "place")
    bench.install(asker)
    NEIGHBOURS[planted](bench.parent, bench.runtimes["v2"])
    for version in ("v1", "v2"):
        before, attackers = describe(bench.parent), describe(bench.parent, user=ATTACKER)
        completed = bench.run(asker, version, *COMMANDS[command])
        assert PWNED not in completed.stdout + completed.stderr
        assert describe(bench.parent, user=ATTACKER) == attackers
        assert describe(bench.prefix, user=ATTACKER) == {} if bench.prefix.exists() else True
        if command in RUNNING:
            assert completed.returncode == 0, completed
        assert completed.returncode in (0, NOTHING_TO_DO, REFUSED), completed
        if completed.returncode != 0:
            assert describe(bench.parent) == before
        if command == "status" and planted != "links":
            assert f"belongs to user {ATTACKER}" in completed.stdout
        if command == "run":
            assert completed.stdout == f"{bench.prefix} word\n"
            # This version runs without a word, another with one line or as the newer one.
            assert completed.stderr == "" or version == "v2"


@pytest.mark.parametrize("asker", [ROOT, VICTIM])
@pytest.mark.parametrize("planted", NEIGHBOURS)
def test_a_first_run_takes_nothing_over(planted: str, asker: int, bench: Bench, tmp_path: Path) -> None:
    bench.prefix = make_sticky(tmp_path / "place")
    NEIGHBOURS[planted](bench.parent, bench.runtimes["v2"])
    attackers = describe(bench.parent, user=ATTACKER)
    completed = bench.run(asker, "v2", "word")
    assert PWNED not in completed.stdout + completed.stderr
    assert describe(bench.parent, user=ATTACKER) == attackers
    # A user who owns the name that the next prefix is built under keeps others from building.
    stands_in_the_way = "previous" not in planted
    assert completed.returncode == (REFUSED if stands_in_the_way else 0), completed
    if not stands_in_the_way:
        assert not {"envs", "pkgs"} & set(list_names(bench.prefix))


@pytest.mark.parametrize(("place", "asker"), [("open", ROOT), ("open", VICTIM), ("group", ROOT), ("nested", ROOT)])
def test_nothing_is_made_where_others_can_exchange_it(place: str, asker: int, bench: Bench, tmp_path: Path) -> None:
    bench.prefix = PLACES[place](tmp_path / "place")
    for words in COMMANDS.values():
        completed = bench.run(asker, "v1", *words)
        assert list_names(bench.parent) == []
        if words in (("word",), ("shell",), ("bootstrap",), ("bootstrap", "--force")):
            assert completed.returncode == REFUSED, completed
            assert str(bench.parent) in completed.stderr


@pytest.mark.parametrize("kind", MARKERS)
@pytest.mark.parametrize("place", ["demo", ".demo.previous", ".demo.staging"])
def test_odd_markers_of_ones_own_are_damaged_and_cost_nothing(kind: str, place: str, bench: Bench) -> None:
    for version in ("v1", "v2"):
        bench.install(ROOT, version)
    if place == ".demo.staging":
        (bench.parent / ".demo.previous").rename(bench.parent / place)
    replace_marker(bench.parent / place, kind)
    before = describe(bench.parent)
    for command, words in COMMANDS.items():
        completed = bench.run(ROOT, "v2", *words, through=LIMITED)
        if place == "demo":
            assert (completed.returncode, describe(bench.parent)) == (REFUSED, before), (command, completed)
            assert "damaged" in completed.stderr
        assert completed.returncode in (0, NOTHING_TO_DO, REFUSED), (command, completed)
        if command in RUNNING and place != "demo":
            assert completed.returncode == 0, completed
        if command == "rollback":
            break


@pytest.mark.parametrize("asker", [ATTACKER, OTHER_NUMBER])
def test_a_users_prefix_is_run_by_others_and_changed_by_nobody_else(asker: int, bench: Bench) -> None:
    give(bench.home.directory, VICTIM)
    bench.install(VICTIM)
    before = describe(bench.home.directory)
    for version, lines in (("v1", 0), ("v2", 1)):
        completed = bench.run(asker, version, "word")
        assert (completed.returncode, completed.stdout) == (0, f"{bench.prefix} word\n"), completed
        assert completed.stderr.count("\n") == lines
        for command in ("status", "verify"):
            assert bench.run(asker, version, command).returncode == 0
        for command in ("force", "rollback", "uninstall"):
            refused = bench.run(asker, version, *COMMANDS[command])
            assert refused.returncode in (REFUSED, NOTHING_TO_DO), refused
            assert refused.returncode == REFUSED or command == "rollback"
    for words in COMMANDS.values():
        refused = bench.run(ROOT, "v2", *words)
        assert refused.returncode == REFUSED, refused
        assert f"belongs to user {VICTIM}" in refused.stderr
        assert "Run this as that user" in refused.stderr
    assert describe(bench.home.directory) == before


def test_a_users_prefix_that_the_group_may_write_is_that_users_own(bench: Bench) -> None:
    give(bench.home.directory, VICTIM)
    bench.home.directory.chmod(0o2775)
    for version, words in (
        ("v1", ("word",)),
        ("v2", ("word",)),
        ("v2", ("bootstrap", "--force")),
        ("v2", ("rollback",)),
        ("v2", ("uninstall", "-y")),
    ):
        completed = bench.run(VICTIM, version, *words, umask="002")
        assert completed.returncode == 0, (words, completed)
        if bench.prefix.exists():
            assert bench.prefix.stat().st_mode & 0o020


def test_root_may_install_below_a_users_home_and_keeps_what_it_made(bench: Bench) -> None:
    give(bench.home.directory, VICTIM)
    for version in ("v1", "v2"):
        bench.install(ROOT, version)
    assert bench.run(VICTIM, "v2", "word").returncode == 0
    for words in (("rollback",), ("rollback",), ("bootstrap", "--force"), ("uninstall", "-y")):
        completed = bench.run(ROOT, "v2", *words)
        assert completed.returncode == 0, completed


def test_roots_prefix_in_a_sticky_directory_is_everybodys(bench: Bench, tmp_path: Path) -> None:
    bench.prefix = make_sticky(tmp_path / "place")
    bench.install(ROOT)
    for user in (VICTIM, ATTACKER):
        bench.install(user)
    bench.install(ROOT, "v2")
    assert read_marker(bench.prefix)["runtime_version"] == "2.0"


def test_the_user_who_planted_it_may_use_it(bench: Bench, tmp_path: Path) -> None:
    bench.prefix = make_sticky(tmp_path / "place")
    forge(bench.prefix, bench.runtimes["v1"])
    assert PWNED in bench.run(ATTACKER, "v1", "word").stdout
    assert bench.run(ATTACKER, "v1", "uninstall", "-y").returncode == 0
    assert list_names(bench.parent) == []


@pytest.mark.parametrize("asker", [ROOT, VICTIM])
def test_both_ends_of_a_link_count(asker: int, bench: Bench, tmp_path: Path) -> None:
    bench.install(ROOT)
    target, bench.prefix = bench.prefix, make_sticky(tmp_path / "place")
    bench.prefix.symlink_to(target)
    os.chown(bench.prefix, asker, asker, follow_symlinks=False)
    assert bench.run(asker, "v1", "word").returncode == 0
    os.chown(bench.prefix, ATTACKER, ATTACKER, follow_symlinks=False)
    refused = bench.run(asker, "v1", "word")
    assert (refused.returncode, refused.stdout) == (REFUSED, ""), refused
    os.chown(bench.prefix, asker, asker, follow_symlinks=False)
    give(target, ATTACKER)
    target.parent.chmod(0o1777)
    refused = bench.run(asker, "v1", "word")
    assert (refused.returncode, refused.stdout) == (REFUSED, ""), refused


@pytest.mark.parametrize("asker", [ROOT, VICTIM])
def test_no_shell_starts_in_a_planted_environment(asker: int, bench: Bench) -> None:
    bench.install(ROOT)
    environments = bench.prefix / "envs"
    environments.mkdir()
    environments.chmod(0o1777)
    forge(environments / "prod", bench.runtimes["v1"])
    scripts = environments / "prod" / "etc" / "conda" / "activate.d"
    scripts.mkdir(parents=True)
    (scripts / "evil.sh").write_text(f"echo {PWNED}\n")
    give(environments / "prod", ATTACKER)
    for name in ("prod", str(environments / "prod")):
        refused = bench.run(asker, "v1", "shell", name)
        assert (refused.returncode, refused.stdout) == (REFUSED, ""), refused
        assert f"user {ATTACKER}" in refused.stderr


@pytest.mark.parametrize("right", ["set-user-ID", "set-group-ID", "capabilities"])
def test_a_runtime_with_rights_of_its_own_is_refused(right: str, bench: Bench, tmp_path: Path) -> None:
    privileged = tmp_path / "privileged"
    shutil.copy(bench.runtimes["v1"], privileged)
    if right == "capabilities":
        setcap = shutil.which("setcap") or "/usr/sbin/setcap"
        if not Path(setcap).exists():
            pytest.skip("needs setcap")
        if subprocess.run([setcap, "cap_dac_override+ep", str(privileged)], check=False).returncode:
            pytest.skip("needs file capabilities")
    else:
        privileged.chmod(0o4755 if right == "set-user-ID" else 0o2755)
    bench.prefix = tmp_path / "own" / "demo"
    bench.parent.mkdir()
    forge(bench.prefix, privileged)
    bench.runtimes["v1"] = privileged
    for words in COMMANDS.values():
        refused = bench.run(ATTACKER, "v1", *words)
        assert (refused.returncode, refused.stdout) == (REFUSED, ""), refused
        assert "set-user-ID" in refused.stderr


@pytest.mark.parametrize("name", [".demo.staging", ".demo.previous", ".demo.abandoned"])
def test_no_prefix_has_a_name_that_its_neighbour_would_take(name: str, bench: Bench) -> None:
    bench.prefix = bench.home.directory / name
    for command, words in COMMANDS.items():
        refused = bench.run(ROOT, "v1", *words)
        assert refused.returncode == REFUSED, (command, refused)
        assert "next to their prefixes" in refused.stderr
    assert list_names(bench.home.directory) == []


@pytest.mark.parametrize("name", ["x" * 300, "x" * 250, f"{'y' * 300}/demo"])
def test_a_name_that_is_too_long_is_a_place_that_cannot_be_written(name: str, bench: Bench) -> None:
    bench.prefix = bench.home.directory / name
    refused = bench.run(ROOT, "v1", "word")
    assert refused.returncode == 73, refused
    assert "too long" in refused.stderr
    assert list_names(bench.home.directory) == []
