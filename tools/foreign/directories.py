"""Directories of Windows: one that is made once, and for each run a copy of it, or one that a variable names."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from .places import CACHE

RUNS = CACHE / "windows"
"""The copies of the runs that go on."""

KEPT = "CONDA_SHIP_WINEPREFIX"
"""The variable that names a directory to use and to keep; made at its first use. A second run with it waits."""


@contextlib.contextmanager
def provide_directory(pristine: Path) -> Iterator[Path]:
    """Give a run a directory of Windows that no other run uses at the same time.

    :param pristine: what it starts as.
    """
    named = os.environ.get(KEPT)
    with _keep(Path(named), pristine) if named else _make_fresh(pristine) as directory:
        yield directory


@contextlib.contextmanager
def _keep(directory: Path, pristine: Path) -> Iterator[Path]:
    directory.mkdir(parents=True, exist_ok=True)
    with _hold(directory):
        if not (directory / "drive_c").is_dir():
            shutil.copytree(pristine, directory, symlinks=True, dirs_exist_ok=True)
        yield directory


@contextlib.contextmanager
def _make_fresh(pristine: Path) -> Iterator[Path]:
    RUNS.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        with _hold(RUNS):
            _remove_abandoned()
            directory = Path(tempfile.mkdtemp(dir=RUNS))
            stack.callback(shutil.rmtree, directory, ignore_errors=True)
            stack.enter_context(_hold(directory))
        shutil.copytree(pristine, directory, symlinks=True, dirs_exist_ok=True, copy_function=_copy)
        yield directory


def _remove_abandoned() -> None:
    """Remove the directories of runs that were killed."""
    for directory in RUNS.iterdir():
        with contextlib.suppress(BlockingIOError), _hold(directory, fcntl.LOCK_NB):
            shutil.rmtree(directory, ignore_errors=True)


def _copy(source: str, target: str) -> None:
    """Share the libraries, which are most of it and which nothing writes to; copy the registry."""
    if Path(source).suffix in (".dll", ".exe", ".sys", ".drv", ".nls"):
        os.link(source, target)
    else:
        shutil.copy2(source, target)


@contextlib.contextmanager
def _hold(directory: Path, flags: int = 0) -> Iterator[None]:
    """Lock a directory until the block or this process ends.

    :raises BlockingIOError: if another process has it, and the flags say not to wait.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | flags)
        yield
    finally:
        os.close(descriptor)
