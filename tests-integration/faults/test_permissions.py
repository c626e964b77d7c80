"""Users without write permission, read-only file systems, and paths of other users."""

from __future__ import annotations

import os
import shutil
import socket
import stat
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from support.commands import Command, Home
from support.disks import mount_tmpfs
from support.inspection import assert_complete, list_names, snapshot
from support.workshop import Workshop

NOBODY = 65534
WITHOUT_WRITING = ("-B", "-c", "import sys; print(sys.prefix)")
COMMANDS = [
    ("word",),
    ("bootstrap",),
    ("bootstrap", "--force"),
    ("status",),
    ("verify",),
    ("shell",),
    ("rollback",),
    ("uninstall", "-y"),
]


def run_as_nobody(home: Home, *command: str | Path) -> Command:
    """Run a command as a user who owns nothing and may write nowhere of the test's."""
    assert not os.access("/nonexistent", os.F_OK)
    return home.run(*command, user=NOBODY, group=NOBODY, extra_groups=[], cwd="/")


@pytest.fixture
def shared(tmp_path: Path, home: Home, workshop: Workshop) -> Path:
    """A prefix that root installed for everybody."""
    prefix = tmp_path / "shared" / "demo"
    assert home.run(workshop.build(), "--path", prefix, "bootstrap").returncode == 0
    home.extra["DEMO_PREFIX"] = str(prefix)
    return prefix


@pytest.mark.root
def test_a_home_that_does_not_exist_is_named(home: Home, plain_workshop: Workshop, tmp_path: Path) -> None:
    runtime = plain_workshop.build()
    home.extra["HOME"] = "/nonexistent"
    for words in (("word",), ("bootstrap",)):
        refused = run_as_nobody(home, runtime, *words)
        assert refused.returncode == 77
        assert refused.stderr == (
            "demo: error: the home directory /nonexistent does not exist: no permission to write to /, which is needed "
            "to install the prefix. Name the prefix with `--path PATH` or with the variable DEMO_PREFIX.\n"
        )
    assert run_as_nobody(home, runtime, "status").returncode == 0
    place = tmp_path / "place"
    place.mkdir()
    os.chown(place, NOBODY, NOBODY)
    home.extra["DEMO_PREFIX"] = str(place / "demo")
    assert run_as_nobody(home, runtime, "word").stdout == f"{place / 'demo'} word\n"


@pytest.mark.root
def test_a_file_system_that_runs_no_programs_is_named(home: Home, plain_workshop: Workshop, tmp_path: Path) -> None:
    runtime = plain_workshop.build()
    with mount_tmpfs(tmp_path / "noexec", "size=32m,noexec") as directory:
        prefix = directory / "demo"
        for installs in (True, False):
            refused = home.run(runtime, "--path", prefix, "word")
            assert (refused.returncode, refused.stdout) == (77, "")
            assert ("installed 2 packages" in refused.stderr) == installs
            assert refused.stderr.splitlines()[-1] == (
                f"demo: error: cannot start {prefix / 'bin' / 'tool'}: Permission denied. Check its permissions. If "
                "its file system does not allow programs to run (noexec), choose another place with --path."
            )
        assert list_names(directory) == ["demo"]


@pytest.mark.root
@pytest.mark.parametrize(
    "variables", [{}, {"HOME": "/nonexistent"}, {"HOME": "/nonexistent", "TMPDIR": "/nonexistent"}]
)
def test_a_shared_prefix_works_for_those_who_cannot_write(
    variables: dict[str, str], shared: Path, home: Home, workshop: Workshop
) -> None:
    before = snapshot(shared.parent)
    home.extra.update(variables)
    for _ in range(2):
        completed = run_as_nobody(home, workshop.build(), *WITHOUT_WRITING)
        assert (completed.returncode, completed.stdout, completed.stderr) == (0, f"{shared}\n", "")
    for command in ("status", "verify"):
        assert run_as_nobody(home, workshop.build(), command).returncode == 0
    assert snapshot(shared.parent) == before


@pytest.mark.root
def test_everything_in_a_shared_prefix_can_be_read_by_all(shared: Path) -> None:
    for path in [shared, *shared.rglob("*")]:
        mode = path.lstat().st_mode
        assert path.is_symlink() or mode & stat.S_IROTH, path
        assert not path.is_dir() or mode & stat.S_IXOTH, path


