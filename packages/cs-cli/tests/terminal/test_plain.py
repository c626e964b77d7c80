"""Lines for pipes and files."""

from __future__ import annotations

from cs_cli.terminal.lines import Column, Table, paint, whole
from cs_cli.terminal.plain import render_plain


def test_a_pipe_gets_the_letters_alone() -> None:
    assert list(render_plain((paint("a", "bold red"), " ", whole("b c")))) == ["a b c"]


def test_a_table_is_aligned_and_one_line_a_row() -> None:
    table = Table(
        (Column("Name"), Column("Size", right=True), Column("Rest")), (("a", "1", ""), ("bcdefg", "10", "x y"))
    )
    assert list(render_plain(table)) == ["Name    Size  Rest", "a          1", "bcdefg    10  x y"]


def test_a_cell_is_measured_as_it_is_shown() -> None:
    table = Table((Column("A"), Column("B")), (("\n", "1"), ("ab", "2")))
    assert list(render_plain(table)) == ["A   B", "\\n  1", "ab  2"]
