"""Names that a user may have meant; ``cs_lock._suggestions`` is a copy, which the tests of ``cs_cli`` hold equal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LENGTH = 100
"""Characters of a name that are compared: the time grows with the square of their number."""


def sort_by_nearness(name: str, known: Iterable[str]) -> list[str]:
    """Sort names by similarity to a misspelt one, nearest first; ties alphabetically."""
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(b=name.lower()[:_LENGTH])

    def distance(candidate: str) -> tuple[float, str]:
        matcher.set_seq1(candidate.lower()[:_LENGTH])
        return -matcher.ratio(), candidate

    return sorted(known, key=distance)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Phrase a suggestion, or return ``None`` if no name is similar enough."""
    near = find_similar(name, known)
    return None if near is None else f"did you mean {near!r}?"


def find_similar(name: str, known: Iterable[str]) -> str | None:
    """Find the name that was probably meant, or return ``None`` if none is similar enough.

    Upper and lower case are the same, and the dashes before a flag do not make flags similar.
    """
    from difflib import get_close_matches

    candidates = {_simplify(one): one for one in sorted(known)}
    near = get_close_matches(_simplify(name), candidates, n=1)
    return candidates[near[0]] if near else None


def _simplify(name: str) -> str:
    return name.lower().lstrip("-")[:_LENGTH]
