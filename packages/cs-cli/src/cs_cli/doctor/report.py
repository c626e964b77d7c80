"""What ``cs doctor`` prints."""

from __future__ import annotations

from collections.abc import Iterator

from ..terminal.console import format_count
from ..terminal.lines import Hanging, Line, paint
from ..terminal.paths import shorten_paths
from .findings import Diagnosis, Finding

_STYLES = {"ok": "green", "warning": "bold yellow", "problem": "bold red"}
_WIDTH = max(map(len, _STYLES))
_TOPIC = 12
_INDENT = _WIDTH + _TOPIC + 4


def render_diagnosis(diagnosis: Diagnosis) -> Iterator[Hanging | Line]:
    """Render what was found, one line each, and the verdict last."""
    for finding in diagnosis.findings:
        yield from _render(finding)
    problems = sum(finding.state == "problem" for finding in diagnosis.findings)
    warnings = sum(finding.state == "warning" for finding in diagnosis.findings)
    also = f", {format_count(warnings, 'warning')}" if warnings else ""
    yield ""
    yield f"{format_count(problems, 'problem').capitalize()}{also}." if problems else f"Nothing is broken{also}."


def _render(finding: Finding) -> Iterator[Hanging | Line]:
    # A variable is shown as it is: a literal ~ in one means something else.
    message = finding.message if finding.topic == "variables" else shorten_paths(finding.message)
    state = paint(finding.state, _STYLES[finding.state])
    gap = " " * (_WIDTH - len(finding.state) + 2)
    yield Hanging((state, gap, paint(finding.topic.ljust(_TOPIC), "bold"), f"  {message}"), _INDENT)
    if finding.hint is not None:
        yield Hanging((" " * _INDENT, paint("hint:", "cyan"), f" {shorten_paths(finding.hint)}"), _INDENT + 2)
