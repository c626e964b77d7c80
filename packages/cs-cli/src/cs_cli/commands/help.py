"""``cs help``: what ``cs`` can do, and how."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from ..commandline.flags import COMMON
from ..commandline.slips import unknown_command
from ..commandline.table import SUMMARIES, list_groups
from ..commandline.values import Command, Example, Flag, Group, Positional
from ..errors import EXIT_USAGE, CliError
from ..options import HelpOptions


def run_help(options: HelpOptions) -> int:
    """Print help, or the man page: on stderr if nobody asked for it."""
    if options.man:
        return _print_manual()
    from ..commandline.help import measure_width, render_help
    from ..terminal.console import print_lines

    stream = sys.stderr if options.is_lost else sys.stdout
    print_lines(render_help(options.topic, is_long=options.is_long, width=measure_width(stream)), stream)
    return EXIT_USAGE if options.is_lost else 0


def _print_manual() -> int:
    from ..commandline.manual import render_manual
    from ..commandline.table import load_commands
    from ..terminal.console import print_lines
    from ..terminal.lines import whole

    print_lines([(whole(line),) for line in render_manual(load_commands()).splitlines()])
    return 0


_MAN = Flag(name="--man", initial=False, help="print a man page about all commands, for `man -l -`")


def _check(values: Mapping[str, Any]) -> None:
    """Refuse a topic that there is no help about."""
    words = values["words"]
    topic = " ".join(words)
    if topic in ("", *SUMMARIES, *list_groups()):
        return
    known = next((name for name in SUMMARIES if topic.startswith(f"{name} ")), None)
    if known is None:
        raise unknown_command(topic)
    raise CliError(f"unexpected argument {words[len(known.split())]!r}", kind="usage", hint=f"see cs help {known}")


COMMAND = Command(
    name="help",
    description="Show what `cs` can do, or what a command does.",
    options=HelpOptions,
    groups=(Group(title="Output", flags=(_MAN, *COMMON)),),
    positional=Positional(
        attribute="words",
        metavar="COMMAND",
        many=True,
        completion="command",
        help="a command; without one, all of them are listed",
    ),
    examples=(
        Example(line="cs help build", text="everything about a command"),
        Example(line="cs build -h", text="the same, shorter"),
    ),
    fixed={"is_long": True, "is_lost": False},
    check=_check,
    run=run_help,
)
