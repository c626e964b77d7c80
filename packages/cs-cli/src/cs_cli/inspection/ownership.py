"""Which package is the only way to another: what would leave the runtime together with it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

_START = ""
"""Stands before the roots; no package has this key."""


def find_owners(needs: Mapping[str, Collection[str]], roots: Iterable[str]) -> dict[str, str | None]:
    """Find for each package the nearest other one that is on every way from a root to it.

    In terms of flow graphs these are the immediate dominators, found as by Cooper, Harvey and Kennedy, "A Simple, Fast
    Dominance Algorithm" (2001).

    :param needs: what each package needs, by key; everything is a key.
    :param roots: where the ways start.
    :returns: the owner of each package that is reached; ``None`` if there is no such package, as for roots.
    """
    graph = {**needs, _START: sorted(set(roots))}
    order = _sort_postorder(graph)
    rank = {key: at for at, key in enumerate(order)}
    users: dict[str, list[str]] = {key: [] for key in order}
    for key in order:
        for needed in graph[key]:
            users[needed].append(key)
    owners = {_START: _START}
    is_settled = False
    while not is_settled:
        is_settled = True
        for key in reversed(order[:-1]):
            found = _meet([user for user in users[key] if user in owners], owners, rank)
            is_settled = is_settled and owners.get(key) == found
            owners[key] = found
    return {key: None if owners[key] == _START else owners[key] for key in order[:-1]}


def _sort_postorder(graph: Mapping[str, Collection[str]]) -> list[str]:
    """Return what is reached from the start, each after what it needs, as far as there are no circles."""
    order: list[str] = []
    seen = {_START}
    path = [(_START, iter(sorted(graph[_START])))]
    while path:
        key, ahead = path[-1]
        following = next((one for one in ahead if one not in seen), None)
        if following is None:
            order.append(key)
            path.pop()
        else:
            seen.add(following)
            path.append((following, iter(sorted(graph[following]))))
    return order


def _meet(users: list[str], owners: Mapping[str, str], rank: Mapping[str, int]) -> str:
    """Return the nearest package that owns, or is, every one of these."""
    first, *others = users
    for other in others:
        while first != other:
            if rank[first] < rank[other]:
                first = owners[first]
            else:
                other = owners[other]
    return first
