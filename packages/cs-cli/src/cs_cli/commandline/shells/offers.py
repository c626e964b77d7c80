"""What a shell offers, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..table import SUMMARIES, list_groups
from ..values import Command, Flag, Positional

ASK = "cs completions --values"
"""The command that lists names of the workspace."""

HELP = Flag(name="--help", short="-h", help="show help")
VERSION = Flag(name="--version", short="-V", help="show the version")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word that can be typed next, with what it means."""

    text: str
    help: str


def list_first_words() -> tuple[Word, ...]:
    """List the words that a command starts with."""
    words = dict.fromkeys(name.partition(" ")[0] for name in SUMMARIES)
    return tuple(Word(text=word, help=_summarize(word)) for word in words)


def list_second_words(group: str) -> tuple[Word, ...]:
    """List the words that follow the first one of a group of commands."""
    names = [name for name in SUMMARIES if name.startswith(f"{group} ")]
    return tuple(Word(text=name.partition(" ")[2], help=plain(SUMMARIES[name])) for name in names)


def list_flags(command: Command) -> tuple[Flag, ...]:
    """List the flags of a command, and the one for help."""
    return (*command.flags, HELP)


def list_words(taker: Flag | Positional) -> tuple[str, ...]:
    """List the words that a value can be; empty if it can be anything."""
    if isinstance(taker, Positional):
        return taker.choices
    return taker.choices or taker.words


def plain(text: str) -> str:
    """Take the backticks out of a text."""
    return text.replace("`", "")


def name_function(command: str) -> str:
    """Name the function of a command in a script."""
    return f"_cs_{command.replace(' ', '_').replace('-', '_')}"


def iterate_names(command: Command) -> Iterator[str]:
    """Iterate over everything that can be typed for the flags of a command; no alias is offered."""
    for flag in list_flags(command):
        yield from filter(None, (flag.short, flag.name))


def _summarize(word: str) -> str:
    if word not in list_groups():
        return plain(SUMMARIES[word])
    return f"{', '.join(one.text for one in list_second_words(word))}: commands for the {word}"
