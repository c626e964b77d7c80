from __future__ import annotations

import json
from pathlib import Path

from cs_lock import LockError, Problem, merge_platforms


def test_error_says_where_what_and_what_to_do() -> None:
    error = LockError(
        "size has the wrong type",
        kind="invalid-value",
        path=Path("pixi.lock"),
        line=3,
        column=9,
        key="packages[0].size",
        expected="a whole number",
        actual="'x'",
        hint="lock the workspace again",
    )
    assert str(error) == "pixi.lock:3:9: packages[0].size: size has the wrong type"
    assert (error.expected, error.actual) == ("a whole number", "'x'")
    assert error.to_dict()["hint"] == "lock the workspace again"


def test_an_error_has_all_its_problems() -> None:
    problems = [Problem(kind="k", message=f"problem {number}", platform="linux-64") for number in range(25)]
    error = LockError("it cannot ship", kind="unshippable", problems=problems)
    assert str(error) == "it cannot ship"
    assert [problem["message"] for problem in error.to_dict()["problems"]] == [one.message for one in problems]


def test_messages_are_cut_when_a_damaged_lock_makes_them_long() -> None:
    assert len(str(LockError("x" * 1_000_000, kind="k"))) == 2003


def test_problem_is_json_ready() -> None:
    problem = Problem(kind="k", message="m", package="p", hint="h", plural="have m", plural_hint="hs")
    document = json.loads(json.dumps(problem.to_dict()))
    assert document["severity"] == "error"
    assert not {"plural", "plural_hint", "is_requested"} & document.keys()


def test_merged_problems_have_the_platforms_of_all_and_the_place_of_the_first() -> None:
    problems = [
        Problem(kind="k", message=message, platform=platform, line=line)
        for message, platform, line in (("m", "a", 1), ("n", "a", 2), ("m", "b", 3), ("m", "a", 1))
    ]
    assert [(one.line, one.platforms) for one in merge_platforms(problems)] == [(1, ("a",)), (2, ("a",)), (3, ("b",))]
    merged = merge_platforms(problems, key=lambda one: one.message)
    assert [(one.line, one.platforms, one.platform) for one in merged] == [(1, ("a", "b"), None), (2, ("a",), "a")]
