"""Lines as rich lays them out at a terminal: in colours, and as wide as it is.

Importing rich takes longer than most of what ``cs`` does: only ``console.py`` imports this module, when there is a
terminal. Texts reach rich as :class:`rich.text.Text`, which knows no markup, links, emoji codes or highlighting.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.measure import Measurement
from rich.text import Text

from .escaping import escape_line
from .excerpts import arrange_excerpt
from .lines import Block, Excerpt, Hanging, Line, Piece, Table, escape_pieces, paint
from .streams import forces_colors, has_colors_off, is_dumb, takes_unicode

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import ConsoleOptions, RenderableType, RenderResult

_GAP = 2
"""Columns of a terminal between those of a table."""

_ROOMY = 80
"""Width of a terminal that has room for all text next to a bar."""

_ENDLESS = 1_000_000
"""Width of a stream that is not a terminal but gets colours."""


_BEFORE_UNIT = re.compile(r"(?<=\d) (?=(?:[kMGT]?B|bytes|ms|s|min|h)\b)")
"""A space at which no line breaks: that between a number and its unit."""


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Leave it to ``main``, where rich would end the process."""
        raise BrokenPipeError


@lru_cache(maxsize=2)
def open_console(stream: TextIO) -> Console:
    """Return rich's console of a stream: always the same, so that what is printed goes above a bar.

    rich finds out the width (``COLUMNS``, else the terminal's, else 80), how many colours there are (``TERM``,
    ``COLORTERM``; none for ``dumb``, unless they are forced), and how a Windows console is driven.
    """
    colors: Literal["standard", "auto"] = "standard" if forces_colors() and is_dumb() else "auto"
    return _Console(
        file=stream,
        force_terminal=True,
        color_system=None if has_colors_off() else colors,
        width=None if stream.isatty() else _ENDLESS,
        height=None if stream.isatty() else 1,
        markup=False,
        highlight=False,
        emoji=False,
    )


def print_formatted(blocks: Iterable[Block], stream: TextIO) -> None:
    """Print lines and tables."""
    console = open_console(stream)
    with console:
        for block in blocks:
            for part in _arrange(block, console.width, stream):
                console.print(part, soft_wrap=True)


