"""Lines at a terminal."""

from __future__ import annotations

import io
import re
import sys

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from cs_cli.terminal.escaping import escape_line
from cs_cli.terminal.formatted import show_bar
from cs_cli.terminal.lines import Column, Line, Piece, Table, paint, whole
from terminals import COLORS, FakeTerminal, run_at_terminal, show, to_plain

pytestmark = pytest.mark.usefixtures("xterm")

WIDTHS = [1, 20, 50, 80, 140]
PATH = "/a folder of someone/with a long name/" + "x" * 60
RICH_WORDS = "[bold red]x[/] [link=https://e.example]y[/link] :smile: 192.168.0.1 'text' True https://e.example/x"


def test_styles_are_shown() -> None:
    assert show((paint("x", "bold red"), "y")) == "\x1b[1;31mx\x1b[0my\n"
    assert show((paint("", "red"),)) == "\n"


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colours_can_be_unwanted(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    assert show((paint("x", "bold red"), "y")) == "xy\n"


@pytest.mark.parametrize("terminal", ["dumb", "unknown", "", "xterm"])
def test_colours_can_be_forced_whatever_the_terminal(terminal: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", terminal)
    monkeypatch.setenv("FORCE_COLOR", "1")
    for stream in (None, io.StringIO()):
        assert show((paint("x", "bold red"), "y"), stream=stream) == "\x1b[1;31mx\x1b[0my\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert show((paint("x", "bold red"), "y")) == "xy\n"


def test_a_pipe_with_colours_has_no_width() -> None:
    line = (paint("x", "red"), " word" * 100)
    assert COLORS.sub("", show(line, stream=io.StringIO())).splitlines() == to_plain([line])


@example(RICH_WORDS)
@given(st.text(min_size=1))
def test_no_text_is_markup(text: str) -> None:
    line = (text, paint(text, "red"))
    stream = io.StringIO()  # without a width
    assert COLORS.sub("", show(line, stream=stream)) == f"{to_plain([line])[0]}\n"
    assert len(COLORS.findall(stream.getvalue())) == 2


@given(st.integers(0, 999), st.sampled_from(["B", "kB", "MB", "GB", "bytes", "ms", "s"]), st.integers(20, 60))
@settings(suppress_health_check=list(HealthCheck))
def test_no_line_ends_between_a_number_and_its_unit(number: int, unit: str, columns: int) -> None:
    with pytest.MonkeyPatch.context() as context:
        context.setenv("COLUMNS", str(columns))
        shown = show(
            (
                "word " * 5,
                f"{number}.5 {unit}, and more words after that",
            )
        )
    assert f"{number}.5 {unit}" in shown


TEXT = st.lists(st.sampled_from(["a", "b", " ", "a\u00a0b", "日", "👩", "é"]), min_size=1).map("".join)


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_line_breaks_between_words_only(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    @settings(deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(TEXT.map(Piece) | st.just(whole(PATH)), min_size=1))
    def check(pieces: list[Piece]) -> None:
        shown = show(tuple(pieces))
        for part in shown.split("\n"):
            alone = " " not in part.replace(PATH, "_").strip(" ")
            assert alone or cell_len(part.rstrip(" ")) <= columns
        text = "".join(piece.text.replace(" ", "_") if piece.whole else piece.text for piece in pieces)
        for word in filter(None, text.split(" ")):  # each is there, in this order, unbroken
            word = word.replace("_", " ")
            before, found, shown = shown.partition(word)
            assert found
            assert not before.strip(" \n")
        assert not shown.strip(" \n")

    check()


def test_what_follows_is_indented() -> None:
    lines = show("  - " + "word " * 30).splitlines()
    assert lines[0].startswith("  - word")
    assert all(line.startswith("    word") for line in lines[1:])


HOSTILE_TABLE = Table(
    (Column("Name"), Column("Size", right=True), Column("Rest")),
    (("[red]a[/]", "1", (whole("b c,"), " ", whole("d e"))), ("\x1b[31m\n日本", "10", ("word " * 30).strip())),
)


@pytest.mark.parametrize("columns", [10, 30, 50, 80, 140, 400])
def test_a_table_keeps_to_the_width_and_breaks_no_word(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = COLORS.sub("", show(HOSTILE_TABLE))
    if columns >= 30:
        assert max(map(cell_len, shown.splitlines())) <= columns
    for text in ("[red]a[/]", "b c,", "d e", escape_line("\x1b[31m\n日本")):
        assert text in shown
    assert shown.count("word") == 30
    assert shown.split("word")[0].count("\n") <= 12


CELLS = st.tuples(*[st.lists(st.text("ab[]", min_size=1, max_size=12), max_size=6).map(" ".join)] * 3)


@pytest.mark.parametrize("columns", [24, 50, 80])
def test_no_table_breaks_a_word(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))

    @settings(deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(CELLS, min_size=1, max_size=3).map(tuple))
    def check(rows: tuple[tuple[Line, ...], ...]) -> None:
        shown = COLORS.sub("", show(Table(HOSTILE_TABLE.columns, rows)))
        assert max(map(len, shown.splitlines())) <= columns
        heads = {"Name", "Size", "Rest", "Name:", "Size:", "Rest:"}
        words = [word for row in rows for cell in row for word in str(cell).split()]
        assert sorted(word for word in shown.split() if word not in heads) == sorted(words)

    check()


def test_a_table_that_fits_reads_as_in_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    table = Table(HOSTILE_TABLE.columns, HOSTILE_TABLE.rows[:1])
    assert [line.rstrip() for line in COLORS.sub("", show(table)).splitlines()] == to_plain([table])


def test_a_table_without_rows_is_its_head() -> None:
    assert COLORS.sub("", show(Table(HOSTILE_TABLE.columns, ()))).split() == ["Name", "Size", "Rest"]


def test_a_narrow_table_is_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "12")
    rows: tuple[tuple[Line, ...], ...] = (("alpha-beta-gamma", "1", "x"), ("b", "2", "y"))
    shown = COLORS.sub("", show(Table(HOSTILE_TABLE.columns, rows)))
    assert shown == "Name:\n  alpha-beta-gamma\nSize: 1\nRest: x\n\nName: b\nSize: 2\nRest: y\n"


def test_a_closed_pipe_is_left_to_the_caller() -> None:
    class Closed(FakeTerminal):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        show("x", stream=Closed())


BAR = """
import os, signal, sys
from cs_cli.main import interrupt_on_signals
from cs_cli.terminal.console import Console
interrupt_on_signals()
console = Console()
with console.progress("fetching \\x1b[31m[red]things[/] into a-directory-of-a-rather-long-name", 200_000_000) as update:
    update(150_000_000)
    console.say("a line of the meantime " * 5)
    if sys.argv[1:]:
        os.kill(os.getpid(), signal.SIGINT)
console.say("done")
"""
CURSOR = re.compile(r"\x1b\[\?25[hl]")


@pytest.mark.parametrize("columns", [30, 50, 80, 140])
def test_a_bar_keeps_to_its_line(columns: int) -> None:
    written = run_at_terminal([sys.executable, "-c", BAR], columns, {"TERM": "xterm"})
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written))
    assert max(map(cell_len, lines)) <= columns
    assert [line for line in lines if "150.0" in line]
    assert "\x1b[31m[red]" not in written
    assert "a line of the meantime" in written


@pytest.mark.parametrize("words", [[], ["interrupt"]])
def test_a_bar_brings_the_cursor_back(words: list[str]) -> None:
    written = run_at_terminal([sys.executable, "-c", BAR, *words], 80, {"TERM": "xterm"})
    assert ("done" in written) == (not words)
    cursor = CURSOR.findall(written)
    assert "\x1b[?25l" in cursor
    assert cursor[-1] == "\x1b[?25h"


def test_a_signal_before_the_bar_is_drawn_brings_the_cursor_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rich.live.Live._enable_redirect_io", interrupt)
    terminal = FakeTerminal()
    with pytest.raises(KeyboardInterrupt), show_bar("fetching", 10, terminal):
        pass
    assert CURSOR.findall(terminal.getvalue()) == ["\x1b[?25l", "\x1b[?25h"]


def test_a_dumb_terminal_gets_a_line_for_a_bar() -> None:
    written = run_at_terminal([sys.executable, "-c", BAR], 200, {"TERM": "dumb"})
    assert "\x1b" not in written
    assert "a-rather-long-name (200.0 MB) a line of" in " ".join(written.split())
