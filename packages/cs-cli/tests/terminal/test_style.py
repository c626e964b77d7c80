"""Colours, width, letters."""

from __future__ import annotations

import io

import pytest

from cs_cli.terminal.style import TextStyle, paint, style_of


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_terminal_has_colours_and_a_width(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "93")
    assert style_of(Terminal(), {"TERM": "xterm"}) == TextStyle(colors=True, width=93, unicode=True)


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colours_can_be_unwanted(environ: dict[str, str]) -> None:
    assert not style_of(Terminal(), environ).colors


def test_an_empty_no_color_means_nothing() -> None:
    assert style_of(Terminal(), {"NO_COLOR": ""}).colors


def test_a_pipe_has_neither_colours_nor_width() -> None:
    assert style_of(io.TextIOWrapper(io.BytesIO(), encoding="ascii"), {}) == TextStyle(
        colors=False, width=None, unicode=False
    )


def test_paint_surrounds_text_on_a_terminal_only() -> None:
    assert TextStyle(colors=True).render((paint("x", "bold", "red"),)) == "\x1b[1;31mx\x1b[0m"
    assert TextStyle().render((paint("x", "red"),)) == "x"
    assert TextStyle(colors=True).render((paint("", "red"),)) == ""
