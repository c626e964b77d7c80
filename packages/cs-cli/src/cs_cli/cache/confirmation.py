"""Ask before everything goes."""

from __future__ import annotations

from pathlib import Path

from cs_bundle import format_bytes

from ..errors import CliError
from ..terminal.console import ask_line, format_count
from ..terminal.streams import can_ask
from .cleaning import require_cache
from .survey import survey_cache


def confirm_removal(path: Path) -> bool:
    """Ask whether to remove everything from a cache; an empty one needs no answer.

    :raises CliError: ``unconfirmed`` if nobody can be asked, ``not-a-cache`` or ``cache-unreadable``.
    """
    survey = survey_cache(path)
    require_cache(survey)
    if not survey.entries:
        return True
    if not can_ask():
        raise CliError("removing everything needs a confirmation", kind="unconfirmed", path=path)
    count, size = format_count(survey.archive_count, "archive"), format_bytes(survey.size_bytes)
    return ask_line(f"Remove {count} ({size}) from {path}? [y/N]").lower() in ("y", "yes")
