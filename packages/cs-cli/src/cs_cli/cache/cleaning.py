"""Remove archives from the package cache."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cs_bundle import clearing_cache

from ..errors import CliError
from ..times import render_time
from .survey import CachedFile, Entry, Survey, survey_cache

SPARED_S = 24 * 3600.0
"""Where nothing tells whether the cache is used, what was used in this time is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may stay.

    :ivar older_than_s: remove what was not used for longer, in seconds.
    :ivar max_size_bytes: then remove what was not used for longest, until the rest fits.
    """

    older_than_s: float | None = None
    max_size_bytes: int | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing stays."""
        return self.older_than_s is None and self.max_size_bytes is None


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUp:
    """What was removed, or would be.

    :ivar removed: entries that are gone.
    :ivar freed_bytes: of them, and of parts of downloads that were left behind.
    :ivar kept: what is in the cache now.
    :ivar spared_count: number of archives that were kept only because a build may use them now.
    :ivar failed: files that could not be removed, and why.
    """

    is_dry: bool
    removed: tuple[Entry, ...]
    freed_bytes: int
    kept: Survey
    spared_count: int = 0
    failed: tuple[tuple[Path, str], ...] = ()

    @property
    def removed_count(self) -> int:
        """Number of archives that were removed."""
        return sum(len(entry.archives) for entry in self.removed)

    def to_dict(self) -> dict[str, Any]:
        """Return the clean-up as JSON values."""
        return {
            "path": str(self.kept.path),
            "dry_run": self.is_dry,
            "removed_count": self.removed_count,
            "freed_size_bytes": self.freed_bytes,
            "removed": [
                {"file": file.path.name, "size_bytes": file.size_bytes, "last_use": render_time(file.changed)}
                for entry in self.removed
                for file in entry.archives
            ],
            "kept_count": self.kept.archive_count,
            "kept_size_bytes": self.kept.size_bytes,
            "spared_count": self.spared_count,
            "failed": [{"path": str(path), "message": why} for path, why in self.failed],
        }


def choose_entries(entries: Sequence[Entry], limits: Limits, now: float) -> list[Entry]:
    """Choose what goes, what was not used for longest first.

    :param now: in seconds since 1970.
    """
    ordered = sorted(entries, key=lambda entry: (entry.last_used, entry.path))
    if limits.is_everything:
        return ordered
    left = sum(entry.size_bytes for entry in ordered)
    chosen = []
    for entry in ordered:
        is_old = limits.older_than_s is not None and now - entry.last_used > limits.older_than_s
        is_too_much = limits.max_size_bytes is not None and left > limits.max_size_bytes
        if is_old or is_too_much:
            chosen.append(entry)
            left -= entry.size_bytes
    return chosen


def require_cache(survey: Survey) -> None:
    """Refuse a directory that ``cs`` did not make a cache of.

    :raises CliError: ``not-a-cache``.
    """
    if not survey.is_ours and not survey.is_empty:
        raise CliError(
            "this directory is not marked as a package cache of cs",
            kind="not-a-cache",
            path=survey.path,
            hint="if it is one, remove it yourself; cs makes a new one when it needs it",
        )


def clean_cache(directory: Path, limits: Limits, *, dry_run: bool) -> CleanUp:
    """Remove archives from a cache, unless a build is using it.

    :param dry_run: change nothing, and say what would go.
    :raises CliError: ``not-a-cache``, ``cache-unreadable``, or ``cache-in-use``.
    """
    require_cache(survey_cache(directory))
    with _cleared(directory, dry_run=dry_run) as may_be_used:
        survey, now = survey_cache(directory), time.time()
        chosen = choose_entries(survey.entries, limits, now)
        spared = [entry for entry in chosen if may_be_used and now - entry.last_used < SPARED_S]
        going = [entry for entry in chosen if entry not in spared]
        rest = [entry for entry in survey.entries if entry not in going]
        leftovers = [] if may_be_used else [file for entry in rest for file in entry.files if file.is_left_behind]
        if dry_run:
            return _describe(survey, going, leftovers, spared)
        failed = dict([*_remove_files(leftovers), *(fault for entry in going for fault in _remove(entry))])
        removed = [entry for entry in going if not any(file.path in failed for file in entry.files)]
        return CleanUp(
            is_dry=False,
            removed=tuple(removed),
            freed_bytes=_sum_sizes(going, leftovers, without=failed),
            kept=survey_cache(directory),
            spared_count=sum(len(entry.archives) for entry in spared),
            failed=tuple(failed.items()),
        )


def _describe(
    survey: Survey, going: Sequence[Entry], leftovers: Sequence[CachedFile], spared: Sequence[Entry]
) -> CleanUp:
    kept = tuple(entry for entry in survey.entries if entry not in going)
    return CleanUp(
        is_dry=True,
        removed=tuple(going),
        freed_bytes=_sum_sizes(going, leftovers),
        kept=Survey(path=survey.path, entries=kept, is_ours=survey.is_ours, is_empty=not kept),
        spared_count=sum(len(entry.archives) for entry in spared),
    )


def _sum_sizes(entries: Sequence[Entry], files: Sequence[CachedFile], without: dict[Path, str] | None = None) -> int:
    every = [*files, *(file for entry in entries for file in entry.files)]
    return sum(file.size_bytes for file in every if file.path not in (without or {}))


@contextlib.contextmanager
def _cleared(directory: Path, *, dry_run: bool) -> Iterator[bool]:
    """Keep builds from starting to use the cache; yields whether one may be using it now."""
    if dry_run:
        yield False
        return
    with clearing_cache(directory) as is_alone:
        if is_alone is False:
            hint = "try again when it has finished"
            raise CliError("a build is using the package cache", kind="cache-in-use", path=directory, hint=hint)
        yield is_alone is None


def _remove(entry: Entry) -> Iterator[tuple[Path, str]]:
    """Remove an entry; yields what could not be removed."""
    yield from _remove_files(entry.files)
    with contextlib.suppress(OSError):  # not empty: something else is in it
        entry.path.rmdir()
        entry.path.parent.rmdir()


def _remove_files(files: Sequence[CachedFile]) -> Iterator[tuple[Path, str]]:
    for file in files:
        try:
            file.path.unlink(missing_ok=True)
        except OSError as error:
            yield file.path, error.strerror or str(error)
