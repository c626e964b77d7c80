"""A fresh file system to measure on: the one below /tmp may be busy, fragmented or remote."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

_IMAGE_BYTES = 12 << 30


@contextlib.contextmanager
def fresh_directory(wanted: Path | None) -> Iterator[tuple[Path, str]]:
    """Yield a folder and a description of what it is on.

    :param wanted: value of ``--dir``; without it, and as root, a new ext4 image on a loop device.
    """
    if wanted is not None or os.geteuid() != 0:
        with tempfile.TemporaryDirectory(prefix="cs-bench-", dir=wanted) as directory:
            yield Path(directory), f"a folder in {wanted or tempfile.gettempdir()}"
        return
    base = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112 - a constant path
    with tempfile.TemporaryDirectory(prefix="cs-bench-", dir=base) as work:
        image, mount = Path(work) / "image", Path(work) / "mount"
        with image.open("wb") as file:
            file.truncate(_IMAGE_BYTES)
        mount.mkdir()
        subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
        subprocess.run(["mount", "-o", "loop", str(image), str(mount)], check=True)
        try:
            yield mount, f"a new journaled ext4 image in {base or tempfile.gettempdir()}, loop-mounted"
        finally:
            subprocess.run(["umount", "-l", str(mount)], check=False)


def drop_caches() -> None:
    """Empty the page cache where that is allowed: first runs are cold."""
    os.sync()
    with contextlib.suppress(OSError):
        Path("/proc/sys/vm/drop_caches").write_text("3")
