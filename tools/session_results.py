"""What became of the sessions of one nox run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path


def read_results(report: Path) -> dict[str, str]:
    """Return the result of each session from a report of nox (``--report``), by name.

    :param report: its path. nox writes it at the end: without it no session has a result.
    """
    if not report.exists():
        return {}
    return {one["name"]: one["result"] for one in json.loads(report.read_text(encoding="utf-8"))["sessions"]}


def summarize(names: Sequence[str], results: Mapping[str, str], *notes: str) -> str:
    """Return one line: how many sessions passed, which did not, and what else is to note.

    :param names: the sessions that should have run.
    """
    others = [f"{name} ({results.get(name, 'not run')})" for name in names if results.get(name) != "success"]
    count = f"{len(names) - len(others)} of {len(names)} sessions passed"
    not_passed = f"not passed: {', '.join(others)}" if others else ""
    return "; ".join(part for part in (count, not_passed, *notes) if part)