def _arrange(block: Block, width: int, stream: TextIO) -> Iterable[RenderableType]:
    if isinstance(block, Table):
        return _arrange_table(block, width)
    if isinstance(block, Excerpt):
        return map(_Flow, arrange_excerpt(block, width=width, unicode=takes_unicode(stream)))
    if isinstance(block, Hanging):
        return [_Flow(block.line, hanging=min(block.indent, width // 3))]
    return [_Flow(block)]


class _Flow:
    """A line that breaks between words only.

    A word or a whole piece that is wider than the terminal is left to the terminal, which breaks it without putting
    a line end into what is copied.

    :ivar least: width of its longest part, in cells of a terminal.
    :ivar most: width of all on one line.
    """

    def __init__(self, line: Line, *, hanging: int = 2) -> None:
        """Compose the line.

        :param hanging: by how much the lines after the first one are indented further.
        """
        self._text = Text()
        self._outline = ""  # the same width; spaces are where it may break
        for piece in escape_pieces(line):
            self._text.append(piece.text, piece.style)
            self._outline += piece.text.replace(" ", "_") if piece.whole else piece.text
        self._outline = _BEFORE_UNIT.sub("_", self._outline)
        self._indent = len(self._outline) - len(self._outline.lstrip(" ")) + hanging
        self.least = max(map(cell_len, self._outline.split(" ")))
        self.most = cell_len(self._outline)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = self._text.divide(list(self._find_breaks(options.max_width)))
        for line in lines[:-1]:
            line.rstrip()
        yield Text(f"\n{' ' * self._indent}").join(lines)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(self.least, self.most)

    def _find_breaks(self, width: int) -> Iterator[int]:
        start = 0
        for word in list(re.finditer("[^ ]+", self._outline))[1:]:
            if cell_len(self._outline[start : word.end()]) > width - (self._indent if start else 0):
                start = word.start()
                yield start


def _arrange_table(table: Table, width: int) -> Iterable[RenderableType]:
    """Arrange a table in columns, or, where those would be too narrow for a word, each cell on lines of its own."""
    table = _leave_out_columns(table, width)
    heads = [_Flow((Piece(column.head, "bold", whole=True),), hanging=0) for column in table.columns]
    rows = [heads, *([_Flow(cell, hanging=0) for cell in row] for row in table.rows)]
    least = [max(cell.least for cell in cells) for cells in zip(*rows, strict=True)]
    most = [max(cell.most for cell in cells) for cells in zip(*rows, strict=True)]
    gaps = [*[_GAP] * (len(heads) - 1), 0]
    if sum(least) + sum(gaps) > width:
        return map(_Flow, _list_cells(table))

    from rich.table import Table as Grid

    crowded = sum(most) + sum(gaps) > width
    grid = Grid(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, show_header=False, expand=crowded)
    for column, one_least, one_most, gap in zip(table.columns, least, most, gaps, strict=True):
        # Columns that can break share the room as their longest words need it.
        ratio = None if one_least == one_most else one_least + gap
        grid.add_column(justify="right" if column.right else "left", ratio=ratio, overflow="fold")
    for row in rows:
        grid.add_row(*row)
    return [grid]


def _leave_out_columns(table: Table, width: int) -> Table:
    """Leave out optional columns, the last one first, until no line has to break."""
    columns, rows = list(table.columns), [list(row) for row in table.rows]
    most = [max(map(_measure, (column.head, *cells))) for column, *cells in zip(columns, *rows, strict=True)]
    while sum(most) + _GAP * (len(most) - 1) > width:
        at = next((at for at in reversed(range(len(columns))) if columns[at].optional), None)
        if at is None:
            break
        del columns[at], most[at]
        for row in rows:
            del row[at]
    return Table(tuple(columns), tuple(map(tuple, rows)))


def _measure(line: Line) -> int:
    return sum(cell_len(piece.text) for piece in escape_pieces(line))


def _list_cells(table: Table) -> Iterator[Line]:
    for number, row in enumerate(table.rows):
        if number:
            yield ""
        for column, cell in zip(table.columns, row, strict=True):
            yield paint(f"{column.head}:", "bold"), " ", *((cell,) if isinstance(cell, str) else cell)


@contextlib.contextmanager
def show_spinner(title: str, stream: TextIO) -> Iterator[None]:
    """Show that something happens, and for how long, while a block runs; then nothing of it is left."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = open_console(stream)
    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    spinner = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
    try:
        with spinner as progress:
            progress.add_task(escape_line(title), total=None)
            yield
    finally:
        console.show_cursor()


@contextlib.contextmanager
def show_bar(title: str, total_bytes: int | None, stream: TextIO) -> Iterator[Callable[[int], None]]:
    """Show a bar while a block runs; however that ends, the bar is gone and the cursor is back.

    :param total_bytes: ``None`` if it is unknown: then the bar only shows that something happens, and how much.
    :returns: takes how many bytes are done, from any thread.
    """
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.table import Column

    console = open_console(stream)
    title_column = Column(no_wrap=True, overflow="ellipsis", max_width=console.width * 2 // 5)
    columns = [TextColumn("{task.description}", markup=False, table_column=title_column), BarColumn(), DownloadColumn()]
    if console.width >= _ROOMY:
        columns += [TransferSpeedColumn(), TimeRemainingColumn()]
    # Redirecting is not needed: only this package prints.
    bar = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
    try:
        with bar as progress:
            task = progress.add_task(escape_line(title), total=total_bytes)
            yield lambda done_bytes: progress.update(task, completed=done_bytes)
    finally:
        console.show_cursor()  # a signal may come after rich has hidden it, and before the block begins
