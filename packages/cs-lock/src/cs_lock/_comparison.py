"""How an archive differs from what the lock says of the entry that it stands for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ._dependencies import list_names
from ._errors import Problem
from ._local_archives import LocalArchive
from ._markers import marker_values
from ._names import list_pypi_names, normalize_pypi_name
from ._pending import PendingEntry
from ._platforms import Platform
from ._records import PackageRecord, parse_dependency_names

if TYPE_CHECKING:
    from ._selection import Selection


def compare_archive(entry: PendingEntry, archive: LocalArchive, selection: Selection) -> Iterator[Problem]:
    """Warn of everything in which an archive differs from what the lock says of its entry.

    A conda package may need other packages or have another license. A wheel may need what neither the lock says nor the
    environment has.

    :param selection: what ships on the platform, before the archive is put in place of the entry.
    """
    record = archive.record
    changes = _compare_wheel(entry, archive, selection) if record is None else _compare_record(entry, record)
    for change in changes:
        problem = entry.make_problem(
            "archive-differs",
            f"{archive.file_name} {change}",
            severity="warning",
            platform=selection.platform.name,
            hint="lock the workspace again, and then build the archive again",
        )
        yield replace(problem, plural_hint="lock the workspace again, and then build the archives again")


def _compare_record(entry: PendingEntry, record: PackageRecord) -> Iterator[str]:
    locked = {name for name in entry.depends if not name.startswith("__")}
    built = {name for name in parse_dependency_names(record.depends) if not name.startswith("__")}
    if locked and (added := sorted(built - locked)):
        yield f"needs {list_names(added)}, which the lock does not list"
    if dropped := sorted(locked - built):
        yield f"does not need {list_names(dropped)}, although the lock says so"
    if entry.license and record.license != entry.license:
        yield f"has the license {record.license}, but the lock says {entry.license}"


def _compare_wheel(entry: PendingEntry, archive: LocalArchive, selection: Selection) -> Iterator[str]:
    known = {
        *entry.depends,
        *_name_projects(selection.records),
        *(wheel.name for wheel in selection.wheels),
        *(normalize_pypi_name(one.name) for one in selection.pending),
    }
    needed = _list_needs(archive.requires_dist, selection.platform, selection.records)
    if unknown := sorted(set(needed) - known):
        yield f"needs {list_names(unknown)}, which the lock does not have"


def _name_projects(records: Iterable[PackageRecord]) -> Iterator[str]:
    """Yield the PyPI names of conda packages: those of their purls, and their own."""
    for record in records:
        yield normalize_pypi_name(record.name)
        yield from list_pypi_names(record.purls)


def _list_needs(requires_dist: Iterable[str], platform: Platform, records: Iterable[PackageRecord]) -> Iterator[str]:
    """Yield the names of what a wheel needs on a platform, without extras."""
    from packaging.markers import UndefinedEnvironmentName
    from packaging.requirements import InvalidRequirement, Requirement

    values = marker_values(platform.subdir, records)
    for text in requires_dist:
        try:
            one = Requirement(text)
            if one.marker is None or one.marker.evaluate(values):
                yield normalize_pypi_name(one.name)
        except (InvalidRequirement, UndefinedEnvironmentName):
            continue  # it can be installed anyway, also by pip and uv
