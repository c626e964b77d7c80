"""Wheels of the template, one for each platform."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .compiling import environment
from .errors import ForeignError
from .places import TEMPLATE
from .targets import Target


def build_wheel(target: Target, directory: Path) -> Path:
    """Build a wheel with the pip and the maturin of this Python, and return it.

    :raises ForeignError: if the wheel is not one for the target.
    """
    # A static executable runs wherever that policy says; package indexes refuse the plain "linux" tag.
    options = {"MATURIN_PEP517_ARGS": "--compatibility manylinux_2_17"} if target.subdir.startswith("linux-") else {}
    variables = {**os.environ, **options, **environment(target)}
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        subprocess.run([*pip, "--wheel-dir", scratch, str(TEMPLATE)], env=variables, check=True)
        (wheel,) = Path(scratch).glob("*.whl")
        if target.wheel_tag not in wheel.stem.rpartition("-")[2].split("."):
            raise ForeignError(f"maturin made {wheel.name}, which is not for {target.wheel_tag}")
        return wheel.replace(directory / wheel.name)
