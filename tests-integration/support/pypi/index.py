"""Wheels of the package index: which, and where they are kept on this machine."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from skipped import PLACES

from ..channel.build import CACHE
from ..tested_platform import PLATFORM

LIST = Path(__file__).parents[2] / "wheels" / "index.sha256"
PYTHON = (3, 11)
"""They are for this Python, on Linux on x86-64."""
FIT = (PLATFORM, sys.version_info[:2]) == ("linux-64", PYTHON)
"""Whether they can be put in place here."""
WHERE_THEY_FIT = "for linux-64 with Python 3.11"
PLACES[WHERE_THEY_FIT] = FIT
_PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64", "manylinux2010_x86_64")


def fetch_wheels() -> list[Path]:
    """Return all that are listed, downloaded with pip where they are not here yet."""
    directory = CACHE / "wheels"
    directory.mkdir(parents=True, exist_ok=True)
    wanted = {name: digest for digest, name in map(str.split, LIST.read_text(encoding="utf-8").splitlines())}
    missing = {name: digest for name, digest in wanted.items() if not (directory / name).is_file()}
    if missing:
        _download(missing, directory)
    for name, digest in wanted.items():
        assert hashlib.sha256((directory / name).read_bytes()).hexdigest() == digest, f"{name} is another file"
    return [directory / name for name in wanted]


def _download(wanted: dict[str, str], directory: Path) -> None:
    requirements = directory / "requirements.txt"
    lines = [
        f"{name}=={version} --hash=sha256:{wanted[file]}" for file in wanted for name, version in (split_name(file),)
    ]
    requirements.write_text("\n".join(lines) + "\n", encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    platforms = [word for platform in _PLATFORMS for word in ("--platform", platform)]
    target = [*platforms, "--python-version", ".".join(map(str, PYTHON)), "--only-binary=:all:"]
    subprocess.run([*pip, *target, "--require-hashes", "-d", str(directory), "-r", str(requirements)], check=True)


def split_name(file_name: str) -> tuple[str, str]:
    """Return project and version of a wheel, as its file name has them."""
    name, version, *_ = file_name.split("-")
    return name, version
