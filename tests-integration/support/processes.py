"""Start commands beside a test, and wait for what they do."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from .commands import Home

LONG_SECONDS = "60"
"""A script that takes this long is ended by the test."""


def start(home: Home, *command: str | Path) -> subprocess.Popen[str]:
    """Start a command as the home's user, as the leader of a process group, like a shell does."""
    return subprocess.Popen(
        [str(word) for word in command],
        env=home.environment,
        cwd=home.directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something shows."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "it does not happen"
        time.sleep(0.002)


def wait_for_script(home: Home) -> None:
    """Wait until a first run of a ``plain_workshop`` runtime is in its post-link script."""
    wait_for((home.prefix.with_name(".demo.staging") / "share" / "started").exists)


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a process; its exit status, output and messages."""
    output, messages = process.communicate(timeout=120)
    return process.returncode, output, messages
