"""The order in which packages are installed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from heapq import heapify, heappop, heappush

Graph = Mapping[str, Collection[str]]
"""For each package, the packages that it needs; all of them are keys."""


def sort_by_dependency(needs: Graph) -> list[str]:
    """Sort packages so that each comes after those that it needs; ties are sorted by name.

    A circle of packages starts at Python if it contains Python, otherwise at the first name.

    :param needs: the packages and what each needs.
    :returns: every name once.
    """
    missing = {name: set(dependencies) - {name} for name, dependencies in needs.items()}
    needed_by: dict[str, list[str]] = {name: [] for name in needs}
    for name, dependencies in missing.items():
        for dependency in dependencies:
            needed_by[dependency].append(name)
    ready = [name for name, dependencies in missing.items() if not dependencies]
    heapify(ready)
    ordered: list[str] = []
    while missing:
        if not ready:
            ready.append(_choose_entry(missing))
        name = heappop(ready)
        del missing[name]
        ordered.append(name)
        for user in needed_by[name]:
            if user in missing and name in missing[user]:
                missing[user].discard(name)
                if not missing[user]:
                    heappush(ready, user)
    return ordered


def _choose_entry(missing: Mapping[str, set[str]]) -> str:
    """Choose the package to start with in a circle that needs nothing outside itself."""
    circle = _find_circle(missing)
    return "python" if "python" in circle else min(circle)


def _find_circle(missing: Mapping[str, set[str]]) -> set[str]:
    """Find a strongly connected set that needs nothing outside itself (Tarjan's first, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    path: list[str] = []
    root = min(missing)
    work = [(root, iter(sorted(missing[root])))]
    index[root] = low[root] = 0
    path.append(root)
    while work:
        name, dependencies = work[-1]
        for dependency in dependencies:
            if dependency not in index:
                index[dependency] = low[dependency] = len(index)
                path.append(dependency)
                work.append((dependency, iter(sorted(missing[dependency]))))
                break
            low[name] = min(low[name], index[dependency])
        else:
            if low[name] == index[name]:
                return set(path[path.index(name) :])
            work.pop()
            parent = work[-1][0]
            low[parent] = min(low[parent], low[name])
    raise AssertionError("a graph in which every package waits for another has a circle")
