"""Start a command, kill it at a chosen instant, and say where it was."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .commands import Home
from .processes import User, let_run, start

Condition = Callable[[], bool]

FILES_OF_A_PREFIX = 800
"""Roughly as many as the tiny channel's packages have."""


@dataclass(frozen=True, slots=True)
class Instant:
    """When to kill: once ``condition`` holds, and ``delay_seconds`` later.

    :param whole_group: kill the whole process group, as a closing terminal or a container does, or the process alone.
    """

    words: str
    condition: Condition
    delay_seconds: float
    whole_group: bool


def choose_instant(
    number: int, seed: int, *, home: User, duration_seconds: float, files: int = FILES_OF_A_PREFIX
) -> Instant:
    """Choose the instant of kill ``number``: every other one at a time, the rest at an event on the disk.

    :param duration_seconds: how long the command takes when it is not killed.
    :param files: about how many files the prefix gets.
    """
    randomness = random.Random(f"{seed}-{number}")
    whole_group = randomness.random() < 0.5
    if number % 2 == 0:
        # Spread evenly, with some noise, so that few kills cover the whole run.
        share = (number // 2 % 6 + randomness.random()) / 6
        return Instant(f"after {share:.0%} of its time", lambda: True, share * duration_seconds, whole_group)
    words, condition = choose_event(randomness, home.prefix, files)
    return Instant(words, condition, randomness.choice([0, 0.0001, 0.001, 0.003]), whole_group)


def choose_event(randomness: random.Random, prefix: Path, files: int) -> tuple[str, Condition]:
    """Choose an event around a prefix that can be seen from outside."""
    staging = prefix.with_name(".demo.staging")
    place = _identify(prefix)
    count = randomness.randrange(1, files)
    return randomness.choice(
        [
            ("as the staging directory appears", staging.exists),
            (f"as file {count} appears", lambda: count_files(staging) >= count),
            ("as the first record appears", (staging / "conda-meta" / "history").exists),
            ("as the marker appears", (staging / ".demo.json").exists),
            ("as the scratch space goes", lambda: staging.exists() and not (staging / ".demo.staging").exists()),
            ("as the prefix is put in place", lambda: _identify(prefix) != place),
        ]
    )


def _identify(path: Path) -> int | None:
    try:
        return path.lstat().st_ino
    except OSError:
        return None


def count_files(directory: Path) -> int:
    """Count what is in a folder, even while others change it."""
    return sum(len(names) for _, _, names in os.walk(directory))


def run_and_kill(command: Sequence[str | Path], home: User, instant: Instant) -> bool:
    """Run a command as the home's user and kill it.

    :returns: whether it was still alive then.
    """
    process = start(home, *command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not instant.condition():
        pass
    was_alive = let_run(process, instant.delay_seconds)
    if was_alive:
        if instant.whole_group and hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
    return was_alive


def measure(command: Sequence[str | Path], home: Home) -> float:
    """Run a command to its end and return the seconds that it took."""
    started = time.monotonic()
    completed = home.run(*command)
    assert completed.returncode == 0, completed.stderr
    return time.monotonic() - started