@pytest.mark.root
def test_who_cannot_write_keeps_the_older_prefix_with_one_line(shared: Path, home: Home, workshop: Workshop) -> None:
    before = snapshot(shared.parent)
    completed = run_as_nobody(home, workshop.build(version="2.0"), *WITHOUT_WRITING)
    assert (completed.returncode, completed.stdout) == (0, f"{shared}\n"), completed.stderr
    assert len(completed.stderr.splitlines()) == 1
    assert "using the installed demo 1.0 instead of 2.0" in completed.stderr
    assert "not writable" in completed.stderr
    assert snapshot(shared.parent) == before


@pytest.mark.root
@pytest.mark.parametrize("command", [("bootstrap", "--force"), ("rollback",), ("uninstall", "-y")])
def test_who_cannot_write_cannot_change_a_shared_prefix(
    command: Sequence[str], shared: Path, home: Home, workshop: Workshop
) -> None:
    before = snapshot(shared.parent)
    completed = run_as_nobody(home, workshop.build(), *command)
    assert completed.returncode in (64, 77) if command == ("rollback",) else completed.returncode == 77
    assert len(completed.stderr.splitlines()) == 1
    assert snapshot(shared.parent) == before


@pytest.mark.root
@pytest.mark.parametrize("command", [WITHOUT_WRITING, ("bootstrap",), ("bootstrap", "--force")])
def test_a_parent_that_cannot_be_written_is_named(command: Sequence[str], home: Home, workshop: Workshop) -> None:
    completed = run_as_nobody(home, workshop.build(), *command)
    assert completed.returncode == 77
    assert f"no permission to write to {home.directory}" in completed.stderr
    assert "--path" in completed.stderr
    assert list_names(home.directory) == []


@pytest.mark.root
def test_an_unwritable_home_does_not_matter_when_the_prefix_can_be_written(
    tmp_path: Path, home: Home, workshop: Workshop
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    os.chown(place, NOBODY, NOBODY)
    home.extra["TMPDIR"] = "/nonexistent"
    completed = run_as_nobody(home, workshop.build(), "--path", place / "demo", *WITHOUT_WRITING)
    assert (completed.returncode, completed.stdout) == (0, f"{place / 'demo'}\n"), completed.stderr
    assert list_names(place) == ["demo"]
    assert list_names(home.directory) == []
    assert_complete(place / "demo", packages=12)


@pytest.mark.root
def test_a_temporary_directory_without_programs_does_not_matter(
    tmp_path: Path, home: Home, plain_workshop: Workshop
) -> None:
    with mount_tmpfs(tmp_path / "noexec", "size=1m", "noexec") as directory:
        home.extra["TMPDIR"] = str(directory)
        assert home.run(plain_workshop.build(), "word").returncode == 0
        assert list_names(directory) == []
    assert_complete(home.prefix, packages=2)


def run_read_only(home: Home, *command: str | Path) -> Command:
    """Run a command where every file system of the tests is read-only."""
    remount = 'for place in / /dev/shm; do mount -o remount,bind,ro "$place" || exit 99; done; exec "$@"'
    completed = home.run("unshare", "--mount", "sh", "-c", remount, "sh", *command)
    if completed.returncode == 99:
        pytest.skip(f"needs mounts: {completed.stderr.strip()}")
    return completed


@pytest.mark.root
def test_a_prefix_on_a_read_only_file_system_runs(shared: Path, home: Home, workshop: Workshop) -> None:
    before = snapshot(shared.parent)
    completed = run_read_only(home, workshop.build(), *WITHOUT_WRITING)
    assert (completed.returncode, completed.stdout, completed.stderr) == (0, f"{shared}\n", "")
    newer = run_read_only(home, workshop.build(version="2.0"), *WITHOUT_WRITING)
    assert (newer.returncode, newer.stdout) == (0, f"{shared}\n"), newer.stderr
    assert len(newer.stderr.splitlines()) == 1
    for command in (("bootstrap", "--force"), ("uninstall", "-y")):
        assert run_read_only(home, workshop.build(), *command).returncode == 73
    assert snapshot(shared.parent) == before


@pytest.mark.root
def test_a_first_run_on_a_read_only_file_system_says_so(home: Home, workshop: Workshop) -> None:
    completed = run_read_only(home, workshop.build(), *WITHOUT_WRITING)
    assert completed.returncode == 73
    assert "read-only" in completed.stderr.lower()
    assert list_names(home.directory) == []


def make_file(prefix: Path, _: Workshop, __: Home) -> None:
    prefix.write_text("not a prefix\n")


def make_folder(prefix: Path, _: Workshop, __: Home) -> None:
    (prefix / "documents").mkdir(parents=True)
    (prefix / "documents" / "thesis.txt").write_text("years of work\n")


def make_conda_prefix(prefix: Path, _: Workshop, __: Home) -> None:
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "history").write_text("")


