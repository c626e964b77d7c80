"""Sets of tools, each unpacked once into a folder of the cache."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from . import debian
from .errors import ForeignError
from .places import KITS, REQUIREMENTS

ZIG = "zig"
WINDOWS_PYTHON = "windows-python"
"""Python for Windows: what python.org offers for embedding, which a package of the Python Package Index holds."""

_ONLY = {"qemu": ("usr/bin/qemu-aarch64-static",)}
"""Kits of which a part will do."""


def provide(kit: str) -> Path:
    """Return the folder of a kit; fetch and unpack it if it is not there, or was pinned differently.

    :raises ForeignError: if there is no such kit, or it cannot be fetched.
    """
    if kit in _FROM_INDEX:
        file = REQUIREMENTS / f"{kit}.txt"
        return fill_once(kit, file.read_text(encoding="utf-8"), lambda directory: _FROM_INDEX[kit](file, directory))
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


def _install(pins: Path, directory: Path) -> None:
    """Install wheels into a folder."""
    _call_pip("install", "--target", str(directory), "-r", str(pins))


def _unpack_python(pins: Path, directory: Path) -> None:
    """Take the files of the newest Python out of the package, without the one that switches site-packages off."""
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        _call_pip("download", "--no-binary", ":all:", "--dest", scratch, "-r", str(pins))
        (archive,) = Path(scratch).glob("*.tar.gz")
        with tarfile.open(archive) as tar:
            (name,) = (name for name in tar.getnames() if name.endswith("/data.zip"))
            data = tar.extractfile(name)
            assert data is not None
            with zipfile.ZipFile(data) as files:
                files.extractall(scratch)
        for file in (Path(scratch) / "cp313").iterdir():
            if file.suffix != "._pth":
                file.rename(directory / file.name)


_FROM_INDEX = {ZIG: _install, WINDOWS_PYTHON: _unpack_python}


def _call_pip(command: str, *words: str) -> None:
    pip = (sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check", "--no-deps")
    subprocess.run([*pip, "--require-hashes", *words], check=True)
