"""Run a command with everything that it starts in a process namespace of its own: nothing of it outlives the command.

Nor does it outlive this process, however that ends. ``first.py`` is the first process of the namespace.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_FIRST = Path(__file__).with_name("first.py")


def run_alone(
    command: Sequence[str],
    variables: Mapping[str, str],
    *,
    before: Sequence[Sequence[str]] = (),
    after: Sequence[Sequence[str]] = (),
    quiet: bool = False,
) -> int:
    """Run a command to its end.

    :param variables: its whole environment.
    :param before: commands to run first, with no input and no output; what they leave running stays until the end.
    :param after: commands to run when the command has ended, in the same way.
    :param quiet: run the command itself that way too.
    :returns: its exit status.
    """
    users = () if os.geteuid() == 0 else ("--user", "--map-root-user")
    alone = ("unshare", *users, "--pid", "--fork", "--kill-child", "--mount-proc")
    around = json.dumps({"before": before, "after": after, "quiet": quiet})
    words = ("setpriv", "--pdeathsig", "KILL", *alone, sys.executable, str(_FIRST), around, *command)
    return subprocess.run(words, env=dict(variables)).returncode
