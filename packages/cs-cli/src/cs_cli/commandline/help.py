"""Help texts, as lines that fit a terminal of any width."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from textwrap import wrap
from typing import TextIO

from .. import DOCUMENTATION
from ..terminal.lines import Line, Piece, paint
from .flags import COMMON
from .table import SUMMARIES, list_commands_of, load_command
from .values import Command, Flag, Group, Positional
from .variables import EVERYWHERE, VARIABLES

_WIDEST = 100
"""Columns that a line takes at most: longer ones are hard to read."""

_NARROW = 70
"""Columns that a terminal needs for descriptions beside the flags."""

_LEFT = 24
"""Columns for flags."""

TAGLINE = "Turn one solved conda environment into one executable."
GROUPS = {"cache": "Look at the package cache, or clean it."}
HELP_TEXT = {"-h, --help": "show help: `-h` in short, `--help` everything"}
VERSION_TEXT = {"-V, --version": "show the version; with `-v`, of everything in use"}

_TITLE, _NAME = "bold green", "bold cyan"


def measure_width(stream: TextIO) -> int:
    """Return how many columns help can take: those of the terminal, of ``COLUMNS``, or 80."""
    fallback = (80, 24)
    size = shutil.get_terminal_size(fallback) if stream.isatty() or os.environ.get("COLUMNS") else fallback
    return min(size[0], _WIDEST)


def render_help(topic: str, *, is_long: bool, width: int) -> list[Line]:
    """Render the help of a command, of a group of commands, or of ``cs``.

    :param topic: name of a command or a group; empty for all commands.
    :param is_long: describe everything.
    :param width: columns of the terminal.
    """
    if topic in SUMMARIES:
        return list(_render_command(load_command(topic), is_long=is_long, width=width))
    return list(_render_overview(topic, is_long=is_long, width=width))


def describe(flag: Flag) -> str:
    """Return what a flag does, with its words and its default; names of code are in backticks."""
    text = flag.help
    words = [word for word in (*flag.choices, *flag.words) if f"`{word}`" not in text]
    if words and not flag.optional:
        text += f" [one of: {', '.join(f'`{word}`' for word in (*flag.choices, *flag.words))}]"
    return text if flag.default is None else f"{text} [default: {flag.default}]"


def spell(flag: Flag) -> str:
    """Return how a flag is typed, such as ``-q, --quiet`` or ``--out-dir DIR``."""
    name = f"{flag.short}, {flag.name}" if flag.short else flag.name
    if flag.metavar is None:
        return name
    return f"{name}[={flag.metavar}]" if flag.optional else f"{name} {flag.metavar}"


def spell_positional(positional: Positional) -> str:
    """Return how a positional is typed, such as ``PATH...``."""
    name = f"{positional.metavar}..." if positional.many else positional.metavar
    return name if positional.required else f"[{name}]"


def spell_usage(command: Command) -> str:
    """Return how a command is typed."""
    rest = "" if command.positional is None else f" {spell_positional(command.positional)}"
    return f"cs {command.name} [FLAGS]{' [--]' if command.takes_rest else ''}{rest}"


def _render_overview(group: str, *, is_long: bool, width: int) -> Iterator[Line]:
    words = f"cs {group}".rstrip()
    yield from _flow(GROUPS.get(group, TAGLINE), width)
    yield from ("", _title("Usage", f"{words} COMMAND [FLAGS]"), "", _title("Commands"))
    rows = [(name.removeprefix(f"{group} "), SUMMARIES[name]) for name in list_commands_of(group)]
    yield from _list_rows(rows, width, left=max(len(name) for name, _ in rows))
    yield from ("", _title("Flags"))
    flags = [*HELP_TEXT.items(), *VERSION_TEXT.items()]
    yield from _list_rows([*flags, *((spell(flag), describe(flag)) for flag in COMMON)], width)
    if is_long and not group:
        yield from ("", _title("Variables"))
        yield from _list_rows([(name, VARIABLES[name]) for name in EVERYWHERE], width)
    yield ""
    yield from _flow(f"`{' '.join(['cs help', *group.split(), 'COMMAND'])}` describes a command.", width)
    yield from _render_end(width)


def _render_command(command: Command, *, is_long: bool, width: int) -> Iterator[Line]:
    first, _, _ = command.description.partition(". ")
    yield from _flow(command.description if is_long else f"{first.rstrip('.')}.", width)
    yield from ("", _title("Usage", spell_usage(command)))
    if command.positional is not None:
        yield ""
        yield from _list_rows([(command.positional.metavar, command.positional.help)], width)
    for group in command.groups:
        yield from ("", _title(group.title))
        yield from _render_group(group, command, is_long=is_long, width=width)
    if command.variables and is_long:
        yield from ("", _title("Variables"))
        yield from _list_rows([(name, VARIABLES[name]) for name in command.variables], width)
    if command.examples:
        yield from ("", _title("Examples"))
        yield from _list_rows([(one.line, one.text) for one in command.examples], width, left=34)
    yield ""
    yield from _render_end(width)


def _render_group(group: Group, command: Command, *, is_long: bool, width: int) -> Iterator[Line]:
    if group.folded and not is_long:
        names = ", ".join(flag.name for flag in group.flags)
        yield from _flow(f"{names}: `cs {command.name} --help` describes them.", width, indent=2)
        return
    if group.note is not None:
        yield from _flow(group.note, width, indent=2)
    yield from _list_rows([(spell(flag), describe(flag)) for flag in group.flags], width)


def _render_end(width: int) -> Iterator[Line]:
    yield from _flow("Exit status: 0 done, 1 failed, 2 wrong usage.", width)
    yield from _flow(f"Documentation: {DOCUMENTATION}", width)


def _title(title: str, rest: str = "") -> Line:
    return (paint(f"{title}:", _TITLE), f" {rest}") if rest else (paint(f"{title}:", _TITLE),)


def _list_rows(rows: Iterable[tuple[str, str]], width: int, *, left: int = _LEFT) -> Iterator[Line]:
    """Put descriptions beside names, or under them where there is no room."""
    is_narrow = width < _NARROW
    indent = 6 if is_narrow else left + 4
    for name, text in rows:
        lines = _wrap(text, width - indent)
        if is_narrow or len(name) > left:
            yield "  ", paint(name, _NAME)
        else:
            yield "  ", paint(name.ljust(left), _NAME), "  ", lines.pop(0)
        yield from (f"{' ' * indent}{line}" for line in lines)


def _flow(text: str, width: int, *, indent: int = 0) -> Iterator[Line]:
    yield from ((Piece(f"{' ' * indent}{line}"),) for line in _wrap(text, width - indent))


def _wrap(text: str, width: int) -> list[str]:
    return wrap(text.replace("`", ""), width, break_long_words=False, break_on_hyphens=False)
