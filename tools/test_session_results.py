"""The last line of ``nox -s tests`` names every session that did not pass."""

from __future__ import annotations

import json
from pathlib import Path

from session_results import read_results, summarize

NAMES = ("lint", "typing", "docs")


def test_all_passed() -> None:
    assert summarize(NAMES, dict.fromkeys(NAMES, "success")) == "3 of 3 sessions passed"


def test_what_failed_or_never_ran_is_named() -> None:
    line = summarize(NAMES, {"lint": "success", "typing": "failed"})
    assert line == "1 of 3 sessions passed; not passed: typing (failed), docs (not run)"


def test_notes_follow_unless_they_are_empty() -> None:
    results = dict.fromkeys(NAMES, "success")
    assert summarize(NAMES, results, "", "2 tests skipped") == "3 of 3 sessions passed; 2 tests skipped"


def test_results_come_from_the_report(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    sessions = [{"name": "lint", "result": "success"}, {"name": "docs", "result": "failed", "args": {}}]
    report.write_text(json.dumps({"result": 1, "sessions": sessions}), encoding="utf-8")
    assert read_results(report) == {"lint": "success", "docs": "failed"}


def test_without_a_report_nothing_has_run(tmp_path: Path) -> None:
    results = read_results(tmp_path / "report.json")
    assert summarize(NAMES, results).startswith("0 of 3 sessions passed; not passed: lint (not run)")
