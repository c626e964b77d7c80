"""A line of a file with a mark under a part of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cs_cli.terminal.excerpts import arrange_excerpt
from cs_cli.terminal.lines import Excerpt
from terminals import show, to_plain


def arrange(text: str, start: int, end: int, *, width: int = 80, unicode: bool = True) -> list[str]:
    excerpt = Excerpt(number=7, text=text, start=start, end=end)
    lines = arrange_excerpt(excerpt, width=width, unicode=unicode)
    return ["".join(piece if isinstance(piece, str) else piece.text for piece in line) for line in lines]


@pytest.mark.parametrize(
    ("text", "start", "end", "lines"),
    [
        ("delagate = 1", 0, 8, ["   7 │ delagate = 1", "     │ ^^^^^^^^"]),
        ("a = b", 4, 5, ["   7 │ a = b", "     │     ^"]),
        ('a = "b', 6, 6, ['   7 │ a = "b', "     │       ^"]),
        ("\ta = 1", 1, 2, ["   7 │     a = 1", "     │     ^"]),
        ("é漢字 = 1", 6, 7, ["   7 │ é漢字 = 1", "     │         ^"]),
        ("漢字 = 1", 0, 2, ["   7 │ 漢字 = 1", "     │ ^^^^"]),
        ("\x1b[31m = 1", 8, 9, ["   7 │ \\x1b[31m = 1", "     │            ^"]),
        ("", 0, 0, ["   7 │ ", "     │ ^"]),
    ],
)
def test_the_mark_is_under_what_is_meant(text: str, start: int, end: int, lines: list[str]) -> None:
    assert arrange(text, start, end) == lines


def test_a_long_line_is_cut_around_the_mark() -> None:
    text = "x" * 100 + " = " + "y" * 100
    above, below = arrange(text, 103, 203, width=40)
    assert above == "   7 │ …xxxxxxxx = yyyyyyyyyyyyyyyyyyyy…"
    assert above.index("y") == below.index("^")
    assert arrange(text, 0, 100, width=40)[0].endswith("x…")


def test_ascii_is_enough() -> None:
    assert arrange("x" * 200, 100, 101, width=40, unicode=False)[0].isascii()


@given(st.text(max_size=200), st.integers(0, 220), st.integers(0, 60), st.integers(24, 200))
def test_no_line_is_wider_than_the_terminal_and_the_mark_is_always_seen(
    text: str, start: int, length: int, width: int
) -> None:
    above, below = arrange(text.replace("\n", ""), start, start + length, width=width)
    assert max(cell_len(above), cell_len(below)) <= max(width, 30) + 16  # an escaped character takes up to ten columns
    assert "^" in below
    assert "\n" not in above + below


@pytest.mark.usefixtures("xterm")
def test_a_terminal_shows_it_in_two_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    excerpt = Excerpt(number=1, text="a = " + "word " * 100, start=0, end=1)
    assert len(show(excerpt).splitlines()) == 2
    assert max(map(len, show(excerpt).splitlines())) <= 40
    assert to_plain([excerpt])[1] == "     │ ^"
