"""Sets of tools, each unpacked once into a folder of the cache."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from . import debian
from .errors import ForeignError
from .places import KITS, REQUIREMENTS

ZIG = "zig"
_ZIG_PINS = REQUIREMENTS / "zig.txt"
_ONLY = {"qemu": ("usr/bin/qemu-aarch64-static",)}
"""Kits of which a part will do."""


def provide(kit: str) -> Path:
    """Return the folder of a kit; fetch and unpack it if it is not there, or was pinned differently.

    :raises ForeignError: if there is no such kit, or it cannot be fetched.
    """
    if kit == ZIG:
        return fill_once(kit, _ZIG_PINS.read_text(encoding="utf-8"), _install_zig)
    pins = debian.read_pins(kit)
    if not pins:
        raise ForeignError(f"requirements/debian.lock has no kit {kit}")
    only = _ONLY.get(kit, ())
    return fill_once(kit, repr((pins, only)), lambda directory: debian.unpack(pins, directory, only=only))


def fill_once(kit: str, contents: str, fill: Callable[[Path], None]) -> Path:
    """Return the folder of a kit, and fill it if its mark does not say that it has these contents.

    One process at a time does that; the others wait.

    :param contents: what decides what is in it.
    """
    directory, mark = KITS / kit, KITS / f"{kit}.mark"
    digest = hashlib.sha256(contents.encode()).hexdigest()
    KITS.mkdir(parents=True, exist_ok=True)
    with (KITS / f"{kit}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.is_file() or mark.read_text() != digest:
            mark.unlink(missing_ok=True)
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            fill(directory)
            mark.write_text(digest)
    return directory


def _install_zig(directory: Path) -> None:
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps")
    subprocess.run([*pip, "--require-hashes", "--target", str(directory), "-r", str(_ZIG_PINS)], check=True)
