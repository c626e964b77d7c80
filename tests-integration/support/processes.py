"""Start commands in parallel with a test, wait for what they do, and look at them."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import psutil
from steady import wait_until

from .commands import Home

LONG_SECONDS = "3600"
"""A script that takes this long is ended by the test."""


class User(Protocol):
    """The user of a runtime ``demo``, on any system."""

    @property
    def directory(self) -> Path:
        """The home, which is the working directory too."""

    @property
    def environment(self) -> dict[str, str]:
        """The variables of this user."""

    @property
    def prefix(self) -> Path:
        """Where the runtime installs for this user."""


def start(home: User, *command: str | Path, **options: Any) -> subprocess.Popen[str]:
    """Start a command as the home's user, as the leader of a process group, like a shell does.

    :param options: what ``Popen`` takes.
    """
    settings: dict[str, Any] = {
        "env": home.environment,
        "cwd": home.directory,
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
        "text": True,
        "start_new_session": True,
    }
    return subprocess.Popen([str(word) for word in command], **{**settings, **options})


def let_run(process: subprocess.Popen[str], seconds: float) -> bool:
    """Let a process run for a time that chance has chosen.

    :returns: whether it still runs.
    """
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.poll() is None


def wait_for_script(home: Home) -> None:
    """Wait until a first run of a ``plain_workshop`` runtime is in its post-link script."""
    wait_until((home.prefix.with_name(".demo.staging") / "share" / "started").exists)


def wait_for_text(path: Path, pattern: str, count: int = 1) -> None:
    """Wait until a file holds what a pattern describes so many times."""
    wait_until(lambda: path.is_file() and len(re.findall(pattern, path.read_text())) >= count)


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a process; its exit status, output and messages."""
    output, messages = process.communicate(timeout=120)
    return process.returncode, output, messages


def is_stopped(process: int) -> bool:
    """Say whether a signal has stopped a process."""
    return _state_of(process) == psutil.STATUS_STOPPED


def is_running(process: int) -> bool:
    """Say whether a process has not ended; a process that no other has waited for has."""
    return _state_of(process) not in (None, psutil.STATUS_ZOMBIE)


def _state_of(process: int) -> str | None:
    try:
        return psutil.Process(process).status()
    except psutil.NoSuchProcess:
        return None


def find_processes(directory: Path) -> list[str]:
    """Describe the processes that run from, or in, a folder."""
    return [
        f"{process.pid}: {' '.join(process.info['cmdline'])}"
        for process in psutil.process_iter(["exe", "cwd", "cmdline"])
        # A zombie has no words. What is another user's cannot be seen on every system.
        if process.pid != os.getpid() and process.info["cmdline"] and _is_inside(process.info, directory)
    ]


def _is_inside(info: Mapping[str, Any], directory: Path) -> bool:
    return any(Path(info[place]).is_relative_to(directory) for place in ("exe", "cwd") if info[place])


def assert_no_process_in(directory: Path) -> None:
    """Fail if processes stay in a folder for longer than the system needs to end them."""
    wait_until(lambda: not find_processes(directory))
