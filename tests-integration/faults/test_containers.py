"""A prefix that comes from a container's image: overlayfs does not rename its directories.

The law: each command does what it does elsewhere, killed or not; and a run always starts a delegate.
"""

from __future__ import annotations

import contextlib
import errno
import os
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from support.commands import Home
from support.disks import mount_tmpfs
from support.inspection import assert_complete, find_faults, list_names, read_marker
from support.overlays import Container
from support.walker import Walker
from support.workshop import Workshop

pytestmark = pytest.mark.root
needs_tracing = pytest.mark.only("on Linux on x86-64")
SOMEBODY = 12345


@pytest.fixture
def container(home: Home, tmp_path: Path) -> Iterator[Container]:
    """A home whose contents come from an image."""
    container = Container(home.directory, tmp_path / "layers")
    yield container
    container.stop()


@pytest.fixture
def walker(home: Home, plain_workshop: Workshop, kills: int, seed: int) -> Walker:
    """Kills commands in that home."""
    return Walker(home, plain_workshop, kills, seed)


@pytest.fixture
def small_walker(home: Home, tiny_workshop: Workshop, kills: int, seed: int) -> Walker:
    """The same with few files: each is moved by itself here, and one stands for all."""
    return Walker(home, tiny_workshop, kills, seed)


def assert_stuck(home: Home) -> None:
    """Fail unless the file system refuses what it refuses in containers: else the test shows nothing."""
    with pytest.raises(OSError) as refused:
        home.prefix.rename(home.prefix.with_name("moved"))
    assert refused.value.errno == errno.EXDEV


def start(container: Container, walker: Walker, fill: Callable[[], object]) -> Walker:
    container.build(fill)
    container.start()
    assert_stuck(walker.home)
    return walker


def assert_versions(walker: Walker, *versions: str) -> None:
    """The prefix, and the previous one where a second version is given, with the environment in the prefix."""
    beside = (".demo.previous",) if len(versions) == 2 else ()
    walker.assert_settled(*beside)
    found = [read_marker(prefix)["runtime_version"] for prefix in (walker.prefix, walker.previous)[: len(versions)]]
    assert found == list(versions)
    if beside:
        assert_complete(walker.previous, packages=2)


def test_an_upgrade_and_its_rollback(container: Container, walker: Walker) -> None:
    start(container, walker, walker.install_old)
    completed = walker.home.run(walker.new, "word")
    assert (completed.returncode, completed.stdout) == (0, f"{walker.prefix} word\n"), completed.stderr
    assert_versions(walker, "2.0", "1.0")
    walker.run(walker.new, "rollback")
    assert_versions(walker, "1.0", "2.0")
    walker.run(walker.new, "rollback")
    assert_versions(walker, "2.0", "1.0")


def test_a_rollback_of_what_the_image_holds_both_of(container: Container, walker: Walker) -> None:
    start(container, walker, walker.install_both)
    walker.run(walker.new, "rollback")
    assert_versions(walker, "1.0", "2.0")


@pytest.mark.parametrize("is_torn", [False, True])
def test_a_repair(is_torn: bool, container: Container, walker: Walker) -> None:
    def fill() -> None:
        walker.install_old()
        if is_torn:
            (walker.prefix / ".demo.json").write_bytes(b"")
        else:
            (walker.prefix / "bin" / "tool").unlink()

    start(container, walker, fill)
    walker.run(walker.old, *(("word",) if is_torn else ("bootstrap", "--force")))
    assert_versions(walker, "1.0")


def test_an_uninstall_leaves_nothing(container: Container, walker: Walker) -> None:
    start(container, walker, walker.install_both)
    walker.run(walker.new, "uninstall", "-y")
    assert list_names(walker.home.directory) == []


# Killed at each step


