"""Lines as plain text: for pipes and files, where no line breaks and nothing is coloured."""

from __future__ import annotations

from collections.abc import Iterator

from .lines import Block, Excerpt, Hanging, Line, Table, escape_pieces


def render_plain(block: Block, *, unicode: bool = True) -> Iterator[str]:
    """Render lines of text, without their ends.

    :param unicode: whether more than ASCII may be added to them.
    """
    if isinstance(block, Table):
        yield from _render_table(block)
    elif isinstance(block, Excerpt):
        from .excerpts import EXCERPT_WIDTH, arrange_excerpt

        yield from map(_render_line, arrange_excerpt(block, width=EXCERPT_WIDTH, unicode=unicode))
    else:
        yield _render_line(block.line if isinstance(block, Hanging) else block)


def _render_line(line: Line) -> str:
    return "".join(piece.text for piece in escape_pieces(line))


def _render_table(table: Table) -> Iterator[str]:
    heads = [column.head for column in table.columns]
    rows = [heads, *([_render_line(cell) for cell in row] for row in table.rows)]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    for row in rows:
        cells = zip(row, widths, table.columns, strict=True)
        yield "  ".join(
            cell.rjust(width) if column.right else cell.ljust(width) for cell, width, column in cells
        ).rstrip()
