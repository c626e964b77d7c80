"""What ``cs init`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ..errors import advise
from ..inspection.summary import Inspection
from ..inspection.verdict import NextStep
from ..problem_warnings import warn_of_problems
from ..terminal.console import Console, format_count
from ..terminal.lines import Line, Piece, paint, whole
from .manifest_text import render_table

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def paint_difference(lines: list[str]) -> Iterator[Line]:
    """Colour the lines of a diff."""
    for line in lines:
        yield (paint(line, "bold" if line.startswith(("+++", "---")) else _STYLES.get(line[:1], "")),)


def render_added(manifest: str, values: Mapping[str, object]) -> Iterator[Line]:
    """Show what was added to a manifest.

    :param manifest: its name, as it is shown.
    """
    yield "Added to ", whole(manifest), ":"
    yield ""
    yield from (("    ", whole(line)) for line in render_table(values))
    yield ""


def warn_of_obstacles(inspection: Inspection, console: Console) -> None:
    """Say what would keep a build from succeeding."""
    errors = [problem for problem in inspection.problems if problem.severity == "error"]
    warn_of_problems([replace(problem, severity="warning") for problem in errors], inspection.derivation, console)


def render_verdict(inspection: Inspection, step: NextStep) -> Iterator[Line]:
    """Say what the table gives, and what to do next.

    :param step: what builds it.
    """
    counts = sorted({platform.package_count for platform in inspection.platforms})
    platforms = ", ".join(platform.name for platform in inspection.platforms)
    if not inspection.can_ship:
        yield "This cannot ship yet."
    else:
        several = f"{counts[0]} to {counts[-1]} packages"
        yield f"It ships {format_count(counts[0], 'package') if len(counts) == 1 else several} for {platforms}."
        if inspection.unchecked:
            delegate = inspection.derivation.config.delegate
            yield f"Whether a package has the program {delegate!r} is not known yet: {advise('unread-archives')}."
    yield ""
    if inspection.can_ship:
        steps = {"cs inspect": "shows what ships, and why", step.command: f"builds it{step.describe_notes()}"}
    else:
        steps = {"cs inspect": "shows everything that is in the way"}
    width = max(map(len, steps))
    for command, meaning in steps.items():
        yield Piece(command, "bold cyan", whole=True), " " * (width - len(command) + 3), meaning
