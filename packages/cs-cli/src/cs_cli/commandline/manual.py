"""The man page, in the language of ``man`` (``man 7 man``)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .. import DOCUMENTATION, __version__
from .flags import COMMON
from .help import HELP_TEXT, TAGLINE, VERSION_TEXT, describe, spell, spell_usage
from .table import SUMMARIES
from .values import Command, Group
from .variables import VARIABLES

STATUSES = {"0": "done", "1": "failed", "2": "wrong usage", "128+N": "stopped by signal N"}


def render_manual(commands: Iterable[Command]) -> str:
    """Render the page about all commands."""
    lines = [
        f'.TH CS 1 "" "cs {__version__}" "conda\\-ship"',
        ".SH NAME",
        f"cs \\- {_lower(TAGLINE)}",
        ".SH SYNOPSIS",
        ".B cs",
        ".I COMMAND",
        "[FLAGS]",
        ".SH COMMANDS",
        *_list_terms(SUMMARIES.items()),
        ".SH COMMON FLAGS",
        *_list_terms([*HELP_TEXT.items(), *VERSION_TEXT.items(), *((spell(one), describe(one)) for one in COMMON)]),
        *(line for command in commands for line in _render_command(command)),
        ".SH ENVIRONMENT",
        *_list_terms(VARIABLES.items()),
        ".SH EXIT STATUS",
        *_list_terms(STATUSES.items()),
        _escape("`cs run` ends with the status of the runtime."),
        ".SH SEE ALSO",
        ".UR " + DOCUMENTATION.replace("-", "\\-"),
        ".UE",
    ]
    return "".join(f"{line}\n" for line in lines)


def _render_command(command: Command) -> Iterator[str]:
    yield f".SH {_escape(f'CS {command.name}').upper()}"
    yield f".B {_escape(f'cs {command.name}')}"
    yield _escape(spell_usage(command).removeprefix(f"cs {command.name} "))
    yield ".PP"
    yield from _flow(command.description)
    if command.positional is not None:
        yield from _list_terms([(command.positional.metavar, command.positional.help)])
    for group in command.groups:
        yield from _render_group(group)
    if command.variables:
        yield ".SS Variables"
        yield from _flow(f"See ENVIRONMENT: {', '.join(f'`{name}`' for name in command.variables)}.")
    yield ".SS Examples"
    yield from _list_terms((one.line, one.text) for one in command.examples)


def _render_group(group: Group) -> Iterator[str]:
    flags = [flag for flag in group.flags if flag not in COMMON]
    if not flags:
        return
    yield f".SS {_escape(group.title)}"
    if group.note is not None:
        yield from _flow(group.note)
    yield from _list_terms((spell(flag), describe(flag)) for flag in flags)


def _list_terms(terms: Iterable[tuple[str, str]]) -> Iterator[str]:
    for name, text in terms:
        yield ".TP"
        yield f".B {_escape(name)}"
        yield from _flow(text)


def _flow(text: str) -> Iterator[str]:
    """Put each sentence on a line of its own, as writers of man pages do."""
    for sentence in re.split(r"(?<=\.) (?=[A-Z])", text):
        yield _escape(sentence)


def _escape(text: str) -> str:
    """Escape a text; what is between backticks becomes bold."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    escaped = re.sub(r"`([^`]*)`", r"\\fB\1\\fR", escaped)
    return re.sub(r"^\.", r"\\&.", escaped)


def _lower(text: str) -> str:
    return text[0].lower() + text[1:].rstrip(".")
