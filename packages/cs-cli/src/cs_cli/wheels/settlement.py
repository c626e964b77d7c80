"""Provide the archives of every entry that the lock knows only as source, and settle the lock with them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from cs_lock import PendingEntry, Platform, Problem, RuntimeLock, wheel_fits

from ..terminal.console import Console
from .building import BuildMachine, BuiltArchive, build_project
from .dependencies import find_unknown_needs
from .outlook import Outlook, Supply, describe_entry, refuse_problems, require_supplies
from .provenance import Provenance, SuppliedArchive, describe_place
from .sources import SourceKeeper


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
        supplied: list[SuppliedArchive] = []
        problems: list[Problem] = []
        for platform in sorted(lock.platforms, key=lambda one: (one.name not in wanted, one.name)):
            try:
                found = [self._supply(supply, platform, lock) for supply in outlook.on(platform.name)]
            except _Gap as error:
                if platform.name in wanted:
                    refuse_problems([error.problem])
                problems.append(replace(error.problem, severity="warning"))
                lock = self._drop(lock, platform)
                continue
            for one in found:
                problems += find_unknown_needs(one, platform, lock)
            settled = lock.settle({one.label: one.archive for one in found}, platform=platform)
            faults = [problem for problem in settled.errors if platform.name in problem.platforms]
            if faults and platform.name not in wanted:
                problems += [replace(problem, severity="warning") for problem in faults]
                lock = self._drop(lock, platform)
            else:
                lock = settled
                supplied += found
        refuse_problems(lock.errors)
        return Settlement(lock=lock, archives=tuple(_merge(supplied)), problems=tuple(problems))

    def _drop(self, lock: RuntimeLock, platform: Platform) -> RuntimeLock:
        """Leave out a platform that nobody builds for, and that lacks an archive."""
        return lock.restrict(one.name for one in lock.platforms if one.name != platform.name)

    def _supply(self, supply: Supply, platform: Platform, lock: RuntimeLock) -> SuppliedArchive:
        if supply.problem is not None:
            raise _Gap(supply.problem)
        if supply.file is not None:
            archive, path = supply.file.open(), supply.file.path
            origin = Provenance(kind="file", location=describe_place(path, self._keeper.root))
        else:
            built = self._build(supply.entry)
            archive, origin = built.archive, built.provenance
            if not wheel_fits(archive.file_name, platform.subdir, lock.packages(platform)):
                raise _Gap(_describe_misfit(supply.entry, archive.file_name, platform))
        return SuppliedArchive(label=supply.entry.label, archive=archive, provenance=origin, platforms=(platform.name,))

    def _build(self, entry: PendingEntry) -> BuiltArchive:
        key = (entry.location, entry.subdirectory)
        if key not in self._built:
            self._console.say(f"building {describe_entry(entry)}")
            self._built[key] = build_project(entry, self._keeper.open(entry), self._machine, self._keeper.scratch)
        return self._built[key]


class _Gap(Exception):
    """An entry has no archive on one platform."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _describe_misfit(entry: PendingEntry, file_name: str, platform: Platform) -> Problem:
    return Problem(
        kind="wheel-not-portable",
        message=f"{describe_entry(entry)} was built into {file_name}, which is not for {platform.name} and its Python",
        platform=platform.name,
        package=entry.label,
        feature=entry.feature,
        key=entry.key,
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
