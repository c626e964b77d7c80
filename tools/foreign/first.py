"""The first process of a namespace: ``first.py AROUND COMMAND``, started by ``alone.py``.

When it ends, Linux kills every process of the namespace. It waits for orphans too: they become its children.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

_QUIET: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)


def main(around: str, command: Sequence[str]) -> int:
    """Run what comes before the command, the command, what comes after it; return its status as a shell gives it."""
    settings = json.loads(around)
    for words in settings["before"]:
        subprocess.run(words, check=True, **_QUIET)
    process = subprocess.Popen(command, **(_QUIET if settings["quiet"] else {}))
    # The keys of the terminal reach the command as well, which decides what they mean.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    status = _wait_for(process.pid)
    for words in settings["after"]:
        subprocess.run(words, **_QUIET)
    return status


def _wait_for(process: int) -> int:
    while True:
        ended, status = os.wait()
        if ended == process:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
