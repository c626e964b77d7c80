"""What packages ask of the machine: their virtual packages, reduced to comparisons of versions.

A runtime compares these before it installs anything, without knowing match specs. A reduction never asks for more than
the match spec does: a machine that a solver would accept is accepted. Versions of machines are whole numbers with dots.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ._microarchitectures import X86_64_LEVELS
from ._records import PackageRecord, parse_dependency_name

_SPEC = re.compile(r"(?:\S+::)?__\w+(?:\s+|(?=[=<>!~\[])|$)(?P<version>[^\s\[]*)(?:\s+(?P<build>[^\s\[]+))?")
_FUZZY = re.compile(r"(?P<version>=[^=].*?)=(?P<build>[^=<>!~]+)")
_TERM = re.compile(r"(?P<operator>[<>!=~]=?)?(?P<version>.+?)(?P<star>\.?\*)?")
_VERSION = re.compile(r"(?P<numbers>\d+(?:\.\d+)*)(?P<early>\.?(?!post)[a-z][a-z0-9.]*)?")

_CHECKED = frozenset({"__glibc", "__linux", "__osx", "__unix", "__win", "__cuda", "__archspec"})
"""What a runtime can find out about its machine: on any system, if only that the machine is another one."""
_PRESENT = {"linux": {"__linux", "__unix"}, "osx": {"__osx", "__unix"}, "win": {"__win"}}
"""What every machine of a system has."""
_BASIC = {"aarch64", "arm64", "ppc64le", "s390x"}
"""Families of processors whose subdir says it already."""

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What a package asks of the machine.

    :ivar package: its name.
    :ivar spec: what it asks for, as its record says.
    :ivar name: the virtual package, such as ``__glibc``.
    :ivar is_needed: whether the machine must have the virtual package.
    :ivar versions: comparisons that all have to hold, such as ``>=2.28``; the versions are whole numbers with dots.
    :ivar x86_64_level: lowest level of the x86-64 architecture (2, 3 or 4) for ``__archspec``. A microarchitecture
        asks for its level: more is not compared.
    """

    package: str
    spec: str
    name: str
    is_needed: bool
    versions: tuple[str, ...] = ()
    x86_64_level: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineRequirements:
    """What a set of packages asks of the machine.

    :ivar checked: what a runtime checks, without what something else in it implies.
    :ivar unchecked: what it cannot check.
    """

    checked: tuple[Requirement, ...]
    unchecked: tuple[Requirement, ...]


def find_requirements(records: Iterable[PackageRecord], subdir: str) -> MachineRequirements:
    """Find what packages ask of the machine.

    :param records: the packages of one platform.
    :param subdir: its conda subdir.
    """
    system, _, architecture = subdir.partition("-")
    checked: list[Requirement] = []
    unchecked: list[Requirement] = []
    for record in records:
        for spec, name, is_needed in _list_virtual(record):
            found = _reduce(record.name, spec, name, is_needed)
            if _is_given(found, system):
                continue
            if found is None or name not in _CHECKED or (found.x86_64_level and architecture != "64"):
                unchecked.append(Requirement(package=record.name, spec=spec, name=name, is_needed=is_needed))
            else:
                checked.append(found)
    return MachineRequirements(checked=_drop_implied(checked), unchecked=tuple(unchecked))


def _list_virtual(record: PackageRecord) -> Iterator[tuple[str, str, bool]]:
    """List the virtual packages of a record: match spec, name, whether it is needed."""
    for specs, is_needed in ((record.depends, True), (record.constrains, False)):
        for spec in specs:
            name = parse_dependency_name(spec)
            if name.startswith("__"):
                yield spec, name, is_needed


def reduce_versions(text: str) -> tuple[str, ...] | None:
    """Reduce the version part of a match spec to comparisons that it implies.

    :returns: comparisons that all have to hold; ``None`` if nothing is known of what it means.
    """
    if set(text) & set("()^$+!_-") - (set("!") if "!=" in text else set()):
        return None
    hull: _Range | None = None
    for alternative in text.split("|"):
        terms = [_reduce_term(term.strip()) for term in alternative.split(",")]
        if any(term is None for term in terms):
            return None
        meeting = _meet([term for term in terms if term is not None])
        hull = meeting if hull is None else _join(hull, meeting)
    assert hull is not None
    return tuple(f"{operator}{'.'.join(map(str, version))}" for operator, version in hull if version is not None)


_Bound = tuple[str, Version | None]
_Range = tuple[_Bound, _Bound]
"""A lower and an upper bound: an operator and a version; no version for none."""
_ANY: _Range = ((">=", None), ("<=", None))


