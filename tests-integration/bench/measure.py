"""Run a command and account for it; keep pairs of runs and their ratios."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ACCOUNT = Path(__file__).with_name("account.py")


@dataclass(frozen=True, slots=True)
class Usage:
    """What one run took: seconds of wall and processor time, and the largest resident set in MB."""

    wall_s: float
    processor_s: float
    peak_mb: float


def run(command: Sequence[str], environment: Mapping[str, str], directory: Path, expected: str | None = None) -> Usage:
    """Run a command to its end and account for it and its children.

    :param expected: what it must print; ``None`` when that does not matter.
    """
    with tempfile.NamedTemporaryFile("r") as report:
        account = [sys.executable, "-I", "-S", str(_ACCOUNT), report.name]
        completed = subprocess.run(
            [*account, *command], env=dict(environment), cwd=directory, capture_output=True, text=True, check=True
        )
        wall, processor, peak_kib, status = json.load(report)
    if status != 0 or (expected is not None and completed.stdout != expected):
        sys.exit(f"{command[0]} failed ({status}): {completed.stdout}{completed.stderr}")
    return Usage(wall, processor, peak_kib / 1024)


@dataclass
class Pairs:
    """Runs of both sides, taken in turns.

    :ivar limit: the ratio that must not be exceeded; ``docs/explanation/performance.md`` lists them.
    """

    name: str
    limit: float
    own: list[Usage] = field(default_factory=list)
    peer: list[Usage] = field(default_factory=list)

    def take(self, rounds: int, run_own: Callable[[], Usage], run_peer: Callable[[], Usage]) -> None:
        """Take ``rounds`` pairs, the first turn going to each side in turns."""
        for number in range(rounds):
            for side in (0, 1) if number % 2 == 0 else (1, 0):
                (self.own if side == 0 else self.peer).append((run_own, run_peer)[side]())
            print(f"  {self.name}: {self.own[-1].wall_s:.2f} s, {self.peer[-1].wall_s:.2f} s", file=sys.stderr)

    def summarise(self) -> dict[str, Any]:
        """Summarise as JSON values: medians, spread, ratios of pairs."""
        summary: dict[str, Any] = {"name": self.name, "limit": self.limit, "rounds": len(self.own)}
        for unit in ("wall_s", "processor_s", "peak_mb"):
            own = [getattr(usage, unit) for usage in self.own]
            peer = [getattr(usage, unit) for usage in self.peer]
            ratios = [one / other for one, other in zip(own, peer, strict=True)]
            summary[unit] = {"cs": spread(own), "0.11.1": spread(peer), "ratio": spread(ratios)}
        return summary


def spread(values: Sequence[float]) -> dict[str, float]:
    """Summarise values by median, least and largest."""
    return {"median": statistics.median(values), "least": min(values), "largest": max(values)}
