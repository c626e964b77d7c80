"""What is said, and where."""

from __future__ import annotations

import json

import pytest

from cs_bundle import format_bytes
from cs_cli.terminal.console import Console, format_seconds, print_json
from terminals import FakeTerminal


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (17_834_288, "17.8 MB"),
        (999_960, "1.0 MB"),
        (2_500_000_000, "2.5 GB"),
        (10**15, "1000000.0 GB"),
    ],
)
def test_bytes_are_shown_in_decimal_units(count: int, text: str) -> None:
    assert format_bytes(count) == text


def test_what_happens_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    Console().say("hello")
    assert capsys.readouterr() == ("", "hello\n")


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console(quiet=True)
    console.say("hello")
    with console.progress("fetching", 10) as update:
        update(5)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.0406, "41 ms"),
        (0.9996, "1.0 s"),
        (9.94, "9.9 s"),
        (9.95, "10 s"),
        (59.5, "1 min 0 s"),
        (125, "2 min 5 s"),
    ],
)
def test_durations_have_the_unit_that_people_use(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


def test_a_step_is_told_before_and_after(capsys: pytest.CaptureFixture[str]) -> None:
    with Console().step("compiling", "compiled"):
        assert capsys.readouterr().err == "compiling\n"
    assert capsys.readouterr().err.startswith("compiled in ")
    with pytest.raises(ZeroDivisionError), Console().step("compiling", "compiled"):
        raise ZeroDivisionError
    assert capsys.readouterr().err == "compiling\n"


def test_details_are_for_those_who_ask(capsys: pytest.CaptureFixture[str]) -> None:
    for verbose, quiet in [(False, False), (False, True), (True, True), (True, False)]:
        Console(verbose=verbose, quiet=quiet).detail("detail")
        assert capsys.readouterr().err == ("detail\n" if verbose and not quiet else "")


@pytest.mark.parametrize(("total_bytes", "line"), [(17_834_288, "fetching (17.8 MB)\n"), (None, "fetching\n"), (0, "")])
def test_progress_is_one_line_without_a_terminal(
    total_bytes: int | None, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with Console().progress("fetching", total_bytes) as update:
        update(5)
    assert capsys.readouterr().err == line


@pytest.mark.parametrize(("total_bytes", "shown"), [(10, "10/10 bytes"), (None, "10/? bytes")])
def test_progress_is_a_bar_on_a_terminal(total_bytes: int | None, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = FakeTerminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with Console().progress("fetching", total_bytes) as update:
        update(10)
    assert "fetching" in terminal.getvalue()
    assert shown in terminal.getvalue()


def test_json_is_one_sorted_document(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"b": "é", "a": 1})
    out = capsys.readouterr().out
    assert json.loads(out) == {"a": 1, "b": "é"}
    assert out.index('"a"') < out.index('"b"')
    assert "é" in out
