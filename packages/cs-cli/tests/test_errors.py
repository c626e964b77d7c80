"""One shape for all errors."""

from __future__ import annotations

from pathlib import Path

import pytest

from cs_bundle import FetchError
from cs_cli.errors import CliError, describe_error, exit_code_of, render_error
from cs_lock import LockError, Problem
from cs_manifest import ManifestError
from cs_stamp import DamagedStampError


@pytest.mark.parametrize(
    ("error", "described"),
    [
        (
            CliError("kind", "text", path=Path("f"), key="k", expected="e", actual="a", hint="h"),
            {
                "kind": "kind",
                "message": "text",
                "path": "f",
                "key": "k",
                "expected": "e",
                "actual": "a",
                "hint": "h",
            },
        ),
        (
            ManifestError("is missing", kind="key-missing", path=Path("conda.toml"), line=3, column=1, key="a.b"),
            {
                "kind": "key-missing",
                "message": "is missing",
                "path": "conda.toml",
                "line": 3,
                "column": 1,
                "key": "a.b",
            },
        ),
        (
            DamagedStampError("damaged", part="lock"),
            {"kind": "damaged", "message": "damaged", "part": "lock"},
        ),
        (
            FetchError("not found", kind="http", url="https://host/x", name="x.conda"),
            {"kind": "http", "message": "not found", "url": "https://host/x", "name": "x.conda"},
        ),
    ],
)
def test_errors_of_every_package_are_described_alike(error: Exception, described: dict[str, object]) -> None:
    assert describe_error(error) == described


def test_a_paragraph_says_what_where_and_what_to_do() -> None:
    error = CliError("k", "is wrong", path=Path("conda.toml"), key="a.b", expected="1", actual="2", hint="write 1")
    assert render_error(error) == [
        "error: conda.toml: a.b: is wrong",
        "  expected: 1",
        "  actual: 2",
        "  hint: write 1",
    ]


def test_what_the_message_says_is_not_said_again() -> None:
    assert render_error(CliError("k", "has to be a or b", expected="a or b")) == ["error: has to be a or b"]


def test_line_and_column_follow_the_path() -> None:
    error = ManifestError("is wrong", kind="value-type", path=Path("conda.toml"), line=3, column=7)
    assert render_error(error) == ["error: conda.toml:3:7: is wrong"]


def make_lock_error(count: int) -> LockError:
    problems = [Problem(kind="k", message=f"problem {n}", platform="linux-64", hint="mend it") for n in range(count)]
    return LockError("unshippable", "cannot ship", problems=problems)


def test_problems_are_listed_with_their_hints() -> None:
    assert render_error(make_lock_error(1))[1] == "  - linux-64: problem 0 (mend it)"
    assert len(describe_error(make_lock_error(3))["problems"]) == 3


def test_a_long_list_of_problems_is_cut_for_people_only() -> None:
    assert render_error(make_lock_error(25))[-1] == "  and 5 more; --error-format json has them all"
    assert len(describe_error(make_lock_error(25))["problems"]) == 25


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (CliError("k", "m"), 1),
        (CliError("k", "m", exit_code=2), 2),
        (CliError("k", "m", key="--target"), 2),
        (ManifestError("m", kind="value-invalid", key="--layout"), 2),
        (ManifestError("m", kind="value-invalid", key="tool.conda-ship.layout"), 1),
        (ValueError("m"), 1),
    ],
)
def test_wrong_flags_are_wrong_usage(error: Exception, status: int) -> None:
    assert exit_code_of(error) == status
