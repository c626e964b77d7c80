"""Drop packages after the solve, and report the effects."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

Graph = Mapping[str, Collection[str]]
"""For each package, the packages that it needs; all of them are keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPackage:
    """A package that a dropped one needs and that still stays.

    :ivar needed_by: packages that stay and need it; empty when only the workspace asks for it.
    :ivar requested: whether the workspace itself asks for it.
    """

    name: str
    needed_by: tuple[str, ...]
    requested: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LostDependency:
    """A package that stays although something that it needs was dropped."""

    package: str
    dependency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """What excluding one package did on one platform.

    :ivar removed: what went with it, because nothing else needs it.
    :ivar kept: what it or a removed package needs, and who keeps it.
    :ivar broken: packages that stay, and lost a dependency.
    :ivar size_bytes: of the archives of everything that went, as far as the lock has their sizes.
    """

    name: str
    platform: str
    removed: tuple[str, ...]
    kept: tuple[KeptPackage, ...]
    broken: tuple[LostDependency, ...]
    size_bytes: int = 0


def find_dropped(needs: Graph, exclude: Iterable[str], requested: Collection[str]) -> set[str]:
    """Find the packages to drop: those named, and those that only dropped packages need.

    Packages that need each other in a circle go when nothing outside the circle keeps them.

    :param needs: the packages and what each needs.
    :param exclude: names of packages to drop, even if others need them.
    :param requested: names that the workspace asks for; they stay unless they are named.
    :returns: the names to drop.
    """
    named = {name for name in exclude if name in needs}
    candidates = reach(needs, named, ())
    roots = (set(needs) - candidates) | (candidates & set(requested) - named)
    return candidates - reach(needs, roots, named)


def explain_exclusions(
    needs: Graph, exclude: Iterable[str], requested: Collection[str], dropped: Collection[str], platform: str
) -> list[Exclusion]:
    """Say for each excluded package what it took along, what stayed, and who lost a dependency.

    :param dropped: as ``find_dropped`` returned them.
    :param platform: name of the platform that the graph is of.
    :returns: one value for each excluded name that the platform has, sorted by name.
    """
    needed_by: dict[str, list[str]] = {name: [] for name in needs}
    for name in sorted(needs):
        for dependency in needs[name]:
            needed_by[dependency].append(name)
    exclusions = []
    for name in sorted(set(exclude)):
        if name in needs:
            gone = _reach_within(needs, name, dropped)
            exclusions.append(_explain(name, platform, needs, needed_by, gone, dropped, requested))
    return exclusions


def _explain(
    name: str,
    platform: str,
    needs: Graph,
    needed_by: Mapping[str, list[str]],
    gone: set[str],
    dropped: Collection[str],
    requested: Collection[str],
) -> Exclusion:
    stayed = {dependency for package in gone for dependency in needs[package]} - set(dropped)
    kept = [
        KeptPackage(
            name=package,
            needed_by=tuple(user for user in needed_by[package] if user not in dropped and user != package),
            requested=package in requested,
        )
        for package in sorted(stayed)
    ]
    broken = {(user, package) for package in gone for user in needed_by[package] if user not in dropped}
    return Exclusion(
        name=name,
        platform=platform,
        removed=tuple(sorted(gone - {name})),
        kept=tuple(kept),
        broken=tuple(LostDependency(package=user, dependency=package) for user, package in sorted(broken)),
    )


def reach(needs: Graph, roots: Iterable[str], barred: Collection[str] = ()) -> set[str]:
    """Return the roots and everything that they need, not looking at or past what is barred."""
    found = set(roots)
    waiting = list(found)
    while waiting:
        for dependency in needs.get(waiting.pop(), ()):
            if dependency not in found and dependency not in barred:
                found.add(dependency)
                waiting.append(dependency)
    return found


def _reach_within(needs: Graph, root: str, inside: Collection[str]) -> set[str]:
    """Return the root and everything that it needs, going only by way of ``inside``."""
    found = {root}
    waiting = [root]
    while waiting:
        for dependency in needs[waiting.pop()]:
            if dependency in inside and dependency not in found:
                found.add(dependency)
                waiting.append(dependency)
    return found
