"""What is mounted in a prefix, or next to it, is neither removed nor moved.

The law: each command that would is refused with the mount's path and changes nothing; a run goes on with the prefix in
place; and once the mount is gone, nothing is left of it all.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.commands import Command, Home
from support.inspection import list_names, read_marker
from support.mounts import KINDS, describe, mounted
from support.overlays import Container
from support.users import become
from support.workshop import Workshop

pytestmark = pytest.mark.root

PLACES = [
    "demo/data",
    "demo/lib/with blank\n and \\134 line/deep",
    "demo/envs",
    "demo/envs/mine/lib",
    "demo/pkgs",
    ".demo.previous/data",
    ".demo.previous/envs",
    ".demo.staging/.demo.staging/data",
]
COMMANDS = {
    "uninstall": ("v2", "uninstall", "-y"),
    "uninstall by another version": ("v3", "uninstall", "-y"),
    "rollback": ("v2", "rollback"),
    "rollback by another version": ("v3", "rollback"),
    "repair": ("v2", "bootstrap", "--force"),
    "force": ("v3", "bootstrap", "--force"),
}
SOMEBODY = 12345


@dataclass
class Bench:
    """A home with version 2 in place of version 1, and a named environment."""

    home: Home
    runtimes: dict[str, Path]

    @property
    def parent(self) -> Path:
        return self.home.prefix.parent

    def run(self, version: str, *words: str, through: tuple[str, ...] = ()) -> Command:
        return self.home.run(*through, self.runtimes[version], *words)

    def install(self, *, through: tuple[str, ...] = ()) -> None:
        for version in ("v1", "v2"):
            completed = self.run(version, "word", through=through)
            assert completed.returncode == 0, completed.stderr
        environment = self.home.prefix / "envs" / "mine" / "conda-meta"
        environment.mkdir(parents=True)
        (environment / "history").write_text("")

    def assert_refused(self, mount: Path, *, through: tuple[str, ...] = ()) -> None:
        """Each command is refused with the mount's path, a run goes on, and nothing has changed."""
        before = describe(self.parent)
        shown = self.home.show(mount).replace("\n", "\\n")
        for name, (version, *words) in COMMANDS.items():
            refused = self.run(version, *words, through=through)
            assert refused.returncode == 73, (name, refused)
            assert f"{shown} is a mount point" in refused.stderr, name
            assert describe(self.parent) == before, name
        compared = self.run("v2", "verify", through=through)
        assert (compared.returncode in (0, 65), describe(self.parent)) == (True, before), compared
        for version, lines in (("v2", 0), ("v3", 1), ("v1", 1)):
            kept = self.run(version, "word", through=through)
            assert (kept.returncode, kept.stdout) == (0, f"{self.home.prefix} word\n"), kept.stderr
            assert kept.stderr.count("\n") == lines, kept.stderr
            assert lines == 0 or f"{shown} is a mount point" in kept.stderr
            assert describe(self.parent) == before, version

    def assert_free(self) -> None:
        """Unmounted, nothing stands in the way."""
        # What a file was mounted on is a file of the user's.
        completed = self.run("v3", "bootstrap", "--force")
        assert (completed.returncode, read_marker(self.home.prefix)["runtime_version"]) == (0, "3.0"), completed
        assert self.run("v3", "uninstall", "-y").returncode == 0
        assert list_names(self.home.directory) == []


@pytest.fixture
def bench(home: Home, plain_workshop: Workshop) -> Bench:
    runtimes = {f"v{number}": plain_workshop.build(version=f"{number}.0") for number in (1, 2, 3)}
    return Bench(home, runtimes)


@pytest.mark.parametrize(
    ("place", "kind"),
    # A file is mounted on a file, and there `envs` is a directory.
    [(place, kind) for place in PLACES for kind in KINDS if (place, kind) != ("demo/envs", "file")],
)
def test_no_command_crosses_a_mount(place: str, kind: str, bench: Bench, tmp_path: Path) -> None:
    bench.install()
    with mounted(kind, bench.parent / place, tmp_path / "precious") as mount:
        bench.assert_refused(mount)
    bench.assert_free()