def make_link_to_folder(prefix: Path, workshop: Workshop, home: Home) -> None:
    make_folder(prefix.parent / "elsewhere", workshop, home)
    prefix.symlink_to("elsewhere")


def make_link_to_nowhere(prefix: Path, _: Workshop, __: Home) -> None:
    prefix.symlink_to("nowhere")


def make_socket(prefix: Path, _: Workshop, __: Home) -> None:
    os.chdir(prefix.parent)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(prefix.name)
    os.chdir("/")


def make_prefix_of_another_runtime(prefix: Path, workshop: Workshop, home: Home) -> None:
    other = workshop.build(runtime='"other"')
    assert home.run(other, "--path", prefix, "bootstrap").returncode == 0


def make_folder_with_a_damaged_marker(prefix: Path, _: Workshop, __: Home) -> None:
    make_folder(prefix, _, __)
    (prefix / ".demo.json").write_text('{"schema_version":1,"stamp":')


FOREIGN = [
    make_file,
    make_folder,
    make_conda_prefix,
    make_link_to_folder,
    make_link_to_nowhere,
    make_socket,
    make_prefix_of_another_runtime,
    make_folder_with_a_damaged_marker,
]


@pytest.mark.parametrize("make", FOREIGN)
def test_whatever_is_not_ours_is_refused_by_every_command_and_never_changed(
    make: Callable[[Path, Workshop, Home], None], home: Home, plain_workshop: Workshop
) -> None:
    old, new = plain_workshop.build(version="1.0"), plain_workshop.build(version="2.0")
    home.prefix.parent.mkdir()
    make(home.prefix, plain_workshop, home)
    before = snapshot(home.directory)
    for command in COMMANDS:
        for runtime in (old, new):
            completed = home.run(runtime, *command)
            assert completed.returncode == 77, (command, completed)
            assert home.show(home.prefix) in completed.stderr
            assert len(completed.stderr.splitlines()) == 1
    assert snapshot(home.directory) == before


def test_what_stands_at_the_names_beside_the_prefix_is_refused_too(home: Home, plain_workshop: Workshop) -> None:
    old, new = plain_workshop.build(version="1.0"), plain_workshop.build(version="2.0")
    for name in (".demo.staging", ".demo.previous"):
        shutil.rmtree(home.prefix.parent, ignore_errors=True)
        assert home.run(old, "word").returncode == 0
        make_folder(home.prefix.with_name(name), plain_workshop, home)
        before = snapshot(home.directory)
        for command in (("bootstrap",), ("bootstrap", "--force"), ("rollback",)):
            completed = home.run(new, *command)
            assert completed.returncode in (64, 77), (name, command, completed)
            assert snapshot(home.directory) == before
        kept = home.run(new, "word")
        assert (kept.returncode, kept.stdout) == (0, f"{home.prefix} word\n")
        assert f"{home.show(home.prefix.with_name(name))} is not a prefix of this runtime" in kept.stderr
        assert snapshot(home.directory) == before
        assert home.run(old, "word").stdout == f"{home.prefix} word\n"


def test_a_link_to_our_prefix_runs_and_is_never_removed_through(home: Home, plain_workshop: Workshop) -> None:
    runtime = plain_workshop.build()
    real = home.directory / "real"
    assert home.run(runtime, "--path", real, "word").returncode == 0
    home.prefix.parent.mkdir()
    home.prefix.symlink_to(real)
    before = snapshot(home.directory)
    assert home.run(runtime, "word").returncode == 0
    for command in (("uninstall", "-y"), ("bootstrap", "--force"), ("rollback",)):
        completed = home.run(runtime, *command)
        assert completed.returncode in (64, 77), completed
        assert snapshot(home.directory) == before


@pytest.mark.parametrize("place", ["/", ".", "..", "home"])
def test_homes_and_roots_are_never_prefixes(place: str, home: Home, plain_workshop: Workshop) -> None:
    runtime = plain_workshop.build()
    path = home.directory if place == "home" else Path(place)
    before = snapshot(home.directory)
    for command in (("bootstrap",), ("bootstrap", "--force"), ("uninstall", "-y")):
        completed = home.run(runtime, "--path", path, *command)
        assert completed.returncode in (64, 77), completed
        assert snapshot(home.directory) == before
