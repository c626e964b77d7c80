"""What a stream can show."""

from __future__ import annotations

import io
import os

import pytest

from cs_cli.terminal.streams import choose_colors, is_formatted, takes_unicode
from terminals import FakeTerminal


def test_a_terminal_gets_more_than_plain_text() -> None:
    assert is_formatted(FakeTerminal())
    assert not is_formatted(io.StringIO())


def test_colours_can_be_forced_into_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert is_formatted(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not is_formatted(io.StringIO())


@pytest.mark.parametrize(("value", "is_forced"), [("1", True), ("yes", True), ("0", False), ("", False)])
def test_the_older_variable_forces_colours_too(value: str, is_forced: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLICOLOR_FORCE", value)
    assert is_formatted(io.StringIO()) == is_forced
    monkeypatch.setenv("NO_COLOR", "1")
    assert not is_formatted(io.StringIO())


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "NO_COLOR", "CLICOLOR_FORCE"])
def test_an_empty_variable_means_nothing(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "")
    assert is_formatted(FakeTerminal())
    assert not is_formatted(io.StringIO())


@pytest.mark.parametrize(
    ("choice", "left"),
    [
        ("always", {"FORCE_COLOR": "1"}),
        ("never", {"NO_COLOR": "1"}),
        ("auto", {"FORCE_COLOR": "2", "NO_COLOR": "2"}),
        (None, {"FORCE_COLOR": "2", "NO_COLOR": "2"}),
        ("pink", {"FORCE_COLOR": "2", "NO_COLOR": "2"}),
    ],
)
def test_a_choice_of_colours_wins_over_the_variables(
    choice: str | None, left: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "2")
    monkeypatch.setenv("NO_COLOR", "2")
    choose_colors(choice)
    assert {name: os.environ[name] for name in ("FORCE_COLOR", "NO_COLOR") if name in os.environ} == left


def test_letters_are_those_of_the_encoding() -> None:
    assert takes_unicode(io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
    assert not takes_unicode(io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
