"""What ``cs cache`` prints."""

from __future__ import annotations

import time
from collections.abc import Iterator

from cs_bundle import measure_free

from ..terminal.console import format_bytes, format_count
from ..terminal.lines import Block, Column, Table, whole
from .cleaning import CleanUp
from .survey import Survey, render_time

_KINDS = (Column("Kind"), Column("Archives", right=True), Column("Size", right=True))
_ARCHIVES = (Column("Archive"), Column("Size", right=True), Column("Last used"))


def render_survey(survey: Survey) -> Iterator[Block]:
    """Render what is in a cache."""
    count, size = format_count(survey.archive_count, "archive"), format_bytes(survey.size_bytes)
    yield "Package cache  ", whole(str(survey.path))
    yield f"Content        {f'{count}, {size}' if survey.entries else 'empty'}"
    if survey.uses is not None:
        oldest, newest = map(render_date, survey.uses)
        yield f"Last used      {newest}"
        yield f"Longest unused {oldest}"
    free = measure_free(survey.path)
    if free is not None:
        yield f"Free space     {format_bytes(free)}"
    if survey.kinds:
        rows = [(kind, str(count), format_bytes(size)) for kind, (count, size) in survey.kinds.items()]
        yield ""
        yield Table(_KINDS, tuple(rows))


def render_clean_up(clean_up: CleanUp) -> Iterator[Block]:
    """Render what was removed, or would be."""
    count, freed = format_count(clean_up.removed_count, "archive"), format_bytes(clean_up.freed_bytes)
    kept = f"{format_count(clean_up.kept.archive_count, 'archive')}, {format_bytes(clean_up.kept.size_bytes)}"
    if clean_up.is_dry:
        yield from _list_archives(clean_up)
        yield f"Would remove {count} and free {freed}; {kept} would stay."
    elif not clean_up.freed_bytes:
        yield f"Nothing to remove; {kept} in the cache."
    else:
        yield f"Removed {count}, freed {freed}; {kept} left."


def _list_archives(clean_up: CleanUp) -> Iterator[Block]:
    rows = [
        ((whole(file.path.name),), format_bytes(file.size_bytes), render_date(file.changed))
        for entry in clean_up.removed
        for file in entry.archives
    ]
    if rows:
        yield Table(_ARCHIVES, tuple(rows))
        yield ""


def render_date(seconds: float) -> str:
    """Render when something was used: the date in UTC, and how long ago."""
    hours = max(0, int((time.time() - seconds) // 3600))
    ago = format_count(hours // 24, "day") if hours >= 48 else format_count(hours, "hour")
    return f"{(render_time(seconds) or '')[:10]} ({ago} ago)"
