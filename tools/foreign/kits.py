"""Sets of tools, each unpacked once into a folder of the cache."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from one_at_a_time import one_at_a_time

from . import debian
from .errors import ForeignError
from .places import KITS, REQUIREMENTS
from .targets import Target

ZIG = "zig"
WINDOWS_PYTHON = "windows-python"
"""Python for Windows: what python.org offers for embedding, which a package of the Python Package Index holds."""

_ONLY = {"qemu": ("usr/bin/qemu-aarch64-static",)}
"""Kits of which a part will do."""

_RUNNERS = {"qemu": ("qemu",), "wine": ("wine",)}
"""What runs programs, apart from the tools that build them."""


def provide(kit: str) -> Path:
    """Return the folder of a kit; fetch and unpack it if it is not there, or was pinned differently.

    :raises ForeignError: if there is no such kit, or it cannot be fetched.
    """
    if kit in _FROM_INDEX:
        pins = REQUIREMENTS / f"{kit}.txt"
        return fill_once(kit, pins.read_text(encoding="utf-8"), lambda directory: _FROM_INDEX[kit](pins, directory))
    contents, only = _describe(kit), _ONLY.get(kit, ())
    return fill_once(kit, contents, lambda directory: debian.unpack(debian.read_pins(kit), directory, only=only))


def _describe(kit: str) -> str:
    """Return what decides what is in a kit of Debian."""
    pins = debian.read_pins(kit)
    if not pins:
        raise ForeignError(f"requirements/debian.lock has no kit {kit}")
    return repr((pins, _ONLY.get(kit, ())))


def list_missing(target: Target) -> list[str]:
    """Return the kits of Debian that building and running for a target would fetch now."""
    needed = ("rust", target.tools.kit, *_RUNNERS.get(target.runner or "", ()))
    return [kit for kit in needed if kit not in (None, *_FROM_INDEX) and not _is_filled(kit, _describe(kit))]


def _is_filled(kit: str, contents: str) -> bool:
    mark = KITS / f"{kit}.mark"
    return mark.is_file() and mark.read_text() == _digest(contents)


def _digest(contents: str) -> str:
    return hashlib.sha256(contents.encode()).hexdigest()


def fill_once(kit: str, contents: str, fill: Callable[[Path], None]) -> Path:
    """Return the folder of a kit, and fill it if its mark does not say that it has these contents.

    One process at a time does that; the others wait.

    :param contents: what decides what is in it.
    """
    directory, mark = KITS / kit, KITS / f"{kit}.mark"
    KITS.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(KITS / f"{kit}.lock"):
        if not _is_filled(kit, contents):
            mark.unlink(missing_ok=True)
            shutil.rmtree(directory, ignore_errors=True)
            directory.mkdir()
            fill(directory)
            mark.write_text(_digest(contents))
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
