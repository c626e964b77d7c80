"""A home in a container: what was in its image cannot be renamed; only root can mount it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True)


class Container:
    """An overlay on a folder. The image is made once, with the same paths; each start has a fresh layer over it.

    :param directory: where the container's files are seen.
    :param layers: a folder for the layers.
    """

    def __init__(self, directory: Path, layers: Path) -> None:
        self.directory, self.image, self.layer = directory, layers / "image", layers / "layer"
        self._is_mounted = False
        self.image.mkdir(parents=True)
        self.layer.mkdir()

    def build(self, fill: Callable[[], object]) -> None:
        """Make the image: what ``fill`` writes into the folder."""
        self._mount("--bind", self.image)
        fill()
        self.stop()

    def start(self, *options: str) -> None:
        """Mount the image with an empty layer over it, in the place of what is mounted.

        :param options: ``ro`` for a container with a read-only root.
        """
        self.stop()
        for name in ("upper", "work"):
            shutil.rmtree(self.layer / name, ignore_errors=True)
            (self.layer / name).mkdir()
        layers = (f"lowerdir={self.image}", f"upperdir={self.layer}/upper", f"workdir={self.layer}/work")
        self._mount("-t", "overlay", "-o", ",".join((*layers, "redirect_dir=off", *options)), "overlay")

    def stop(self) -> None:
        """Unmount whatever is mounted."""
        if self._is_mounted:
            assert _run("umount", self.directory).returncode == 0, "something still uses the file system"
            self._is_mounted = False

    def _mount(self, *arguments: str | Path) -> None:
        mounted = _run("mount", *arguments, self.directory)
        if mounted.returncode != 0:
            pytest.skip(f"needs overlays: {mounted.stderr.strip()}")
        self._is_mounted = True
