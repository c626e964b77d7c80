"""Small and full file systems: refused beforehand where that can be known, and nothing left in any case."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from steady import wait_until

from support.commands import Home
from support.disks import fill, measure_free_bytes, mount_ext4, mount_tmpfs
from support.inspection import assert_complete, list_names, read_marker
from support.processes import assert_no_process_in, finish, start, wait_for_script
from support.workshop import Workshop

pytestmark = pytest.mark.root

PYTHON_BYTES = 52 << 20
"""What a prefix of the tiny channel takes, roughly."""


def home_on(directory: Path) -> Home:
    """A home on a file system of its own."""
    home = Home(directory / "home")
    home.directory.mkdir()
    return home


@pytest.fixture(params=["tmpfs", "ext4"])
def small_home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """A home on a file system with too little room for a prefix, that of a distribution's smaller Python included."""
    size_bytes = PYTHON_BYTES // 3
    if request.param == "tmpfs":
        mounted = mount_tmpfs(tmp_path / "small", f"size={size_bytes}")
    else:
        mounted = mount_ext4(tmp_path / "small", size_bytes)
    with mounted as directory:
        yield home_on(directory)


def test_a_small_disk_is_refused_beforehand(small_home: Home, workshop: Workshop) -> None:
    completed = small_home.run(workshop.build(), "-c", "print(1)")
    assert completed.returncode == 74
    assert "not enough space in" in completed.stderr
    assert "needed, only" in completed.stderr
    assert list_names(small_home.directory) == []


@pytest.mark.parametrize("size_mb", [1, 8, 24, 40, 50, 54])
def test_a_disk_of_any_size_holds_a_complete_prefix_or_none(size_mb: int, tmp_path: Path, workshop: Workshop) -> None:
    with mount_tmpfs(tmp_path / "small", f"size={size_mb}m") as directory:
        home = home_on(directory)
        completed = home.run(workshop.build(), "-I", "-c", "print(1)")
        assert completed.returncode in (0, 74), completed.stderr
        if completed.returncode == 0:
            assert_complete(home.prefix, packages=12)
        else:
            assert list_names(home.directory) == []


@pytest.mark.parametrize("layout", ["embedded", "online"])
def test_a_disk_that_others_fill_meanwhile(layout: str, tmp_path: Path, workshop: Workshop) -> None:
    with mount_tmpfs(tmp_path / "small", "size=160m") as directory:
        home = home_on(directory)
        staging = home.prefix.with_name(".demo.staging")
        process = start(home, workshop.build(layout=f'"{layout}"'), "bootstrap")
        wait_until((staging / "lib").exists)
        process.send_signal(signal.SIGSTOP)  # else it may be faster than the disk is full
        filler = fill(directory)
        process.send_signal(signal.SIGCONT)
        status, _, message = finish(process)
        assert status == 74, message
        assert "No space left on device" in message
        assert list_names(home.directory) == []
        filler.unlink()
        assert home.run(workshop.build(layout=f'"{layout}"'), "bootstrap").returncode == 0
        assert_no_process_in(directory)


def test_a_disk_that_a_script_finds_full(tmp_path: Path, plain_workshop: Workshop) -> None:
    with mount_tmpfs(tmp_path / "small", "size=8m") as directory:
        home = home_on(directory)
        home.extra["SCRIPT_SECONDS"] = "0.5"
        process = start(home, plain_workshop.build(), "word")
        wait_for_script(home)
        fill(directory)
        status, _, message = finish(process)
        assert status == 74, message
        assert list_names(home.directory) == []


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_too_few_inodes_are_refused_beforehand(kind: str, tmp_path: Path, plain_workshop: Workshop) -> None:
    if kind == "tmpfs":
        mounted = mount_tmpfs(tmp_path / "small", "size=32m", "nr_inodes=300")
    else:
        mounted = mount_ext4(tmp_path / "small", 32 << 20, ("-N", "300"))
    with mounted as directory:
        home = home_on(directory)
        completed = home.run(plain_workshop.build(), "word")
        assert completed.returncode == 74
        assert "not enough inodes in" in completed.stderr
        assert list_names(home.directory) == []


