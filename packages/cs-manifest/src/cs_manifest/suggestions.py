"""Names that somebody may have meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def sort_by_nearness(name: str, known: Iterable[str]) -> list[str]:
    """Sort names by how near they are to a misspelt one, nearest first; ties alphabetically."""
    from difflib import SequenceMatcher

    def distance(candidate: str) -> tuple[float, str]:
        return -SequenceMatcher(None, name.lower()[:100], candidate.lower()[:100]).ratio(), candidate

    return sorted(known, key=distance)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Phrase a suggestion, or ``None`` when nothing is near enough."""
    from difflib import get_close_matches

    matches = get_close_matches(name.lower()[:100], sorted(known), n=1, cutoff=0.6)
    return f"did you mean {matches[0]}?" if matches else None
