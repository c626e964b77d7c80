"""What PyPI packages require (PEP 508), as it may ship."""

from __future__ import annotations

import re

from ._credentials import judge_url
from ._errors import LockError
from ._locations import find_scheme

MAX_TERMS = 1024
"""How many terms the two normal forms of a marker may have, multiplied: rattler's time grows with the power of them.

Measured with py-rattler 0.28: 0.4 s for 896, 2 s for 2,048, more than a minute for 10,240.
"""

_DIRECT = re.compile(r"\s*([^@;\[\s]+\s*(?:\[[^\]]*\])?)\s*@\s*([^\s;]+)(.*)", re.DOTALL)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[/\\]+[^\s\"'`;]+")
_TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|[()]|\b(?:and|or|in|extra)\b")
_ENOUGH = 1 << 20

Terms = tuple[int, int]
"""How many terms a marker has as an `or` of `and`s, and as an `and` of `or`s.

Only comparisons of extras and with ``in`` count: rattler keeps each of them as a question of its own. Comparisons
of a variable it merges. SQLAlchemy's marker names seven machines, with the same Python each time, and is read at once.
"""


def check_requirement(requirement: str, key: str) -> str:
    """Return a requirement as it may ship: without a path of this machine.

    :param key: key path, for messages.
    :raises LockError: if it contains a secret, or a marker that takes too long to read.
    """
    if ":" in requirement:
        for address in _ADDRESS.findall(requirement):
            # The fragment of an address here is a digest, a folder or a commit.
            verdict = judge_url(address.partition("#")[0])
            if verdict.exposure:
                raise LockError(verdict.describe("the requirement"), kind=verdict.kind, key=key, hint=verdict.hint)
    if ";" in requirement and is_complicated(requirement.partition(";")[2]):
        message = f"the marker of a requirement is too complicated: {requirement[:100]}"
        raise LockError(message, kind="invalid-value", key=key)
    if "@" in requirement and (match := _DIRECT.fullmatch(requirement)) and find_scheme(match[2]) in (None, "file"):
        return f"{match[1].strip()}{match[3]}"
    return requirement


def is_complicated(marker: str) -> bool:
    """Tell whether a marker is one that takes too long to read."""
    dnf, cnf = _count_terms(marker)
    return dnf * cnf > MAX_TERMS


def _count_terms(marker: str) -> Terms:
    """Count the terms of a marker; `and` binds more tightly than `or`."""
    frames: list[tuple[Terms, Terms]] = [_EMPTY]
    is_counted = False
    for token in [*_TOKEN.findall(marker), "and"]:
        alternatives, term = frames[-1]
        if token in ("extra", "in"):
            is_counted = True
        elif token in ("and", "or", ")") and is_counted:
            frames[-1] = alternatives, term = alternatives, _join_and(term, (1, 1))
            is_counted = False
        if token == "(":
            frames.append(_EMPTY)
        elif token == ")":
            _close(frames)
        elif token == "or":
            frames[-1] = (_join_or(alternatives, term), _TRUE)
    while len(frames) > 1:
        _close(frames)
    return _join_or(*frames[0])


def _close(frames: list[tuple[Terms, Terms]]) -> None:
    """Add what is in parentheses to the term that it is part of."""
    if len(frames) > 1:
        inner = _join_or(*frames.pop())
        frames[-1] = (frames[-1][0], _join_and(frames[-1][1], inner))


_TRUE: Terms = (1, 0)
_FALSE: Terms = (0, 1)
_EMPTY = (_FALSE, _TRUE)


def _join_and(one: Terms, other: Terms) -> Terms:
    return min(one[0] * other[0], _ENOUGH), min(one[1] + other[1], _ENOUGH)


def _join_or(one: Terms, other: Terms) -> Terms:
    if _TRUE in (one, other):  # it has nothing that counts
        return max(one, other)
    return min(one[0] + other[0], _ENOUGH), min(one[1] * other[1], _ENOUGH)
