"""One shape for all errors."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from cs_bundle import BundleError, FetchError
from cs_cli.error_text import render_error
from cs_cli.errors import (
    FIELDS,
    CliError,
    Diagnosed,
    PlatformFault,
    add_advice,
    advise,
    describe_error,
    exit_status_of,
)
from cs_lock import LockError, Problem
from cs_manifest import ManifestError
from cs_stamp import DamagedStampError, StampError
from terminals import show, to_plain


@pytest.mark.parametrize(
    ("error", "described"),
    [
        (
            CliError("text", kind="kind", path=Path("f"), key="k", expected="e", actual="a", hint="h"),
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
def test_errors_of_every_package_are_described_alike(error: Diagnosed, described: dict[str, object]) -> None:
    assert describe_error(error) == described


def shown(error: Diagnosed) -> list[str]:
    return to_plain(render_error(error))


def test_a_paragraph_says_what_where_and_what_to_do() -> None:
    error = CliError("is wrong", kind="k", path=Path("conda.toml"), key="a.b", expected="1", actual="2", hint="write 1")
    assert shown(error) == [
        "error: conda.toml: a.b: is wrong",
        "  expected: 1",
        "  found: 2",
        "  hint: write 1",
    ]


def test_what_the_message_says_is_not_said_again() -> None:
    assert shown(CliError("must be a or b", kind="k", expected="a or b")) == ["error: must be a or b"]


def test_line_and_column_follow_the_path() -> None:
    error = ManifestError("is wrong", kind="value-type", path=Path("conda.toml"), line=3, column=7)
    assert shown(error) == ["error: conda.toml:3:7: is wrong"]


def make_lock_error(count: int) -> LockError:
    problems = [Problem(kind="k", message=f"problem {n}", platform="linux-64", hint="mend it") for n in range(count)]
    return LockError("cannot ship", kind="unshippable", problems=problems)


def test_problems_are_listed_with_their_hints() -> None:
    assert shown(make_lock_error(1))[1:] == ["  - problem 0 (linux-64)", "    hint: mend it"]
    assert shown(make_lock_error(2))[1:] == [
        "  - problem 0 (linux-64)",
        "  - problem 1 (linux-64)",
        "    hint: mend it",
    ]
    assert len(describe_error(make_lock_error(3))["problems"]) == 3


def test_a_long_list_of_problems_is_cut_for_people_only() -> None:
    assert shown(make_lock_error(25))[-2:] == ["  - 5 more like these (-v)", "    hint: mend it"]
    assert len(to_plain(render_error(make_lock_error(25), is_long=True))) == 27
    assert len(describe_error(make_lock_error(25))["problems"]) == 25


def test_problems_of_one_kind_share_a_line_with_the_names_of_their_packages() -> None:
    problems = [
        Problem(kind="k", message=f"{name} is old", plural="are old", package=name, platforms=platforms, hint="mend it")
        for name, platforms in (("a", ("linux-64",)), ("b", ("linux-64", "win-64")), ("c", ("win-64", "linux-64")))
    ]
    error = LockError("cannot ship", kind="unshippable", problems=problems)
    assert shown(error)[1:] == [
        "  - 3 packages are old: a (linux-64); b, c (linux-64, win-64) (-v)",
        "    hint: mend it",
    ]
    several = ["  - a is old (linux-64)", "  - b is old (linux-64, win-64)", "  - c is old (win-64, linux-64)"]
    assert to_plain(render_error(error, is_long=True))[1:] == [*several, "    hint: mend it"]


def test_other_problems_are_cut_too_for_people_only() -> None:
    faults = [PlatformFault(platform=f"p{n}", error=CliError("m", kind="k")) for n in range(25)]
    error = CliError("failed", kind="platforms-failed", problems=faults)
    assert shown(error)[-1] == "  and 5 more; -v lists them all"
    assert len(to_plain(render_error(error, is_long=True))) == 26


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (CliError("m", kind="k"), 1),
        (CliError("m", kind="k", flag="--target"), 2),
        (CliError("m", kind="usage"), 2),
        (CliError("m", kind="k", key="--target"), 1),
        (ManifestError("m", kind="value-invalid", key="--layout"), 1),
    ],
)
def test_a_flag_or_the_kind_says_that_the_command_line_is_wrong_and_a_key_does_not(
    error: Diagnosed, status: int
) -> None:
    assert exit_status_of(error) == status


ROOTS = (BundleError, CliError, LockError, ManifestError, StampError)
VALUES: dict[str, Any] = {
    "path": Path("f"),
    "line": 3,
    "column": 7,
    "lines": ("a = 1",),
    "problems": (),
    "flag": "--target",
    "platforms": (),
}


def make_full(root: type[Exception]) -> Any:
    """Make an error with everything that its root takes."""
    names = list(inspect.signature(root).parameters)[2:]
    return root("text", kind="key-missing", **{name: VALUES.get(name, name) for name in names})  # type: ignore[call-arg]


@pytest.mark.parametrize("root", ROOTS)
def test_every_root_is_made_alike(root: type[Exception]) -> None:
    message, kind, *others = inspect.signature(root).parameters.values()
    assert (message.name, message.kind) == ("message", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    assert kind.name == "kind"
    assert {one.kind for one in (kind, *others)} == {inspect.Parameter.KEYWORD_ONLY}
    order = [*FIELDS, "flag", "platforms"]
    assert [one.name for one in others] == sorted((one.name for one in others), key=order.index)
    assert {"path", "expected", "actual", "hint"} <= {one.name for one in others}


@pytest.mark.parametrize("root", ROOTS)
def test_every_root_says_what_it_was_given(root: type[Exception]) -> None:
    error = make_full(root)
    assert isinstance(error, Diagnosed)
    names = list(inspect.signature(root).parameters)
    assert all(hasattr(error, name) for name in names)
    described = error.to_dict()
    assert set(described) == set(names) - {"flag", "platforms", "problems"}
    assert (described["path"], described["hint"]) == ("f", "hint")


@pytest.mark.parametrize("root", ROOTS)
def test_the_text_of_an_error_is_the_first_line_that_is_shown(root: type[Exception]) -> None:
    error = make_full(root)
    assert shown(error)[0] == f"error: {error}"
    assert str(error).startswith("f:")
    assert str(error).endswith(": text")
    assert "hint" not in str(error)


def test_the_flags_of_cs_are_its_own_advice() -> None:
    error = ManifestError("is missing", kind="lock-not-found", hint="make it")
    assert describe_error(error)["hint"] == "make it, or give another one with --source-lock"
    assert describe_error(ManifestError("is missing", kind="lock-not-found"))["hint"].startswith("give another one")


def test_advice_for_a_place_follows_the_hint_of_the_error() -> None:
    error = add_advice(BundleError("is full", kind="disk-full", hint="free some space there"), "output")
    assert error.hint == "free some space there, or choose another directory with --out-dir"
    assert advise("output") == "choose another directory with --out-dir"


def test_the_flag_of_an_error_is_its_key() -> None:
    assert describe_error(CliError("m", kind="k", flag="--target"))["key"] == "--target"


def test_a_line_of_a_file_is_quoted_and_what_it_shows_is_not_said_again(tmp_path: Path) -> None:
    path = tmp_path / "conda.toml"
    path.write_text("a = 1\nlayout = 'zip'\n", encoding="utf-8")
    error = ManifestError("is wrong", kind="value-invalid", path=path, line=2, column=10, actual="'zip'", expected="x")
    assert shown(error) == [
        f"error: {path}:2:10: is wrong",
        "   2 │ layout = 'zip'",
        "     │          ^^^^^",
        "  expected: x",
    ]


def test_paths_are_short_in_text_and_whole_in_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    error = CliError(f"cannot read {tmp_path / 'a'}", kind="k", path=tmp_path / "dist" / "x")
    assert shown(error) == [f"error: {Path('dist', 'x')}: cannot read a"]
    assert describe_error(error)["path"] == str(tmp_path / "dist" / "x")


LONG = "one of " + ", ".join(f"choice-{number}" for number in range(20))


def test_a_likely_name_needs_no_list_of_all_names() -> None:
    error = CliError("unknown", kind="k", expected=LONG, hint="did you mean 'choice-1'?")
    assert shown(error) == ["error: unknown", "  hint: did you mean 'choice-1'?"]
    assert describe_error(error)["expected"] == LONG


def test_a_list_is_shown_once_and_after_the_hint() -> None:
    listed = CliError("unknown", kind="k", expected=LONG, hint=f"the names are: {LONG.removeprefix('one of ')}")
    assert len(shown(listed)) == 2
    assert shown(CliError("unknown", kind="k", expected=LONG, hint="read them"))[1:] == [
        "  hint: read them",
        f"  expected: {LONG}",
    ]


def test_what_was_expected_and_found_stay_together_however_long_they_are() -> None:
    error = CliError("it differs", kind="k", expected="1" * 64, actual="2" * 64, hint="copy it again")
    assert shown(error)[1:] == [f"  expected: {'1' * 64}", f"  found: {'2' * 64}", "  hint: copy it again"]


def test_problems_come_before_the_hint_and_do_not_repeat_it(tmp_path: Path) -> None:
    path = tmp_path / "pixi.toml"
    path.write_text("[dependencies]\nattrs = '*'\n", encoding="utf-8")
    problem = Problem(kind="k", message="no attrs", path=path, line=2, column=1, hint="run `pixi lock`")
    error = CliError("it does not match", kind="k", hint="run `pixi lock`, or use --x", problems=[problem])
    assert shown(error) == [
        "error: it does not match",
        f"  - {path}:2: no attrs",
        "   2 │ attrs = '*'",
        "     │ ^^^^^",
        "  hint: run `pixi lock`, or use --x",
    ]


@pytest.mark.parametrize(
    ("error", "anchor"),
    [
        (CliError("m", kind="network"), "network"),
        (CliError("m", kind="value-invalid"), None),
        (CliError("m", kind="platform-missing", hint="did you mean 'x'?"), None),
        (LockError("m", kind="unshippable", problems=[Problem(kind="pypi-source", message="p")]), "pypi-source"),
    ],
)
def test_the_page_that_says_more_is_named_when_links_are_wanted(error: Diagnosed, anchor: str | None) -> None:
    line = f"  more: https://conda-ship.github.io/conda-ship/reference/errors/#{anchor}"
    assert to_plain(render_error(error, links=True))[1:][-1:] == ([line] if anchor else shown(error)[1:][-1:])
    assert line not in shown(error)


@pytest.mark.parametrize("columns", [50, 80, 140])
def test_a_terminal_breaks_an_error_between_words_only(
    columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    url = f"https://conda.example/{'a' * 60}/x-1-0.conda"
    error = FetchError(
        f"cannot fetch {url}: it refused", kind="network", path=tmp_path / "with space", hint="read " * 40
    )
    plain = "\n".join(to_plain(render_error(error, links=True)))
    written = show(*render_error(error, links=True))
    assert written.split() == plain.split()
    assert str(tmp_path / "with space") in written
    assert [line for line in written.splitlines() if len(line) > columns and len(line.split()) > 2] == []
