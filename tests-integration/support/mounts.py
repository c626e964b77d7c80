"""Mounts of every kind, each with something of the user's in it; only root can make them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

_libc = ctypes.CDLL(None, use_errno=True)


def _run(*command: str | Path) -> None:
    completed = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if completed.returncode != 0:
        pytest.skip(f"needs mounts: {completed.stderr.strip()}")


def _fill(directory: Path) -> None:
    (directory / "inner").mkdir(parents=True, exist_ok=True)
    (directory / "inner" / "thesis.tex").write_text("mine")


def bind_directory(place: Path, precious: Path) -> None:
    """A directory of the same device once more: its device number says nothing."""
    place.mkdir(parents=True, exist_ok=True)
    _run("mount", "--bind", precious, place)


def bind_file(place: Path, precious: Path) -> None:
    """A file over a file."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("hidden")
    _run("mount", "--bind", precious / "inner" / "thesis.tex", place)


def mount_memory(place: Path, precious: Path) -> None:
    """A file system of its own."""
    place.mkdir(parents=True, exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", place)
    _fill(place)


def mount_dead_fuse(place: Path, precious: Path) -> None:
    """A FUSE file system whose server has gone away: it answers every question with an error."""
    place.mkdir(parents=True, exist_ok=True)
    try:
        device = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        pytest.skip(f"needs FUSE: {error}")
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0".encode()
    failed = _libc.mount(b"server", os.fsencode(place), b"fuse", 0, options)
    os.close(device)
    if failed:
        pytest.skip(f"needs FUSE: {os.strerror(ctypes.get_errno())}")


KINDS: dict[str, Callable[[Path, Path], None]] = {
    "directory": bind_directory,
    "file": bind_file,
    "memory": mount_memory,
    "dead-fuse": mount_dead_fuse,
}


@contextlib.contextmanager
def mounted(kind: str, place: Path, precious: Path) -> Iterator[Path]:
    """Mount something at ``place``, which is made.

    :param precious: a folder outside of what is attacked, filled here; bind mounts show it.
    """
    _fill(precious)
    KINDS[kind](place, precious)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
    assert (precious / "inner" / "thesis.tex").read_text() == "mine"


def describe(directory: Path) -> dict[str, object]:
    """What is at and below a folder, mounts included; what does not answer is named without more."""
    found: dict[str, object] = {}
    left = [directory]
    while left:
        path = left.pop()
        try:
            status = path.lstat()
        except OSError as error:
            found[str(path)] = error.errno
            continue
        content: object = None
        if path.is_dir() and not path.is_symlink():
            left += path.iterdir()
        elif path.is_file() and not path.is_symlink():
            content = path.read_bytes()
        found[str(path)] = (status.st_mode, status.st_dev, status.st_ino, status.st_uid, status.st_mtime_ns, content)
    return found