@pytest.mark.parametrize("kind", ["directory", "memory"])
def test_a_prefix_that_is_a_volume_runs_and_stays(kind: str, bench: Bench, tmp_path: Path) -> None:
    bench.install()
    kept = bench.home.prefix.rename(tmp_path / "kept")
    with mounted(kind, bench.home.prefix, tmp_path / "precious"):
        shutil.copytree(kept, bench.home.prefix, symlinks=True, dirs_exist_ok=True)
        bench.assert_refused(bench.home.prefix)


def test_a_volume_that_holds_the_prefix_is_not_a_reason(bench: Bench, tmp_path: Path) -> None:
    with mounted("memory", bench.parent, tmp_path / "precious"):
        bench.install()
        for words in (("word",), ("bootstrap", "--force"), ("rollback",), ("rollback",), ("uninstall", "-y")):
            completed = bench.run("v3", *words)
            assert completed.returncode == 0, (words, completed)
        assert list_names(bench.parent) == ["inner"]


def test_a_parent_behind_a_link_hides_no_mount(bench: Bench, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    bench.parent.symlink_to(elsewhere)
    bench.install()
    with mounted("directory", elsewhere / "demo" / "data", tmp_path / "precious"):
        bench.assert_refused(bench.home.prefix / "data")


def test_a_mount_that_root_made_stops_its_user_too(bench: Bench, tmp_path: Path) -> None:
    os.chown(bench.home.directory, SOMEBODY, SOMEBODY)
    user = become(SOMEBODY)
    bench.install(through=user)
    with mounted("directory", bench.home.prefix / "data", tmp_path / "precious") as mount:
        bench.assert_refused(mount, through=user)


def test_an_image_with_a_volume_in_it(bench: Bench, tmp_path: Path) -> None:
    container = Container(bench.home.directory, tmp_path / "layers")
    with contextlib.ExitStack() as stack:
        stack.callback(container.stop)
        container.build(bench.install)
        container.start()
        with mounted("directory", bench.home.prefix / "data", tmp_path / "precious") as mount:
            bench.assert_refused(mount)
        completed = bench.run("v3", "uninstall", "-y")
        assert completed.returncode == 0, completed.stderr


# Words before a command. The first hide the list of mounts from it; all of /proc it cannot do without.
WITHOUT_LIST = ("unshare", "--mount", "sh", "-c", 'mount --bind /dev/null /proc/$$/mountinfo && exec "$@"', "sh")
WITHOUT_STATX = ("strace", "-f", "-qq", "-o", "/dev/null", "-e")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", ["demo/lib/a/data", "demo/pkgs", ".demo.previous/data"])
def test_mounts_are_found_without_a_list_of_them(place: str, kind: str, bench: Bench, tmp_path: Path) -> None:
    bench.install()
    with mounted(kind, bench.parent / place, tmp_path / "precious") as mount:
        bench.assert_refused(mount, through=WITHOUT_LIST)


@pytest.mark.tools("strace")
@pytest.mark.parametrize("error", ["EPERM", "ENOSYS"])
@pytest.mark.parametrize("kind", KINDS)
def test_mounts_are_found_without_statx(kind: str, error: str, bench: Bench, tmp_path: Path) -> None:
    bench.install()
    tracer = (*WITHOUT_STATX, f"inject=statx:error={error}")
    with mounted(kind, bench.home.prefix / "data", tmp_path / "precious") as mount:
        bench.assert_refused(mount, through=tracer)


@pytest.mark.tools("strace")
def test_with_neither_a_file_system_is_still_found(bench: Bench, tmp_path: Path) -> None:
    bench.install()
    tracer = (*WITHOUT_STATX, "inject=statx:error=EPERM")
    with mounted("memory", bench.home.prefix / "data", tmp_path / "precious") as mount:
        bench.assert_refused(mount, through=(*tracer, *WITHOUT_LIST))
