"""``cs cache``: carry out what it is asked for."""

from __future__ import annotations

import sys

from cs_bundle import measure_free

from ..archives.cache_directory import locate_cache
from ..errors import CliError, render_problem
from ..options import CacheOptions
from ..terminal.console import Console, ask_line, format_bytes, format_count, print_json, print_lines
from ..terminal.lines import whole
from ..terminal.streams import can_ask
from .cleaning import Limits, clean_cache, require_cache
from .report import render_clean_up, render_survey
from .survey import Survey, survey_cache

SCHEMA_VERSION = 1
"""Version of the documents of ``--json``; ``schemas/cache.schema.json`` is their schema."""


def run_cache(options: CacheOptions) -> bool:
    """Carry out ``cs cache``.

    :returns: whether everything was removed that should be.
    :raises CliError: ``cache-unreadable``, ``not-a-cache``, ``cache-in-use`` or ``unconfirmed``.
    """
    path = locate_cache(options.cache_dir)
    if options.action == "dir":
        print_lines([(whole(str(path)),)])
        return True
    if options.action == "info":
        survey = survey_cache(path)
        if options.json:
            free = {"free_size_bytes": measure_free(path)}
            print_json({"schema_version": SCHEMA_VERSION, "action": "info", **survey.to_dict(), **free})
        else:
            print_lines(render_survey(survey))
        return True
    return _clean(options, survey_cache(path))


def _clean(options: CacheOptions, survey: Survey) -> bool:
    limits = Limits(older_than_s=options.older_than_s, max_size_bytes=options.max_size_bytes)
    require_cache(survey)
    needs_answer = limits.is_everything and bool(survey.entries) and not (options.yes or options.dry_run)
    if needs_answer and not _confirm(survey):
        print_lines(["Nothing removed."], sys.stderr)
        return True
    clean_up = clean_cache(survey.path, limits, dry_run=options.dry_run)
    console = Console(quiet=options.quiet)
    for path, why in clean_up.failed:
        console.warn(render_problem({"path": str(path), "message": f"cannot remove it: {why}"}))
    if clean_up.spared_count:
        spared = format_count(clean_up.spared_count, "archive")
        console.warn(f"kept {spared} used in the last 24 hours: this file system cannot tell whether a build uses them")
    if options.json:
        document = {**clean_up.to_dict(), "warnings": console.warnings}
        print_json({"schema_version": SCHEMA_VERSION, "action": "clean", **document})
    else:
        print_lines(render_clean_up(clean_up))
    return not clean_up.failed


def _confirm(survey: Survey) -> bool:
    """Ask before everything goes.

    :raises CliError: ``unconfirmed`` if nobody can be asked.
    """
    if not can_ask():
        raise CliError("removing everything needs a confirmation", kind="unconfirmed", path=survey.path)
    count, size = format_count(survey.archive_count, "archive"), format_bytes(survey.size_bytes)
    return ask_line(f"Remove {count} ({size}) from {survey.path}? [y/N]").lower() in ("y", "yes")
