"""Look for the delegate before the build: in the cache, or with as few downloads as possible."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cs_bundle import BundleError
from cs_lock import PackageRecord, PendingEntry, Problem, Wheel

from ..archives.contents import ArchiveContents
from ..archives.remembered import inspect_archives, remember_contents
from ..archives.store import ArchiveStore, archives_of_packages
from ..errors import CliError
from ..inspection.summary import DelegateCheck, Inspection
from ..terminal.console import Console
from .lookup import find_delegate, suggest_delegate
from .projects import read_commands

Package = PackageRecord | Wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Where a delegate is looked for, and in which order.

    :ivar subdir: conda subdir of the platform.
    :ivar packages: those with an archive.
    :ivar pending: those whose archive does not exist yet.
    :ivar lock_directory: directory of the source lock, where relative paths of local archives start.
    :ivar requested: names of the packages that the workspace asks for: most likely one of them has the delegate.
    """

    delegate: str
    platform: str
    subdir: str
    packages: Sequence[Package]
    pending: Sequence[PendingEntry]
    lock_directory: Path
    requested: Collection[str]

    def stages(self, packages: Sequence[Package]) -> Iterator[list[Package]]:
        """Divide packages: those with the delegate's name, those that were asked for, the others."""
        left, name = list(packages), self.delegate.lower()
        for names in ({name, name.replace("_", "-")}, set(self.requested), {one.name for one in left}):
            yield [one for one in left if one.name in names]
            left = [one for one in left if one.name not in names]

    def conclude(self, found: str | None) -> DelegateCheck:
        """Say where the delegate is, or that no package has it."""
        return DelegateCheck(platform=self.platform, checked=True, found=found)

    def give_up(self) -> DelegateCheck:
        """Report that the result is unknown."""
        return DelegateCheck(platform=self.platform, checked=False, found=None)


def find_in_projects(search: Search) -> str | None:
    """Look for the delegate in what the projects declare that are still to be built; their code does not run."""
    projects = [one.find_path(search.lock_directory) for one in search.pending if one.reason == "directory"]
    return find_delegate(map(read_commands, projects), search.delegate, search.subdir)


def check_cache(search: Search, store: ArchiveStore) -> tuple[DelegateCheck, str | None]:
    """Look for the delegate in the archives in the cache, without downloading or writing anything.

    :returns: the check, which is conclusive if the delegate was found or every archive is there; and a hint if the
        delegate is missing.
    """
    seen: list[ArchiveContents] = []
    try:
        if (found := find_in_projects(search)) is not None:
            return search.conclude(found), None
        if search.packages and not store.cache.exists():
            return search.give_up(), None
        for stage in search.stages(search.packages):
            seen += inspect_archives([path for one in stage if (path := store.find(one)) is not None])
            found = find_delegate(seen, search.delegate, search.subdir)
            if found is not None:
                return search.conclude(found), None
    except (BundleError, CliError):  # a damaged archive, or a name that is not one: the build reports it
        return search.give_up(), None
    if len(seen) < len(search.packages) or search.pending:
        return search.give_up(), None
    return search.conclude(None), suggest_delegate(seen, search.delegate, search.subdir)


def download_and_check(search: Search, store: ArchiveStore, console: Console) -> tuple[DelegateCheck, str | None]:
    """Look for the delegate stage by stage, downloading the archives that are not in the cache into it.

    :returns: the check, and a hint if the delegate is missing.
    :raises BundleError: if an archive is not available.
    :raises CliError: ``archive-damaged`` if one cannot be read.
    """
    seen: list[ArchiveContents] = []
    for stage in search.stages([one for one in search.packages if one.sha256]):
        archives = store.fetch(archives_of_packages(stage, search.lock_directory), console) if stage else []
        contents = inspect_archives(archives)
        remember_contents(archives, contents)
        seen += contents
        found = find_delegate(seen, search.delegate, search.subdir)
        if found is not None:
            return search.conclude(found), None
    if search.pending:
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
            packages=(*platform.packages, *platform.wheels),
            pending=platform.pending,
            lock_directory=inspection.derivation.project.source_lock_path.absolute().parent,
            requested=inspection.derivation.names_requested_on(platform.name),
        )
        check, hint = check_cache(search, store)
        if download and not check.checked:
            check, hint = download_and_check(search, store, console)
        checks.append(check)
        if check.checked and check.found is None:
            problems.append(_missing(search, hint))
    return replace(inspection, delegate_checks=tuple(checks), problems=tuple(problems))


def _missing(search: Search, hint: str | None) -> Problem:
    return Problem(
        kind="delegate-missing",
        message=f"no package of the environment provides the delegate {search.delegate!r}",
        platform=search.platform,
        key="tool.conda-ship.delegate",
        hint=hint,
    )