def assert_one_is_whole(walker: Walker) -> None:
    """There is a complete prefix: in its place, or finished next to the one that is being emptied."""
    staging = walker.prefix.with_name(".demo.staging")
    marker = walker.prefix / ".demo.json"
    if not marker.exists() or marker.read_bytes().startswith(b"-"):
        faults = find_faults(staging, packages=2)
        assert faults in ([], ["scratch space is left"])
    else:
        walker.assert_prefix_complete()


@needs_tracing
def test_an_upgrade_killed_at_each_step(container: Container, small_walker: Walker) -> None:
    walker = small_walker
    container.build(walker.install_old)
    for _ in walker.kill_everywhere(container.start, walker.new, "word"):
        assert_one_is_whole(walker)
        walker.run(walker.new, "word")
        assert_versions(walker, "2.0", "1.0")


@needs_tracing
def test_an_upgrade_killed_at_each_step_and_given_up(container: Container, small_walker: Walker) -> None:
    walker = small_walker
    container.build(walker.install_old)
    for _ in walker.kill_everywhere(container.start, walker.new, "word"):
        walker.run(walker.old, "bootstrap")
        assert read_marker(walker.prefix)["runtime_version"] == "1.0"
        walker.assert_settled(*set(list_names(walker.prefix.parent)) & {".demo.previous"})


@needs_tracing
@pytest.mark.parametrize("holds_both", [False, True])
def test_a_rollback_killed_at_each_step(holds_both: bool, container: Container, small_walker: Walker) -> None:
    walker = small_walker
    container.build(walker.install_both if holds_both else walker.install_old)

    def prepare() -> None:
        container.start()
        if not holds_both:
            walker.run(walker.new, "word")

    for _ in walker.kill_everywhere(prepare, walker.new, "rollback"):
        assert_one_is_whole(walker)
        walker.run(walker.new, "word")
        version = read_marker(walker.prefix)["runtime_version"]
        assert_versions(walker, version, {"1.0": "2.0", "2.0": "1.0"}[version])


@needs_tracing
def test_a_forced_bootstrap_killed_at_each_step(container: Container, small_walker: Walker) -> None:
    walker = small_walker
    container.build(walker.install_old)
    for _ in walker.kill_everywhere(container.start, walker.old, "bootstrap", "--force"):
        assert_one_is_whole(walker)
        walker.run(walker.old, "word")
        assert_versions(walker, "1.0")


@needs_tracing
@pytest.mark.parametrize("next_command", [("uninstall", "-y"), ("word",)])
def test_an_uninstall_killed_at_each_step(
    next_command: Sequence[str], container: Container, small_walker: Walker
) -> None:
    walker = small_walker
    container.build(walker.install_both)
    for _ in walker.kill_everywhere(container.start, walker.new, "uninstall", "-y"):
        walker.run(walker.new, *next_command)
        if next_command == ("word",):
            walker.assert_prefix_complete()
            assert set(list_names(walker.prefix.parent)) <= {"demo", ".demo.previous"}
            environment = walker.prefix / walker.precious
            assert environment.exists() or not environment.parent.parent.exists()
        else:
            assert list_names(walker.home.directory) == []


# A full layer


@pytest.mark.parametrize("megabytes", [*range(1, 16), 24])
def test_a_layer_that_fills_up_leaves_a_prefix_that_runs(
    megabytes: int, home: Home, tmp_path: Path, plain_workshop: Workshop
) -> None:
    old, new = plain_workshop.build(version="1.0"), plain_workshop.build(version="2.0")
    container = Container(home.directory, tmp_path / "layers")
    walker = Walker(home, plain_workshop, 0, 0)
    with contextlib.ExitStack() as stack:
        container.build(walker.install_old)
        container.layer.rmdir()
        stack.enter_context(mount_tmpfs(container.layer, f"size={megabytes}m"))
        container.start()
        stack.callback(container.stop)
        for _ in range(2):
            completed = home.run(new, "word")
            assert (completed.returncode, completed.stdout) == (0, f"{home.prefix} word\n"), completed.stderr
            walker.assert_prefix_complete()
            assert (home.prefix / walker.precious).read_text() == "mine"
            assert set(list_names(home.prefix.parent)) <= {"demo", ".demo.previous"}
            is_upgraded = read_marker(home.prefix)["runtime_version"] == "2.0"
            assert is_upgraded or "instead of 2.0: the upgrade failed" in completed.stderr
        assert is_upgraded or megabytes < 24
        assert home.run(old, "uninstall", "-y").returncode == 0
        assert list_names(home.directory) == []


