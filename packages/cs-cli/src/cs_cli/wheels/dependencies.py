"""Does the environment have what a new archive needs?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cs_lock import (
    PackageRecord,
    Platform,
    Problem,
    RuntimeLock,
    list_names,
    list_pypi_names,
    normalize_pypi_name,
    parse_dependency_name,
)

from .markers import marker_values
from .origins import SuppliedArchive


def find_unknown_needs(supplied: SuppliedArchive, platform: Platform, lock: RuntimeLock) -> list[Problem]:
    """Warn of requirements of a wheel that neither the environment has nor its entry in the lock lists.

    Of a conda package, warn if it depends on other packages than its entry: that it has them is checked with the lock.

    :param lock: as it was before it was settled.
    """
    if supplied.archive.record is not None:
        return _compare_depends(supplied, supplied.archive.record, platform, lock)
    records = lock.packages(platform)
    known = {*_names_of(records), *(wheel.name for wheel in lock.wheels(platform))}
    for entry in lock.pending(platform):
        known |= {entry.name, *(entry.depends if entry.label == supplied.label else ())}
    unknown = sorted(set(_list_needs(supplied.archive.requires_dist, platform, records)) - known)
    if not unknown:
        return []
    return [_warn(supplied, platform, f"needs {list_names(unknown)}, which the lock does not have")]


def _compare_depends(
    supplied: SuppliedArchive, record: PackageRecord, platform: Platform, lock: RuntimeLock
) -> list[Problem]:
    stated = {name for entry in lock.pending(platform) if entry.label == supplied.label for name in entry.depends}
    actual = {parse_dependency_name(spec) for spec in record.depends}
    differing = sorted(name for name in stated ^ actual if not name.startswith("__"))
    if not stated or not differing:
        return []
    return [_warn(supplied, platform, f"does not depend on what the lock says: {list_names(differing)}")]


def _warn(supplied: SuppliedArchive, platform: Platform, what: str) -> Problem:
    return Problem(
        kind="stale-lock",
        severity="warning",
        message=f"{supplied.archive.file_name} {what}",
        platform=platform.name,
        package=supplied.label.removeprefix("conda:"),
        hint="lock the workspace again, and build it again",
    )


def _names_of(records: Iterable[PackageRecord]) -> Iterator[str]:
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