def use_up_inodes(directory: Path) -> None:
    with contextlib.suppress(OSError):
        for number in range(900):
            (directory / str(number)).mkdir()
    assert os.statvfs(directory).f_favail == 0


def test_inodes_that_others_use_up_meanwhile(tmp_path: Path, plain_workshop: Workshop) -> None:
    with mount_tmpfs(tmp_path / "small", "size=32m", "nr_inodes=900") as directory:
        home = home_on(directory)
        home.extra["SCRIPT_SECONDS"] = "0.5"
        process = start(home, plain_workshop.build(), "word")
        wait_for_script(home)
        use_up_inodes(directory)
        status, _, message = finish(process)
        assert status == 74, message
        assert list_names(home.directory) == []


def test_an_upgrade_without_room_leaves_the_older_prefix(tmp_path: Path, plain_workshop: Workshop) -> None:
    old, new = plain_workshop.build(version="1.0"), plain_workshop.build(version="2.0")
    with mount_tmpfs(tmp_path / "small", "size=8m") as directory:
        home = home_on(directory)
        assert home.run(old, "word").returncode == 0
        filler = fill(directory, leave_bytes=64 << 10)
        completed = home.run(new, "word")
        assert (completed.returncode, completed.stdout) == (0, f"{home.prefix} word\n")
        assert "the upgrade failed (not enough space in" in completed.stderr
        asked = home.run(new, "bootstrap")
        assert asked.returncode == 74
        assert "not enough space in" in asked.stderr
        assert list_names(home.prefix.parent) == ["demo"]
        assert read_marker(home.prefix)["runtime_version"] == "1.0"
        assert home.run(old, "word").stdout == f"{home.prefix} word\n"
        filler.unlink()
        assert home.run(new, "word").returncode == 0
        assert list_names(home.prefix.parent) == [".demo.previous", "demo"]


def test_a_full_disk_does_not_keep_from_running_or_removing(tmp_path: Path, plain_workshop: Workshop) -> None:
    runtime = plain_workshop.build()
    with mount_tmpfs(tmp_path / "small", "size=8m") as directory:
        home = home_on(directory)
        assert home.run(runtime, "word").returncode == 0
        fill(directory)
        assert measure_free_bytes(directory) == 0
        assert home.run(runtime, "word").stdout == f"{home.prefix} word\n"
        assert home.run(runtime, "uninstall", "-y").returncode == 0
        assert list_names(home.directory) == []


def test_a_file_system_mounted_for_named_environments_stays_as_it_is(plain_workshop: Workshop, home: Home) -> None:
    old, new = plain_workshop.build(version="1.0"), plain_workshop.build(version="2.0")
    assert home.run(old, "word").returncode == 0
    with mount_tmpfs(home.prefix / "envs", "size=1m") as directory:
        (directory / "precious.txt").write_text("mine")
        kept = home.run(new, "word")
        assert (kept.returncode, len(kept.stderr.splitlines())) == (0, 1)
        assert f"{home.show(directory)} is a mount point" in kept.stderr
        for command in (("bootstrap", "--force"), ("uninstall", "-y")):
            refused = home.run(new, *command)
            assert refused.returncode == 73, refused
            assert "is a mount point" in refused.stderr
        assert (directory / "precious.txt").read_text() == "mine"
        assert read_marker(home.prefix)["runtime_version"] == "1.0"
    assert home.run(new, "word").returncode == 0
    assert read_marker(home.prefix)["runtime_version"] == "2.0"


def test_a_mount_point_is_no_place_for_a_prefix(plain_workshop: Workshop, home: Home) -> None:
    home.prefix.parent.mkdir()
    with mount_tmpfs(home.prefix, "size=8m") as directory:
        refused = home.run(plain_workshop.build(), "word")
        assert refused.returncode == 73
        assert list_names(directory) == []
        assert home.run(plain_workshop.build(), "uninstall", "-y").returncode == 0
    assert list_names(home.prefix.parent) == ["demo"]
