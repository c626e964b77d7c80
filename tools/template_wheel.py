"""Build the wheel of the template: ``python tools/template_wheel.py DIRECTORY``.

Clones share the directory in which cargo builds. Cargo locks it, but maturin then moves the executable out of it, and
of two builds at once one would miss its executable. So one build at a time goes on in each such directory.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from one_at_a_time import one_at_a_time

TEMPLATE = Path(__file__).parents[1] / "templates" / "cs-template"


def name_lock(target_directory: Path) -> Path:
    """Return the file that a build locks."""
    return target_directory / "template-wheel.lock"


def build_template_wheel(directory: Path, variables: Mapping[str, str]) -> None:
    """Build the wheel into a directory, with the pip and the maturin of this Python.

    :param variables: the environment of the build; ``CARGO_TARGET_DIR`` is among them.
    """
    target_directory = Path(variables["CARGO_TARGET_DIR"])
    target_directory.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    with one_at_a_time(name_lock(target_directory)):
        # pip shows nothing of it, and readers of the first page wonder whether it hangs.
        print("Compiling the template: minutes the first time, seconds if nothing has changed.", flush=True)
        subprocess.run([*pip, "--wheel-dir", str(directory), str(TEMPLATE)], env=dict(variables), check=True)


if __name__ == "__main__":
    build_template_wheel(Path(sys.argv[1]), os.environ)
