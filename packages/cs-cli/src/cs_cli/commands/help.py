"""``cs help``: what ``cs`` can do, and how."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from ..commandline.flags import COMMON
from ..commandline.slips import unknown_command
from ..commandline.table import SUMMARIES, list_groups
from ..commandline.values import Command, Example, Group, Positional
from ..errors import EXIT_USAGE
from ..options import HelpOptions


def run_help(options: HelpOptions) -> int:
    """Print help: on stderr if nobody asked for it."""
    from ..commandline.help import measure_width, render_help
    from ..terminal.console import print_lines

    stream = sys.stderr if options.is_lost else sys.stdout
    print_lines(render_help(options.topic, is_long=options.is_long, width=measure_width(stream)), stream)
    return EXIT_USAGE if options.is_lost else 0


def _check(values: Mapping[str, Any]) -> None:
    """Refuse a topic that there is no help about."""
    topic = " ".join(values["words"])
    if topic not in ("", *SUMMARIES, *list_groups()):
        raise unknown_command(topic)


COMMAND = Command(
    name="help",
    description="Show what `cs` can do, or what a command does.",
    options=HelpOptions,
    groups=(Group(title="Output", flags=COMMON),),
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
    fixed={"is_long": True, "man": False, "is_lost": False},
    check=_check,
    run=run_help,
)
