"""Recordings of a terminal: commands that really run, and their screen as a picture of the documentation."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pictures.drawing import Picture

from .stage import Stage
from .terminal import Dialogue

if TYPE_CHECKING:
    from pyte.screens import Char

COLUMNS = 58
"""As wide as fits a phone with letters that can be read."""

_ADVANCE, _LINE, _MARGIN = 8.4, 19, 6
_KINDS = {"red": "red", "green": "green", "brown": "yellow", "cyan": "cyan", "brightblack": "quiet"}
_MEASURED = re.compile(r"[0-9][0-9,.]*(?:\s*(?:bytes|[kMG]?B|m?s)\b)?")


@dataclass(frozen=True, slots=True)
class Run:
    """Cells of a line that look the same."""

    column: int
    text: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What is recorded.

    :ivar name: of its picture.
    :ivar commands: lines of shell, one after the other.
    """

    name: str
    title: str
    commands: Sequence[str]


def record(stage: Stage, commands: Sequence[str], shown: Mapping[str, str]) -> list[list[Run]]:
    """Run commands at a terminal, and return the lines of its screen at the end.

    :param shown: what readers see instead of names of this machine.
    """
    import pyte  # only Linux has it: see requirements/integration.in

    screen = pyte.Screen(COLUMNS, 200)
    screen.set_mode(pyte.modes.LNM)  # the terminals of tests leave the ends of lines as they are
    stream = pyte.Stream(screen)
    for number, command in enumerate(commands):
        stream.feed("\n" if number else "")
        stream.feed(f"\x1b[90m$ \x1b[0;1m{command}\x1b[0m\n{_type(stage, command, shown)}")
    return [list(_join(screen.buffer[number])) for number in range(screen.cursor.y)]


def _type(stage: Stage, command: str, shown: Mapping[str, str]) -> str:
    """Run one command, and return what it writes."""
    environment = {**stage.environment, "TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
    words = ["bash", "-c", command]
    with Dialogue(words, columns=COLUMNS, cwd=stage.directory, env=environment) as dialogue:
        dialogue.read()
    written = dialogue.raw.decode()
    for here, there in shown.items():
        written = written.replace(here, there)
    # pyte does not know faint letters: they are grey.
    return re.sub(r"\x1b\[(0;)?2m", "\x1b[\\g<1>90m", written)


def _join(line: Mapping[int, Char]) -> Iterator[Run]:
    """Join the cells of a line that look the same; spaces at the end are left out."""
    cells = [line[column] for column in range(COLUMNS)]
    column = 0
    for kind, group in itertools.groupby(cells, _find_kind):
        text = "".join(cell.data for cell in group)
        if text.strip():
            yield Run(column + len(text) - len(text.lstrip()), text.strip(), kind)
        column += len(text)


def _find_kind(cell: Char) -> str:
    kind = _KINDS.get(cell.fg, "text")
    return f"{kind} bold" if cell.bold else kind


def to_text(lines: Sequence[Sequence[Run]]) -> str:
    """Return the screen as text."""
    rows = []
    for line in lines:
        row = ""
        for run in line:
            row = row.ljust(run.column) + run.text
        rows.append(row)
    return "\n".join(rows)


def draw(recording: Recording, lines: Sequence[Sequence[Run]]) -> Picture:
    """Draw a screen."""
    width, height = round(COLUMNS * _ADVANCE) + 2 * _MARGIN, len(lines) * _LINE + 2 * _MARGIN
    picture = Picture(title=recording.title, description=to_text(lines), width=width, height=height)
    picture.box((0, 0), (width, height), [])
    for number, line in enumerate(lines):
        for run in line:
            place = (_MARGIN + run.column * _ADVANCE, _MARGIN + number * _LINE + 14)
            picture.cells(place, run.text, kind=run.kind, advance=_ADVANCE)
    return picture


def list_words(text: str) -> list[str]:
    """Return the words of a screen, with sizes, times and other numbers alike, wherever the lines end."""
    return _MEASURED.sub("0", text).split()
