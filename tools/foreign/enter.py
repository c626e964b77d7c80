"""Become a command in which arm64 programs run: ``enter.py ENTERED GO RULE COMMAND``, started by ``unshare``.

A program of its own, because it runs between ``arm64.py`` and the command, in the new namespaces.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

NO_TABLE = 99
"""Exit status if this Linux keeps one table for all namespaces, or refuses to change it."""

_TABLE = "/proc/sys/fs/binfmt_misc"


def main(words: list[str]) -> NoReturn:
    """Say that the namespaces are there, wait until they have users, write the rule, and become the command."""
    entered, go, rule, *command = words
    os.write(int(entered), b"1")
    os.read(int(go), 1)
    try:
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", _TABLE], stderr=subprocess.DEVNULL, check=True)
        (Path(_TABLE) / "register").write_text(rule)
    except (OSError, subprocess.CalledProcessError):
        sys.exit(NO_TABLE)
    for descriptor in (entered, go):
        os.close(int(descriptor))
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
