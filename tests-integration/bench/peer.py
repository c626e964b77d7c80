"""What the figures are compared with: conda-ship 0.11.1 from the package index, in a separate environment."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

VERSION = "0.11.1"


def install_peer(directory: Path) -> Path:
    """Install its wheel and return its ``cs``; conda, which it names as a dependency, is not needed to build."""
    cs = directory / "bin" / "cs"
    if not cs.is_file():
        venv.create(directory, with_pip=True)
        pip = [str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-deps", f"conda-ship=={VERSION}"], check=True, stdout=sys.stderr)
    return cs
