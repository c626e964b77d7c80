"""Limits on open files, file sizes, memory and processes: a first run succeeds or says why, and leaves nothing."""

from __future__ import annotations

import os

import pytest

from support.commands import Command, Home
from support.inspection import assert_complete, list_names
from support.processes import assert_no_process_in
from support.workshop import Workshop

NOBODY = 65534
SUDDEN_END = "error: there is not enough memory to continue"
pytestmark = pytest.mark.tools("prlimit")


def assert_clean(completed: Command, home: Home, *, packages: int) -> None:
    """All is there, or nothing and one error without a traceback."""
    assert "panicked" not in completed.stderr
    assert_no_process_in(home.directory)
    if completed.returncode == 0:
        assert_complete(home.prefix, packages=packages)
        assert list_names(home.prefix.parent) == ["demo"]
    else:
        assert completed.returncode in (66, 69, 73, 74), completed
        assert "error: " in completed.stderr
        assert list_names(home.directory) == []


@pytest.mark.parametrize("layout", ["embedded", "online"])
@pytest.mark.parametrize("count", [9, 10, 14, 20, 30, 60])
def test_few_files_can_be_open(count: int, layout: str, plain_workshop: Workshop, home: Home) -> None:
    runtime = plain_workshop.build(layout=f'"{layout}"')
    completed = home.run("prlimit", f"--nofile={count}", runtime, "bootstrap")
    assert_clean(completed, home, packages=2)
    assert count < 60 or completed.returncode == 0, completed.stderr
    if "Too many open files" in completed.stderr:
        assert completed.returncode == 74, completed.stderr
        assert "Too many open files. Raise the limit on open files (`ulimit -n`)" in completed.stderr
        assert "(attempt " not in completed.stderr


@pytest.mark.parametrize("size_kb", [0, 1, 2000])
def test_files_cannot_be_large(size_kb: int, workshop: Workshop, home: Home) -> None:
    completed = home.run("prlimit", f"--fsize={size_kb << 10}", workshop.build(), "bootstrap")
    assert completed.returncode == 74, completed.stderr
    assert "File too large. Raise the limit on the size of files (`ulimit -f`)" in completed.stderr
    assert_clean(completed, home, packages=12)


@pytest.mark.parametrize("bytecode", ["on-import", "bootstrap"])
@pytest.mark.root  # another user, whose processes are counted
def test_no_other_process_or_thread_can_be_started(bytecode: str, workshop: Workshop, home: Home) -> None:
    os.chown(home.directory, NOBODY, NOBODY)
    runtime = workshop.build(bytecode=f'"{bytecode}"')
    for layout in (runtime, workshop.build(layout='"online"')):
        words = ("prlimit", "--nproc=1", layout, "bootstrap")
        completed = home.run(*words, user=NOBODY, group=NOBODY, extra_groups=[])
        assert_clean(completed, home, packages=12)
        assert completed.returncode != 0  # a package of this channel has a link script


@pytest.mark.parametrize("memory_mb", [20, 50, 100, 400])
def test_memory_is_short(memory_mb: int, workshop: Workshop, home: Home) -> None:
    home.extra["MALLOC_ARENA_MAX"] = "1"
    completed = home.run("prlimit", f"--as={memory_mb << 20}", workshop.build(), "bootstrap")
    if completed.returncode < 0 or completed.returncode in (1, 127):
        assert memory_mb < 100, "the program itself does not fit"
        return
    if SUDDEN_END in completed.stderr:
        # Nothing can be done without memory: the next run tidies up.
        assert completed.returncode == 74
        completed = home.run(workshop.build(), "bootstrap")
    assert_clean(completed, home, packages=12)
