"""What is decided about entries that the lock knows only as source, and the errors of those that get no archive."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cs_lock import LocalArchive, LockError, PendingEntry, Problem

from ..errors import CliError
from .folder import FolderFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """How one entry gets its archive on one platform.

    :ivar platform: the workspace's name of the platform.
    :ivar action: ``build`` a wheel from its source, ``take`` one from the archive folder, or ``none``.
    :ivar file: what is taken.
    :ivar archive: the same, as the lock sees it.
    :ivar problem: why there is none.
    """

    entry: PendingEntry
    platform: str
    action: Literal["build", "take", "none"]
    file: FolderFile | None = None
    archive: LocalArchive | None = None
    problem: Problem | None = None

    @property
    def text(self) -> str:
        """What would be done, in a few words."""
        if self.file is not None:
            return f"take {self.file.path.name} from the archive folder for {describe_entry(self.entry)}"
        return f"build {describe_entry(self.entry)}"

    def to_dict(self) -> dict[str, str | None]:
        """Return it as JSON values."""
        return {
            "label": self.entry.label,
            "action": self.action,
            "location": self.entry.place,
            "archive": None if self.file is None else self.file.path.name,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How every entry of a lock gets its archive.

    :ivar problems: of the archive folder, and of entries that get none; these have their line in the lock.
    :ivar lock_path: the source lock.
    :ivar platforms: names of its platforms.
    """

    supplies: tuple[Supply, ...] = ()
    problems: tuple[Problem, ...] = ()
    lock_path: Path | None = None
    platforms: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep a platform from shipping."""
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def files(self) -> tuple[Path, ...]:
        """The archives that are taken from the archive folder."""
        return tuple(sorted({supply.file.path for supply in self.supplies if supply.file is not None}))

    def on(self, platform: str) -> tuple[Supply, ...]:
        """Return how the entries of one platform get their archives."""
        return tuple(supply for supply in self.supplies if supply.platform == platform)


def require_supplies(outlook: Outlook, platforms: Collection[str]) -> None:
    """Refuse to build for platforms of which an entry gets no archive, or with a folder that is wrong.

    :param platforms: their names.
    :raises LockError: the problem of an entry.
    :raises CliError: another problem; ``unshippable`` with all of them if there are several.
    """
    wanted = set(platforms)
    refuse_problems([one for one in outlook.errors if not one.platforms or wanted & set(one.platforms)], outlook)


def refuse_problems(problems: Sequence[Problem], outlook: Outlook) -> None:
    """Raise problems as one error, and a single one as itself.

    :param outlook: what they are problems of.
    :raises LockError: for a single problem with a line.
    :raises CliError: if there are others.
    """
    if len(problems) == 1:
        one = problems[0]
        if one.line is None:
            raise CliError(one.message, kind=one.kind, key=one.key, hint=one.hint)
        raise LockError(
            one.message,
            kind=one.kind,
            path=outlook.lock_path,
            line=one.line,
            column=one.column,
            key=one.key,
            hint=one.hint,
        )
    if problems:
        raise CliError(
            "not every package has an archive that fits",
            kind="unshippable",
            path=outlook.lock_path,
            problems=problems,
            platforms=outlook.platforms,
        )


def describe_entry(entry: PendingEntry) -> str:
    """Name an entry with its source: ``the PyPI package demo (.)``."""
    return f"the {'PyPI' if entry.kind == 'pypi' else 'conda'} package {entry.name} ({entry.place})"
