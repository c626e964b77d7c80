"""Run programs for other platforms here."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from . import arm64, wine
from .targets import Target


def run(target: Target, command: Sequence[str], extra: Mapping[str, str]) -> int:
    """Run a command of this machine that starts programs for a target: cargo, a suite of tests.

    :param extra: more variables; its PATH and LD_LIBRARY_PATH come first.
    :returns: its exit status.
    :raises ForeignError: if what runs such programs is missing here.
    """
    if target.runner == "qemu":
        return arm64.run(command, {**os.environ, **extra})
    if target.runner == "wine":
        return wine.run(command, extra)
    return subprocess.run(command, env={**os.environ, **extra}).returncode
