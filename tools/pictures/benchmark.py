"""The chart of the benchmark, drawn from the table of ``docs/explanation/performance.md``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .drawing import WIDTH, Picture

_ROW = re.compile(r"^(?P<what>.+?) +(?P<own>[0-9.]+) +(?P<other>[0-9.]+) +[0-9.]+ +\(", re.MULTILINE)
_HEAD = re.compile(r"^(?P<packages>[0-9]+ packages, [0-9.]+ MB).*compared with (?P<other>.+)$", re.MULTILINE)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}$", re.MULTILINE)

_FIRST_RUNS = {
    "first run, embedded, s, wall": "packages in the file",
    "first run, online, s, wall": "packages downloaded",
    "first run, bytecode shipped, s, wall": "in the file, with compiled modules",
}
_LATER = {"later run over the delegate alone, ms": "on top of the program itself"}
_BAR, _ROOM = 20, 80


@dataclass(frozen=True, slots=True)
class Row:
    """Two times that are compared.

    :ivar own: as the table has it, with its digits.
    """

    label: str
    own: str
    other: str


def read_rows(page: str, labels: dict[str, str]) -> list[Row]:
    """Read rows of the table, by what they measure."""
    found = {match["what"]: match for match in _ROW.finditer(page)}
    return [Row(label, found[what]["own"], found[what]["other"]) for what, label in labels.items()]


def draw_benchmark(page: str) -> Picture:
    """Draw the times of first and later runs, of both tools.

    :param page: the page with the table, as Markdown.
    """
    head = _HEAD.search(page)
    date = _DATE.search(page)
    assert head is not None, "the page has no table"
    assert date is not None, "the page has no date"
    first, later = read_rows(page, _FIRST_RUNS), read_rows(page, _LATER)
    times = "; ".join(f"{row.label}: {row.own} and {row.other} s" for row in first)
    picture = Picture(
        title="First and later runs, compared",
        description=(
            f"Median times of cs and {head['other']}, shorter is better. Seconds until the first run of a runtime "
            f"prints something: {times}. Milliseconds that a later run adds: {later[0].own} and {later[0].other}."
        ),
        height=490,
    )
    picture.text((0, 20), "First run", kind="strong", size=17)
    picture.text((0, 42), "seconds until the program prints something", kind="quiet")
    _draw_rows(picture, 62, first, [0, 5, 10, 15], "s")
    picture.text((0, 340), "Later runs", kind="strong", size=17)
    picture.text((0, 362), "milliseconds added by the runtime", kind="quiet")
    _draw_rows(picture, 376, later, [], "ms")
    for left, kind, name in ((0, "bar", "cs"), (60, "other", head["other"])):
        picture.bar((left, 444), (14, 14), kind=kind)
        picture.text((left + 20, 456), name)
    picture.text((WIDTH, 456), "shorter is better", kind="own", anchor="end")
    picture.text((0, 484), f"{head['packages']}; {date[0]}", kind="quiet", size=14)
    return picture


def _draw_rows(picture: Picture, top: int, rows: Sequence[Row], ticks: Sequence[int], unit: str) -> None:
    """Draw two bars a row, over an axis with ticks."""
    longest = max(float(text) for row in rows for text in (row.own, row.other))
    scale = (WIDTH - _ROOM) / longest
    bottom = top + len(rows) * 74
    for tick in ticks:
        picture.line((tick * scale, top), (tick * scale, bottom))
        anchor = "middle" if tick else "start"
        picture.text((tick * scale, bottom + 16), f"{tick} {unit}", kind="quiet", anchor=anchor, size=14)
    for number, row in enumerate(rows):
        at = top + number * 74
        if len(rows) > 1:
            picture.text((6, at + 14), row.label)
            at += 20
        for line, (text, kind) in enumerate(((row.own, "bar"), (row.other, "other"))):
            width = max(float(text) * scale, 1)
            picture.bar((0, at + line * (_BAR + 2)), (width, _BAR), kind=kind)
            style = "quiet" if line else "strong"
            picture.text((width + 6, at + line * (_BAR + 2) + 15), f"{text} {unit}", kind=style)
