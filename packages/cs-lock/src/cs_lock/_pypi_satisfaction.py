"""Does a lock have the PyPI packages that its workspace asks for?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ._environments import SourceEnvironment
from ._errors import LockError
from ._names import list_pypi_names, normalize_pypi_name, parse_requirement_name
from ._pypi_records import PypiRecord
from ._satisfaction import Mismatch
from ._source import SourceLock


def find_pypi_mismatches(
    source: SourceLock, environment: str, requirements: Mapping[str, Iterable[str]]
) -> list[Mismatch]:
    """Find the requirements that the packages of an environment do not satisfy.

    A project counts as present if a conda package contains it or has its name. A requirement counts as satisfied if
    it has a marker, or if the lock cannot show that it is not: a source tree's version goes stale, and only a lock with
    package URLs says which conda packages contain projects of other names.

    :param requirements: by the platform's name, as PEP 508 writes them; platforms that the lock does not have are left
        out.
    :returns: in the order of the requirements.
    :raises LockError: if there is no such environment.
    """
    chosen = source.environment(environment)
    mismatches = []
    for platform, wanted in requirements.items():
        judged = [(name, one) for one in wanted if ";" not in one and (name := parse_requirement_name(one))]
        if not judged or platform not in chosen.references:
            continue
        locked = _collect(source, chosen, platform)
        names: set[str] | None = None
        for name, requirement in judged:
            if name in locked:
                record = locked[name]
                is_missing = False
            else:
                names = _find_conda_names(source, chosen, platform) if names is None else names
                record, is_missing = None, bool(names) and name not in names
            if is_missing or (record is not None and not _satisfies(record, requirement)):
                mismatches.append(Mismatch(platform=platform, spec=requirement, found=record))
    return mismatches


def _collect(source: SourceLock, environment: SourceEnvironment, platform: str) -> dict[str, PypiRecord | None]:
    """Return the PyPI packages by name; ``None`` for one with a damaged entry."""
    found: dict[str, PypiRecord | None] = {}
    for reference in environment.references[platform]:
        if reference.kind == "pypi":
            try:
                record = source.pypi(reference)
                found[record.name] = record
            except LockError as error:
                found[source.foreign(reference, error).name] = None
    return found


def _find_conda_names(source: SourceLock, environment: SourceEnvironment, platform: str) -> set[str]:
    """Return the PyPI names of the conda packages; nothing if the lock does not say them."""
    names: set[str] = set()
    has_purls = False
    for reference in environment.references[platform]:
        if reference.kind == "pypi":
            continue
        try:
            record = source.archive(reference) if reference.kind == "conda" else None
        except LockError:
            record = None
        if record is None:
            names.add(normalize_pypi_name(source.foreign(reference).name))
            continue
        has_purls = has_purls or bool(record.purls)
        names |= {normalize_pypi_name(record.name), *list_pypi_names(record.purls)}
    return names if has_purls else set()


def _satisfies(record: PypiRecord, requirement: str) -> bool:
    from packaging.requirements import InvalidRequirement, Requirement

    if record.version is None or record.form == "tree":
        return True
    try:
        return Requirement(requirement).specifier.contains(record.version, prereleases=True)
    except InvalidRequirement:
        return True
