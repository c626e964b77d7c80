"""Provide the archives of every entry that the lock knows only as source, and settle the lock with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from cs_lock import PendingEntry, Platform, Problem, RuntimeLock, wheel_fits

from ..terminal.console import Console
from .building import BuildMachine, BuiltArchive, build_project
from .origins import Origin, SuppliedArchive, describe_place
from .sources import SourceKeeper
from .supplies import Outlook, Supply, describe_entry, refuse_problems, require_supplies


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """A lock without pending entries.

    :ivar lock: without the platforms of which an entry has no archive, if nobody builds for them.
    :ivar archives: what stands for its entries.
    :ivar problems: warnings.
    """

    lock: RuntimeLock
    archives: tuple[SuppliedArchive, ...]
    problems: tuple[Problem, ...]


class Settler:
    """What settles a lock: it takes archives from the folder, and builds the others, each once."""

    def __init__(self, keeper: SourceKeeper, machine: Callable[[], BuildMachine], console: Console) -> None:
        """Set what it works with.

        :param machine: makes what wheels are built with, when one must be built.
        """
        self._keeper = keeper
        self._make_machine = machine
        self._console = console
        self._built: dict[tuple[str, str | None], BuiltArchive] = {}
        self._supplied: list[SuppliedArchive] = []
        self._problems: list[Problem] = []

    @cached_property
    def _machine(self) -> BuildMachine:
        return self._make_machine()

    def settle(self, lock: RuntimeLock, outlook: Outlook, wanted: Collection[str]) -> Settlement:
        """Settle a lock.

        :param outlook: how its entries get their archives.
        :param wanted: names of the platforms to build for: on these, every entry needs its archive.
        :raises CliError: ``unshippable`` with the problems of entries that have none; whatever a build raises.
        """
        require_supplies(outlook, wanted)
        known = {_forget_platforms(problem) for problem in (*lock.warnings, *outlook.problems)}
        for platform in sorted(lock.platforms, key=lambda one: (one.name not in wanted, one.name)):
            supplies = outlook.on(platform.name)
            try:
                lock = self._settle_platform(lock, platform, supplies, is_wanted=platform.name in wanted)
            except _Gap as gap:
                if platform.name in wanted:
                    refuse_problems(gap.problems, outlook)
                self._problems += [replace(problem, severity="warning") for problem in gap.problems]
                lock = lock.restrict(one.name for one in lock.platforms if one.name != platform.name)
        self._problems += [problem for problem in lock.warnings if _forget_platforms(problem) not in known]
        return Settlement(lock=lock, archives=tuple(_merge(self._supplied)), problems=tuple(self._problems))

    def _settle_platform(
        self, lock: RuntimeLock, platform: Platform, supplies: Sequence[Supply], *, is_wanted: bool
    ) -> RuntimeLock:
        """Settle the entries of one platform.

        :raises _Gap: if one has no archive, or the archives do not fit together.
        """
        found = [self._supply(supply, platform, lock, may_build=is_wanted) for supply in supplies]
        settled = lock.settle({one.label: one.archive for one in found}, platform=platform)
        if faults := [problem for problem in settled.errors if platform.name in problem.platforms]:
            raise _Gap(faults)
        self._supplied += found
        return settled

    def _supply(self, supply: Supply, platform: Platform, lock: RuntimeLock, *, may_build: bool) -> SuppliedArchive:
        if supply.problem is not None:
            raise _Gap([supply.problem])
        if supply.file is not None and supply.archive is not None:
            origin = Origin(kind="file", location=describe_place(supply.file.path, self._keeper.root))
            return _name_supplied(supply, BuiltArchive(archive=supply.archive, origin=origin))
        built = self._build(supply, may_build=may_build)
        if not wheel_fits(built.archive.file_name, platform.subdir, lock.packages(platform)):
            raise _Gap([_describe_misfit(supply.entry, built.archive.file_name, platform)])
        return _name_supplied(supply, built)

    def _build(self, supply: Supply, *, may_build: bool) -> BuiltArchive:
        """Build an entry, if no other platform has needed it before."""
        entry = supply.entry
        key = (entry.location, entry.subdirectory)
        if key not in self._built:
            if not may_build:
                raise _Gap([_describe_left_out(supply)])
            self._console.say(f"building {describe_entry(entry)}")
            place = self._keeper.scratch / f"build-{len(self._built)}"
            place.mkdir()
            self._built[key] = build_project(entry, self._keeper.open(entry), self._machine, place)
        return self._built[key]


class _Gap(Exception):
    """An entry has no archive on one platform."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].message)
        self.problems = problems


def _forget_platforms(problem: Problem) -> Problem:
    return replace(problem, platform=None, platforms=())


def _name_supplied(supply: Supply, built: BuiltArchive) -> SuppliedArchive:
    return SuppliedArchive(
        label=supply.entry.label, archive=built.archive, origin=built.origin, platforms=(supply.platform,)
    )


def _describe_left_out(supply: Supply) -> Problem:
    message = f"{describe_entry(supply.entry)} was not built, so the runtime lock does not have {supply.platform}"
    return supply.entry.make_problem("wheel-not-built", message, platform=supply.platform)


def _describe_misfit(entry: PendingEntry, file_name: str, platform: Platform) -> Problem:
    return entry.make_problem(
        "wheel-not-portable",
        f"{describe_entry(entry)} was built into {file_name}, which is not for {platform.name} and its Python",
        platform=platform.name,
        hint="build it there, and put the wheel into the directory that `archives` names; "
        'on the platform itself, `build-wheels = "all"` builds it in the environment\'s own Python',
    )


def _merge(supplied: Iterable[SuppliedArchive]) -> list[SuppliedArchive]:
    """Merge what several platforms have in common."""
    merged: dict[tuple[str, str], SuppliedArchive] = {}
    for one in supplied:
        key = (one.label, one.archive.sha256)
        known = merged.get(key)
        merged[key] = one if known is None else replace(known, platforms=(*known.platforms, *one.platforms))
    return sorted(merged.values(), key=lambda one: (one.label, one.archive.file_name))
