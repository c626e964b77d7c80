from __future__ import annotations

import json
from pathlib import Path

from cs_lock import LockError, Problem


def test_error_says_where_what_and_what_to_do() -> None:
    error = LockError(
        "invalid-value",
        "size has the wrong type",
        path=Path("pixi.lock"),
        line=3,
        column=9,
        key="packages[0].size",
        expected="a whole number",
        actual="'x'",
        hint="lock the workspace again",
    )
    assert str(error) == (
        "pixi.lock:3:9: packages[0].size: size has the wrong type; expected a whole number, found 'x'\n"
        "  hint: lock the workspace again"
    )


def test_error_lists_at_most_twenty_problems() -> None:
    problems = [Problem(kind="k", message=f"problem {number}", platform="linux-64") for number in range(25)]
    text = str(LockError("unshippable", "it cannot ship", problems=problems))
    assert text.count("\n  - linux-64: problem") == 20
    assert text.endswith("\n  and 5 more")


def test_messages_are_cut_when_a_damaged_lock_makes_them_long() -> None:
    assert len(str(LockError("k", "x" * 1_000_000))) == 2003


def test_problem_is_json_ready() -> None:
    problem = Problem(kind="k", message="m", package="p", hint="h")
    assert json.loads(json.dumps(problem.to_dict()))["severity"] == "error"
    assert str(problem) == "m (h)"
