"""Look for the delegate before the build: in the cache, or with as few downloads as possible."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cs_bundle import BundleError
from cs_lock import PackageRecord, Problem, Wheel

from ..archives.contents import ArchiveContents, read_contents
from ..archives.remembered import inspect_archives, remember_contents
from ..archives.store import ArchiveStore, archives_of_packages
from ..errors import CliError
from ..inspection.summary import DelegateCheck, Inspection, PlatformSummary
from ..terminal.console import Console
from ..wheels.supplies import Supply
from .lookup import find_delegate, suggest_delegate
from .projects import read_commands

Package = PackageRecord | Wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Where a delegate is looked for, and in which order.

    :ivar subdir: conda subdir of the platform.
    :ivar packages: those with an archive.
    :ivar supplies: how others get an archive that the lock knows only as source.
    :ivar lock_directory: directory of the source lock, where relative paths of local archives start.
    :ivar requested: names of the packages that the workspace asks for: most likely one of them has the delegate.
    """

    delegate: str
    platform: str
    subdir: str
    packages: Sequence[Package]
    supplies: Sequence[Supply] = ()
    lock_directory: Path
    requested: Collection[str]

    def stages(self, packages: Sequence[Package]) -> Iterator[list[Package]]:
        """Divide packages: those with the delegate's name, those that were asked for, the others."""
        left, name = list(packages), self.delegate.lower()
        for names in ({name, name.replace("_", "-")}, set(self.requested), {one.name for one in left}):
            yield [one for one in left if one.name in names]
            left = [one for one in left if one.name not in names]

    @property
    def local_wheels(self) -> list[Path]:
        """Wheels of this machine: these are read where they are."""
        return [one.find_file(self.lock_directory) for one in self.packages if isinstance(one, Wheel) and one.is_local]

    @property
    def stored(self) -> list[Package]:
        """The packages whose archives are looked for in the cache."""
        return [one for one in self.packages if not (isinstance(one, Wheel) and one.is_local)]

    @property
    def is_open(self) -> bool:
        """Whether packages have no archive yet, so that it is unknown what they contain."""
        return any(supply.file is None for supply in self.supplies)

    def conclude(self, found: str | None) -> DelegateCheck:
        """Say where the delegate is, or that no package has it."""
        return DelegateCheck(platform=self.platform, checked=True, found=found)

    def give_up(self) -> DelegateCheck:
        """Report that the result is unknown."""
        return DelegateCheck(platform=self.platform, checked=False, found=None)


def read_sources(search: Search) -> list[ArchiveContents]:
    """Read wheels of this machine, the archive folder, and what projects declare that are to be built: nothing runs.

    :raises CliError: ``archive-damaged`` if an archive cannot be read.
    """
    folder = [supply.file.path for supply in search.supplies if supply.file is not None]
    taken = map(read_contents, (*search.local_wheels, *folder))
    built = [one.entry for one in search.supplies if one.action == "build" and one.entry.origin == "directory"]
    return [*taken, *(read_commands(entry.find_path(search.lock_directory)) for entry in built)]


def check_cache(search: Search, store: ArchiveStore) -> tuple[DelegateCheck, str | None]:
    """Look for the delegate in the archives in the cache, without downloading or writing anything.

    :returns: the check, which is conclusive if the delegate was found or every archive is there; and a hint if the
        delegate is missing.
    """
    try:
        seen = read_sources(search)
        if (found := find_delegate(seen, search.delegate, search.subdir)) is not None:
            return search.conclude(found), None
        known = len(seen)
        if search.stored and not store.cache.exists():
            return search.give_up(), None
        for stage in search.stages(search.stored):
            seen += inspect_archives([path for one in stage if (path := store.find(one)) is not None])
            found = find_delegate(seen, search.delegate, search.subdir)
            if found is not None:
                return search.conclude(found), None
    except (BundleError, CliError):  # a damaged archive, or a name that is not one: the build reports it
        return search.give_up(), None
    if len(seen) - known < len(search.stored) or search.is_open:
        return search.give_up(), None
    return search.conclude(None), suggest_delegate(seen, search.delegate, search.subdir)


def download_and_check(search: Search, store: ArchiveStore, console: Console) -> tuple[DelegateCheck, str | None]:
    """Look for the delegate stage by stage, downloading the archives that are not in the cache into it.

    :returns: the check, and a hint if the delegate is missing.
    :raises BundleError: if an archive is not available.
    :raises CliError: ``archive-damaged`` if one cannot be read.
    """
    seen = read_sources(search)
    for stage in search.stages([one for one in search.stored if one.sha256]):
        archives = store.fetch(archives_of_packages(stage, search.lock_directory), console) if stage else []
        contents = inspect_archives(archives)
        remember_contents(archives, contents)
        seen += contents
        found = find_delegate(seen, search.delegate, search.subdir)
        if found is not None:
            return search.conclude(found), None
    if search.is_open:
        return search.give_up(), None
    return search.conclude(None), suggest_delegate(seen, search.delegate, search.subdir)


def check_delegates(inspection: Inspection, store: ArchiveStore, console: Console, *, download: bool) -> Inspection:
    """Look for the delegate in the archives of every platform that is shown.

    :param download: download archives if those in the cache are not enough.
    :returns: the inspection with ``delegate_checks``, and a problem for each platform without a delegate.
    :raises BundleError: if an archive is not available.
    :raises CliError: ``archive-damaged`` if one cannot be read.
    """
    checks, problems = [], list(inspection.problems)
    for platform in inspection.platforms:
        search = Search(
            delegate=inspection.derivation.config.delegate,
            platform=platform.name,
            subdir=platform.subdir,
            packages=platform.locked,
            supplies=platform.supplies,
            lock_directory=inspection.derivation.project.lock_directory,
            requested=inspection.derivation.names_requested_on(platform.name),
        )
        check, hint = check_cache(search, store)
        if download and not check.checked:
            check, hint = download_and_check(search, store, console)
        if check.checked and check.found is None and _lacks_packages(inspection, platform):
            check = search.give_up()
        checks.append(check)
        if check.checked and check.found is None:
            problems.append(inspection.derivation.places.point(_missing(search, hint)))
    return replace(inspection, delegate_checks=tuple(checks), problems=tuple(problems))


def _lacks_packages(inspection: Inspection, platform: PlatformSummary) -> bool:
    """Tell whether packages of an environment are refused, so that it is unknown what they contain."""
    known = {one.name for one in platform.locked}
    return any(
        problem.severity == "error" and platform.name in problem.platforms and problem.package not in (None, *known)
        for problem in inspection.problems
    )


def _missing(search: Search, hint: str | None) -> Problem:
    return Problem(
        kind="delegate-missing",
        message=f"no package of the environment provides the delegate {search.delegate!r}",
        platform=search.platform,
        key="tool.conda-ship.delegate",
        hint=hint,
    )
