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
        variables = wine.environment()
        joined = _join(variables, extra)
        with wine.serving(variables):
            return subprocess.run(command, env={**os.environ, **joined}).returncode
    return subprocess.run(command, env={**os.environ, **extra}).returncode


def _join(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """Join two sets of variables, the lists of folders among them too."""
    lists = {
        name: os.pathsep.join((second[name], first[name]))
        for name in ("PATH", "LD_LIBRARY_PATH")
        if name in first and name in second
    }
    return {**first, **second, **lists}
