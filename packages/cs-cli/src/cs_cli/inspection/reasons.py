"""Why each package ships: what asks for it, on which way, and what only it brings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ..companions.dependencies import DependencyGraph, connect_packages
from ..project.derivation import Derivation
from .ownership import find_owners
from .summary import Inspection, PlatformSummary

Chain = tuple[str, ...]
"""Keys of packages, each of which needs the next one."""


@dataclass(frozen=True, kw_only=True)
class Reasons:
    """Why the packages of a platform ship. Packages are named by keys: ``conda:NAME`` or ``pypi:NAME``.

    :ivar platform: the workspace's name of the platform.
    :ivar graph: what needs what, and what the workspace asks for.
    """

    platform: str
    graph: DependencyGraph

    @cached_property
    def needed_by(self) -> Mapping[str, Chain]:
        """For each package, those that need it, sorted."""
        users: dict[str, list[str]] = {key: [] for key in self.graph.needs}
        for key in sorted(self.graph.needs):
            for needed in self.graph.needs[key]:
                users[needed].append(key)
        return {key: tuple(found) for key, found in users.items()}

    @cached_property
    def owners(self) -> Mapping[str, str | None]:
        """For each package, the nearest other one without which nothing would need it; ``None`` if there is none."""
        return find_owners(self.graph.needs, self.graph.roots)

    @cached_property
    def owned(self) -> Mapping[str, Chain]:
        """For each package, those that only it brings: without it, nothing would need them; sorted."""
        found: dict[str, list[str]] = {key: [] for key in self.graph.needs}
        for key in sorted(self.owners):
            owner = self.owners[key]
            while owner is not None:
                found[owner].append(key)
                owner = self.owners[owner]
        return {key: tuple(keys) for key, keys in found.items()}

    def explain(self, key: str) -> tuple[Chain, ...]:
        """Return the shortest chain from each root that leads to a package, the shortest first.

        Roots are what the workspace asks for, and what nothing asks for and nothing needs. The chain of a root to
        itself is the root alone.
        """
        following: dict[str, str | None] = {key: None}
        ahead = [key]
        while ahead:
            users = [(user, one) for one in ahead for user in self.needed_by[one] if user not in following]
            for user, one in users:
                following.setdefault(user, one)
            ahead = list(dict.fromkeys(user for user, _ in users))
        chains = (_follow(root, following) for root in self.graph.roots if root in following)
        return tuple(sorted(chains, key=lambda chain: (len(chain), chain)))


def _follow(key: str, following: Mapping[str, str | None]) -> Chain:
    chain = [key]
    while (after := following[chain[-1]]) is not None:
        chain.append(after)
    return tuple(chain)


def find_all_reasons(inspection: Inspection) -> dict[str, Reasons]:
    """Find why the packages of each platform ship, by its name."""
    return {one.name: find_reasons(inspection.derivation, one) for one in inspection.platforms}


def find_reasons(derivation: Derivation, platform: PlatformSummary) -> Reasons:
    """Find why the packages of a platform ship."""
    requested = [spec for spec in derivation.requested if spec.holds_for(platform.name)]
    pending = [supply.entry for supply in platform.supplies]
    graph = connect_packages(platform.packages, platform.wheels, requested, platform.subdir, pending)
    return Reasons(platform=platform.name, graph=graph)
