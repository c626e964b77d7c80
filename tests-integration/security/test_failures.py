"""What cannot be deleted does not get in the way.

The law: no command fails because of it but `uninstall`, which removes all else and says what is left; it is reported
once, with its path; no later run is slower or louder; and once it can be deleted, the next command that writes
deletes it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support.commands import Command, Home
from support.inspection import list_names, read_marker, snapshot
from support.overlays import Container
from support.workshop import Workshop

SOMEBODY, SOMEBODY_ELSE = 12345, 12346
pytestmark = pytest.mark.root


def add_foreign_directory(prefix: Path) -> Callable[[], object]:
    """As ``sudo pip`` leaves it: the prefix's user may not delete what is in it."""
    directory = prefix / "share" / "roots"
    directory.mkdir()
    (directory / "module.pyc").write_text("root's")
    inode = directory.stat().st_ino

    def allow() -> None:
        [found] = [path for path in prefix.parent.rglob("roots") if path.stat().st_ino == inode]
        os.chown(found, SOMEBODY, SOMEBODY)

    return allow


def add_immutable_file(prefix: Path) -> Callable[[], object]:
    """A file that cannot be deleted, even by root."""
    file = prefix / "share" / "module.pyc"
    file.write_text("immutable")
    if subprocess.run(["chattr", "+i", file], capture_output=True).returncode != 0:
        pytest.skip("needs immutable files")

    def allow() -> None:
        for found in prefix.parent.rglob("module.pyc"):
            subprocess.run(["chattr", "-i", found], check=True)

    return allow


KINDS = {"a directory of root's": add_foreign_directory, "an immutable file": add_immutable_file}


@dataclass
class Bench:
    """A user's home, with version 1 and a named environment in it."""

    home: Home
    runtimes: dict[str, Path]
    allow: list[Callable[[], object]] = field(default_factory=list)

    @property
    def parent(self) -> Path:
        return self.home.prefix.parent

    def run(self, version: str, *words: str, through: tuple[str, ...] = ()) -> Command:
        user = {"user": SOMEBODY, "group": SOMEBODY, "extra_groups": []}
        return self.home.run(*through, self.runtimes[version], *words, **user)

    def install(self, version: str) -> Command:
        completed = self.run(version, "word")
        assert (completed.returncode, completed.stdout) == (0, f"{self.home.prefix} word\n"), completed
        assert read_marker(self.home.prefix)["runtime_version"] == f"{version[1:]}.0"
        return completed

    def add_environment(self) -> None:
        environment = self.home.prefix / "envs" / "mine"
        environment.mkdir(parents=True)
        (environment / "precious.txt").write_text("mine")
        for path in (environment.parent, environment):
            os.chown(path, SOMEBODY, SOMEBODY)

    def add(self, kind: str) -> None:
        self.allow.append(KINDS[kind](self.home.prefix))

    def allow_all(self) -> None:
        for allow in self.allow:
            allow()
        self.allow.clear()

    def assert_told(self, completed: Command) -> None:
        """One line names the file that could not be deleted, where it is now."""
        assert completed.returncode == 0, completed
        [line] = [line for line in completed.stderr.splitlines() if "could not be deleted" in line]
        [file] = self.parent.glob(".demo.removed*/**/module.pyc")
        assert self.home.show(file) in line
        assert line.count(".demo.removed") >= 2

    def assert_quiet(self, version: str, *names: str) -> None:
        """Nothing more is said, and nothing is looked for."""
        assert list_names(self.parent) == sorted(names)
        assert (self.home.prefix / ".demo.json").read_bytes().startswith(b"{"), "the marker is not settled"
        assert (self.home.prefix / "envs" / "mine" / "precious.txt").read_text() == "mine"
        assert self.install(version).stderr == ""

    def assert_uninstalled_but_for(self, *names: str) -> None:
        refused = self.run("v3", "uninstall", "-y")
        assert refused.returncode == 74, refused
        assert list_names(self.parent) == sorted(names)
        [file] = self.parent.glob(".demo.removed*/**/module.pyc")
        assert f"{self.home.show(file)} could not be deleted" in refused.stderr
        assert f"Removed {self.home.show(self.home.prefix)}." in refused.stdout
        # Alone, it is neither forgotten nor in the way.
        assert self.run("v3", "uninstall", "-y").returncode == 74
        assert self.run("v1", "word").returncode == 0
        assert self.run("v1", "uninstall", "-y").returncode == 74

    def assert_all_goes(self) -> None:
        self.allow_all()
        removed = self.run("v3", "uninstall", "-y")
        assert (removed.returncode, list_names(self.home.directory)) == (0, []), removed


