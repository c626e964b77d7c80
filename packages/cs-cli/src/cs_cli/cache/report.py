"""What ``cs cache`` prints."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from cs_bundle import format_bytes, measure_free

from ..error_text import render_problem
from ..terminal.console import Console, format_count
from ..terminal.lines import Block, Column, Table, whole
from ..terminal.paths import shorten_paths
from ..times import render_time
from .cleaning import CleanUp
from .survey import Survey

SCHEMA_VERSION = 1
"""Version of the documents of ``--json``; ``schemas/cache.schema.json`` is their schema."""

_KINDS = (Column("Kind"), Column("Archives", right=True), Column("Size", right=True))
_ARCHIVES = (Column("Archive"), Column("Size", right=True), Column("Last used"))


def describe_survey(survey: Survey) -> dict[str, Any]:
    """Return the document of ``cs cache info --json``."""
    free = {"free_size_bytes": measure_free(survey.path)}
    return {"schema_version": SCHEMA_VERSION, "action": "info", **survey.to_dict(), **free}


def describe_clean_up(clean_up: CleanUp, warnings: list[str]) -> dict[str, Any]:
    """Return the document of ``cs cache clean --json``."""
    return {"schema_version": SCHEMA_VERSION, "action": "clean", **clean_up.to_dict(), "warnings": warnings}


def warn_of_rest(clean_up: CleanUp, console: Console) -> None:
    """Say what should have been removed and was not."""
    for path, why in clean_up.failed:
        console.warn(render_problem({"path": str(path), "message": f"cannot remove it: {why}"}))
    if clean_up.spared_count:
        spared = format_count(clean_up.spared_count, "archive")
        console.warn(f"kept {spared} used in the last 24 hours: this file system cannot tell whether a build uses them")


def render_survey(survey: Survey) -> Iterator[Block]:
    """Render what is in a cache."""
    count, size = format_count(survey.archive_count, "archive"), format_bytes(survey.size_bytes)
    yield "Package cache  ", whole(shorten_paths(str(survey.path)))
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
    return f"{render_time(seconds)[:10]} ({_render_age(time.time() - seconds)})"


def _render_age(seconds: float) -> str:
    hours = int(seconds // 3600)
    if hours < 1:
        return "within the last hour"
    return f"{format_count(hours // 24, 'day') if hours >= 48 else format_count(hours, 'hour')} ago"
