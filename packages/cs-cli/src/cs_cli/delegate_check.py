"""``cs inspect --check-delegate``: look for the delegate in as few archives as possible."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cs_bundle import find_cached
from cs_lock import PackageRecord, Problem

from .archives import ArchiveContents
from .console import Console
from .contents import inspect_archives, remember_contents
from .delegate import find_delegate, suggest_delegate
from .inspection import DelegateCheck, Inspection, PlatformSummary
from .supplies import ArchiveStore, WantedArchive, archives_of_records


def check_delegate(inspection: Inspection, store: ArchiveStore, console: Console) -> Inspection:
    """Look for the delegate in the archives of every platform that is shown.

    Archives that are not in the cache are downloaded into it, and nothing else is written: first the package of the
    delegate's name, then those that the workspace asks for, then all others, until it is found.

    :returns: the inspection with ``delegate_checks``, and a problem for each platform without a delegate.
    :raises BundleError: if an archive cannot be had.
    :raises CliError: ``archive-damaged`` if one cannot be read.
    """
    delegate = inspection.derivation.config.delegate
    folder = inspection.derivation.project.source_lock_path.parent
    checks, problems = [], list(inspection.problems)
    for platform in inspection.platforms:
        seen: list[ArchiveContents] = []
        found = None
        for stage in _stages(inspection, platform, store):
            seen += _inspect(archives_of_records(stage, folder), store, console)
            found = find_delegate(seen, delegate, platform.subdir)
            if found is not None:
                break
        checks.append(DelegateCheck(platform=platform.name, found=found))
        if found is None:
            problems.append(_missing(delegate, platform, suggest_delegate(seen, delegate, platform.subdir)))
    return replace(inspection, delegate_checks=tuple(checks), problems=tuple(problems))


def _stages(
    inspection: Inspection, platform: PlatformSummary, store: ArchiveStore
) -> Iterator[tuple[PackageRecord, ...]]:
    """Deal the packages out: what is at hand, what bears the delegate's name, what was asked for, the rest."""
    requested = inspection.derivation.requested_on(platform.name)
    delegate = inspection.derivation.config.delegate.lower()
    folder = inspection.derivation.project.source_lock_path.parent
    left = [record for record in platform.packages if record.sha256]
    tests = (
        lambda record: find_cached([one.expected for one in archives_of_records([record], folder)], store.cache),
        lambda record: record.name == delegate,
        lambda record: record.name in requested,
        lambda record: True,
    )
    for test in tests:
        stage = tuple(record for record in left if test(record))
        left = [record for record in left if record not in stage]
        if stage:
            yield stage


def _inspect(wanted: Sequence[WantedArchive], store: ArchiveStore, console: Console) -> list[ArchiveContents]:
    archives = store.fetch(wanted, console)
    contents = inspect_archives(archives)
    remember_contents(archives, contents)
    return contents


def _missing(delegate: str, platform: PlatformSummary, hint: str) -> Problem:
    return Problem(
        kind="delegate-missing",
        message=f"no package of the environment provides the delegate {delegate!r}",
        platform=platform.name,
        key="tool.conda-ship.delegate",
        hint=hint,
    )