@pytest.fixture
def bench(home: Home, tiny_workshop: Workshop) -> Iterator[Bench]:
    os.chown(home.directory, SOMEBODY, SOMEBODY)
    runtimes = {f"v{number}": tiny_workshop.build(version=f"{number}.0") for number in (1, 2, 3)}
    bench = Bench(home, runtimes)
    bench.install("v1")
    bench.add_environment()
    yield bench
    bench.allow_all()


@pytest.mark.parametrize("kind", KINDS)
def test_force_puts_it_aside(kind: str, bench: Bench) -> None:
    bench.add(kind)
    bench.assert_told(bench.run("v1", "bootstrap", "--force"))
    bench.assert_quiet("v1", ".demo.removed", "demo")
    bench.install("v2")
    bench.install("v3")
    bench.assert_quiet("v3", ".demo.previous", ".demo.removed", "demo")
    assert bench.run("v3", "rollback").returncode == 0
    bench.assert_quiet("v2", ".demo.previous", ".demo.removed", "demo")
    bench.assert_uninstalled_but_for(".demo.removed")
    bench.assert_all_goes()


@pytest.mark.parametrize("kind", KINDS)
def test_an_upgrade_puts_it_aside(kind: str, bench: Bench) -> None:
    bench.add(kind)
    bench.install("v2")
    bench.assert_told(bench.install("v3"))
    bench.assert_quiet("v3", ".demo.previous", ".demo.removed", "demo")
    bench.assert_uninstalled_but_for(".demo.removed")
    bench.assert_all_goes()


@pytest.mark.parametrize("kind", KINDS)
def test_the_next_upgrade_deletes_what_can_be_deleted_by_then(kind: str, bench: Bench) -> None:
    bench.add(kind)
    bench.assert_told(bench.run("v1", "bootstrap", "--force"))
    bench.allow_all()
    bench.install("v2")
    bench.assert_quiet("v2", ".demo.previous", "demo")


@pytest.mark.parametrize("kind", KINDS)
def test_the_repair_of_a_torn_prefix_puts_it_aside(kind: str, bench: Bench) -> None:
    bench.add(kind)
    (bench.home.prefix / ".demo.json").write_text("")
    bench.assert_told(bench.install("v1"))
    bench.assert_quiet("v1", ".demo.removed", "demo")


def test_remains_of_several_upgrades_have_room(bench: Bench) -> None:
    for number in range(4):
        bench.add("a directory of root's")
        completed = bench.run("v1", "bootstrap", "--force")
        assert completed.stderr.count("could not be deleted") == 1, number
    assert len(list_names(bench.parent / ".demo.removed" / ".demo.staging")) == 4
    bench.assert_quiet("v1", ".demo.removed", "demo")
    bench.assert_all_goes()


@pytest.mark.parametrize("name", [".demo.previous", ".demo.staging"])
def test_a_directory_of_root_s_beside_the_prefix_is_in_nobody_s_way(name: str, bench: Bench) -> None:
    """It can be renamed, and not even be moved into another directory."""
    bench.install("v2")
    place = bench.parent / name
    if name == ".demo.staging":
        (place / name).mkdir(parents=True)
        (place / name / "module.pyc").write_text("root's")
    for path in [place, *place.rglob("*")]:
        os.chown(path, 0, 0)
    completed = bench.install("v3")
    [line] = [line for line in completed.stderr.splitlines() if "could not be deleted" in line]
    assert f"{bench.home.show(bench.parent)}/.demo.removed" in line
    bench.assert_quiet("v3", ".demo.previous", ".demo.removed", "demo")
    refused = bench.run("v3", "uninstall", "-y")
    assert (refused.returncode, list_names(bench.parent)) == (74, [".demo.removed"]), refused
    for path in [bench.parent / ".demo.removed", *(bench.parent / ".demo.removed").rglob("*")]:
        os.chown(path, SOMEBODY, SOMEBODY)
    bench.assert_all_goes()