def _reduce_term(term: str) -> _Range | None:
    match = _TERM.fullmatch(term)
    if term in ("", "*"):
        return _ANY
    if match is None:
        return None
    operator, star = match["operator"] or "", match["star"]
    if operator.startswith("!"):
        return _ANY
    version = _VERSION.fullmatch(match["version"])
    if version is None:
        return None
    numbers = tuple(map(int, version["numbers"].split(".")))
    if version["early"]:
        # A pre-release comes right before the version whose numbers it has.
        return _bound(operator, numbers, early=True) if operator in ("<", "<=", ">", ">=") else None
    if star and operator in ("", "=", "=="):
        return _starting_with(numbers)
    if operator == "~=":
        return ((">=", numbers), ("<", _following(numbers[:-1]))) if len(numbers) > 1 else None
    if operator == "=":
        return _starting_with(numbers)
    return ((">=", numbers), ("<=", numbers)) if operator in ("", "==") else _bound(operator, numbers, early=False)


def _bound(operator: str, numbers: Version, *, early: bool) -> _Range:
    if operator.startswith("<"):
        return (_ANY[0], ("<" if early else operator, numbers))
    return ((">=" if early else operator, numbers), _ANY[1])


def _starting_with(numbers: Version) -> _Range:
    return ((">=", numbers), ("<", _following(numbers)))


def _following(numbers: Version) -> Version:
    return (*numbers[:-1], numbers[-1] + 1)


def _strip(version: Version) -> Version:
    while version and version[-1] == 0:
        version = version[:-1]
    return version


def _lower_key(bound: _Bound) -> tuple[bool, Version, bool]:
    """Order lower bounds: what refuses more comes later."""
    operator, version = bound
    return (version is not None, _strip(version or ()), operator == ">")


def _upper_key(bound: _Bound) -> tuple[bool, Version, bool]:
    """Order upper bounds: what refuses more comes first."""
    operator, version = bound
    return (version is None, _strip(version or ()), operator == "<=")


def _meet(ranges: list[_Range]) -> _Range:
    return (max((low for low, _ in ranges), key=_lower_key), min((high for _, high in ranges), key=_upper_key))


def _join(one: _Range, other: _Range) -> _Range:
    return (min(one[0], other[0], key=_lower_key), max(one[1], other[1], key=_upper_key))


def _reduce(package: str, spec: str, name: str, is_needed: bool) -> Requirement | None:
    """Reduce a match spec; ``None`` if it says something that a runtime does not know."""
    match = _SPEC.fullmatch(spec.strip())
    if match is None:
        return None
    version, build = match["version"], match["build"]
    if build is None and (fuzzy := _FUZZY.fullmatch(version)):
        version, build = fuzzy["version"], fuzzy["build"]
    versions = reduce_versions(version)
    if versions is None:
        return None
    level = None
    if name == "__archspec":
        level = 1 if build in (None, "*", *_BASIC) else X86_64_LEVELS.get(build)
        if level is None:
            return None
        versions = ()
    elif build not in (None, "*"):
        return None
    found = level if level != 1 else None
    return Requirement(
        package=package, spec=spec, name=name, is_needed=is_needed, versions=versions, x86_64_level=found
    )


def _is_given(found: Requirement | None, system: str) -> bool:
    """Tell whether every machine of the system has what is asked for."""
    if found is None or found.versions or found.x86_64_level:
        return False
    return not found.is_needed or found.name in _PRESENT.get(system, ()) or found.name == "__archspec"


def _drop_implied(requirements: list[Requirement]) -> tuple[Requirement, ...]:
    kept: list[Requirement] = []
    for one in requirements:
        if not any(_implies(other, one) for other in kept):
            kept = [other for other in kept if not _implies(one, other)] + [one]
    return tuple(kept)


def _implies(one: Requirement, other: Requirement) -> bool:
    if one.name != other.name or one.is_needed < other.is_needed:
        return False
    ranges = [_meet([_ANY, *(_parse(text) for text in each.versions)]) for each in (one, other)]
    meeting = _meet(ranges)
    same = _lower_key(meeting[0]) == _lower_key(ranges[0][0]) and _upper_key(meeting[1]) == _upper_key(ranges[0][1])
    return same and (one.x86_64_level or 1) >= (other.x86_64_level or 1)


def _parse(comparison: str) -> _Range:
    operator = comparison.rstrip("0123456789.")
    numbers = tuple(map(int, comparison[len(operator) :].split(".")))
    return _bound(operator, numbers, early=False)