# Users and roots


def run_as_somebody(home: Home, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """As ``docker run --user 12345`` does: no entry in the user database, no home."""
    environment = {"PATH": "/usr/bin:/bin", "DEMO_PREFIX": str(home.prefix)}
    options = {"user": SOMEBODY, "group": SOMEBODY, "extra_groups": [], "cwd": "/", "env": environment}
    return home.run(*command, **options)


@pytest.mark.parametrize("options", [(), ("ro",)])
def test_a_user_without_a_name_runs_what_root_put_into_the_image(
    options: Sequence[str], container: Container, walker: Walker
) -> None:
    home = walker.home
    container.build(walker.install_old)
    container.start(*options)
    completed = run_as_somebody(home, walker.old, "word")
    assert (completed.returncode, completed.stdout, completed.stderr) == (0, f"{walker.prefix} word\n", "")
    kept = run_as_somebody(home, walker.new, "word")
    assert (kept.returncode, kept.stdout) == (0, f"{walker.prefix} word\n"), kept.stderr
    (line,) = kept.stderr.splitlines()
    assert "using the installed demo 1.0 instead of 2.0" in line
    assert "not writable" in line
    for command in (("bootstrap", "--force"), ("uninstall", "-y")):
        assert run_as_somebody(home, walker.new, *command).returncode in (73, 77)
    for command in ("status", "verify"):
        assert run_as_somebody(home, walker.new, command).returncode == 0
    walker.assert_settled()


def test_a_user_without_a_name_installs_and_removes(home: Home, plain_workshop: Workshop) -> None:
    os.chown(home.directory, SOMEBODY, SOMEBODY)
    for version in ("1.0", "2.0"):
        completed = run_as_somebody(home, plain_workshop.build(version=version), "word")
        assert (completed.returncode, completed.stdout) == (0, f"{home.prefix} word\n"), completed.stderr
    for command in ("rollback",), ("bootstrap", "--force"), ("uninstall", "-y"):
        completed = run_as_somebody(home, plain_workshop.build(version="2.0"), *command)
        assert completed.returncode == 0, completed.stderr
    assert list_names(home.prefix.parent) == []


def test_a_read_only_root_keeps_the_older_prefix_in_use(container: Container, walker: Walker) -> None:
    container.build(walker.install_old)
    container.start("ro")
    kept = walker.home.run(walker.new, "word")
    assert (kept.returncode, kept.stdout) == (0, f"{walker.prefix} word\n"), kept.stderr
    assert walker.home.run(walker.new, "bootstrap", "--force").returncode == 73


def test_nothing_needs_proc(home: Home, plain_workshop: Workshop) -> None:
    """As in a bare ``chroot``, which some image builders use."""
    old, new = (plain_workshop.build(version=version) for version in ("1.0", "2.0"))
    hide = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    asking = ((new, "status"), (new, "verify"))
    for runtime, *words in ((old, "word"), (old, "word"), (new, "word"), *asking, (new, "rollback")):
        completed = home.run(*hide, runtime, *words)
        assert completed.returncode == 0, completed.stderr
        assert words != ["word"] or completed.stdout == f"{home.prefix} word\n"
    assert_complete(home.prefix, packages=2)
    completed = home.run(*hide, "sh", "-c", 'cd "$0" && exec "./$1" uninstall -y', new.parent, new.name)
    assert completed.returncode == 0, completed.stderr
    assert list_names(home.directory) == []