@pytest.mark.parametrize("form", ["file", "directory", "link", "unreadable", "looks like a prefix"])
def test_what_others_have_at_that_name_stays(form: str, bench: Bench, tmp_path: Path) -> None:
    place, precious = bench.parent / ".demo.removed", tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.tex").write_text("x")
    match form:
        case "file":
            place.write_text("x")
        case "directory":
            shutil.copytree(precious, place)
        case "link":
            (precious / ".demo.staging").mkdir()
            place.symlink_to(precious)
        case "unreadable":
            shutil.copytree(precious, place)
            place.chmod(0o700)  # of root's
        case _:
            shutil.copytree(precious, place / ".demo.staging")
            for path in (place, place / ".demo.staging"):
                os.chown(path, SOMEBODY_ELSE, SOMEBODY_ELSE)
    before = snapshot(place), snapshot(precious)
    bench.add("an immutable file")
    bench.assert_told(bench.run("v1", "bootstrap", "--force"))
    bench.assert_quiet("v1", ".demo.removed", ".demo.removed-2", "demo")
    bench.allow_all()
    assert bench.run("v1", "uninstall", "-y").returncode == 0
    assert list_names(bench.parent) == [".demo.removed"]
    assert (snapshot(place), snapshot(precious)) == before


@pytest.mark.tools("strace")
@pytest.mark.parametrize("error", ["EBUSY", "EIO", "EPERM", "ESTALE"])
def test_nothing_at_all_can_be_deleted(error: str, bench: Bench) -> None:
    """A disk that has become bad, a server that keeps what is open."""
    through = (
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=unlinkat",
        "-e",
        f"inject=unlinkat:error={error}",
    )
    for version, words in [
        ("v1", ("bootstrap", "--force")),
        ("v2", ("word",)),
        ("v3", ("word",)),
        ("v3", ("rollback",)),
    ]:
        completed = bench.run(version, *words, through=through)
        assert completed.returncode == 0, completed
        assert (bench.home.prefix / "envs" / "mine" / "precious.txt").read_text() == "mine"
    refused = bench.run("v2", "uninstall", "-y", through=through)
    assert refused.returncode == 74
    assert not bench.home.prefix.exists()
    bench.assert_all_goes()


def test_an_uninstall_removes_what_it_can(bench: Bench) -> None:
    bench.add("an immutable file")
    bench.install("v2")
    bench.assert_uninstalled_but_for(".demo.removed")
    left = [path for path in (bench.parent / ".demo.removed").rglob("*") if not path.is_dir()]
    assert [path.name for path in left] == ["module.pyc"]
    bench.assert_all_goes()


@pytest.mark.parametrize("kind", KINDS)
def test_in_a_container_the_image_s_prefix_is_kept(kind: str, bench: Bench, tmp_path: Path) -> None:
    """There nothing can be put aside, so it is found before the first change."""
    shutil.rmtree(bench.home.directory / ".conda")
    container = Container(bench.home.directory, tmp_path / "layers")

    def fill() -> None:
        os.chown(bench.home.directory, SOMEBODY, SOMEBODY)
        bench.install("v1")
        bench.add_environment()
        if kind == "a directory of root's":
            bench.add(kind)

    container.build(fill)
    container.start()
    try:
        if kind == "an immutable file":
            bench.add(kind)
        before = snapshot(bench.parent)
        kept = bench.run("v2", "word")
        assert (kept.returncode, kept.stdout) == (0, f"{bench.home.prefix} word\n"), kept
        [line] = kept.stderr.splitlines()
        assert "module.pyc" in line
        for version in ("v1", "v2"):
            refused = bench.run(version, "bootstrap", "--force")
            assert refused.returncode == 77, refused
            assert "module.pyc" in refused.stderr
        after = snapshot(bench.parent)
        assert {path: entry[4:] for path, entry in after.items()} == {path: entry[4:] for path, entry in before.items()}
        bench.allow_all()
        bench.install("v2")
    finally:
        bench.allow_all()
        container.stop()
