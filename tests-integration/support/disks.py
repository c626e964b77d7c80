"""Small file systems to fill: a tmpfs, or ext4 in a file; only root can mount them."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

BLOCK_BYTES = 1 << 20


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


@contextlib.contextmanager
def _mounted(directory: Path, *arguments: str | Path) -> Iterator[Path]:
    directory.mkdir()
    mounted = _run("mount", *arguments, directory)
    if mounted.returncode != 0:
        pytest.skip(f"needs mounts: {mounted.stderr.strip()}")
    try:
        yield directory
    finally:
        assert _run("umount", directory).returncode == 0, "something still uses the file system"


def mount_tmpfs(directory: Path, *options: str) -> contextlib.AbstractContextManager[Path]:
    """Mount a tmpfs.

    :param options: ``size=8m``, ``nr_inodes=100``.
    """
    return _mounted(directory, "-t", "tmpfs", "-o", ",".join(options), "tmpfs")


@contextlib.contextmanager
def mount_ext4(directory: Path, size_bytes: int, options: Sequence[str] = ()) -> Iterator[Path]:
    """Make an ext4 file system in a file next to ``directory`` and mount it.

    :param options: of ``mkfs.ext4``: ``("-N", "200")`` gives it so many inodes.
    """
    if shutil.which("mkfs.ext4") is None:
        pytest.skip("needs mkfs.ext4")
    image = directory.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(size_bytes)
    made = _run("mkfs.ext4", "-q", "-m", "0", *options, image)
    assert made.returncode == 0, made.stderr
    with _mounted(directory, "-o", "loop", image):
        (directory / "lost+found").rmdir()
        yield directory
    image.unlink()


def measure_free_bytes(directory: Path) -> int:
    """How much can still be written."""
    room = os.statvfs(directory)
    return room.f_bavail * room.f_frsize


def fill(directory: Path, *, leave_bytes: int = 0) -> Path:
    """Write one file that leaves no more than ``leave_bytes`` free."""
    filler = directory / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while (free := measure_free_bytes(directory) - leave_bytes) > 0:
            file.write(bytes(min(free, BLOCK_BYTES)))
    return filler
