"""What the platforms of an inspection have in common, each in a few words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from cs_bundle import format_bytes
from cs_lock import Exclusion, Requirement, list_names

from ..problem_text import name_platforms
from ..terminal.console import format_count
from .pypi import describe_places
from .summary import Inspection, PlatformSummary

_SHOWN = 6


def _fold(texts: Iterable[tuple[str, str]], platforms: Sequence[PlatformSummary]) -> Iterator[str]:
    """Yield each text once, with the platforms that it is about.

    :param texts: names of platforms, with a text each.
    """
    alike: dict[str, list[str]] = {}
    for name, text in texts:
        alike.setdefault(text, []).append(name)
    for text, names in alike.items():
        yield f"{text}{name_platforms(names, [one.name for one in platforms])}"


def list_largest(platforms: Sequence[PlatformSummary]) -> list[tuple[str, int]]:
    """List packages with the size of the archive on the platform where it is largest, the largest first."""
    sizes: dict[str, int] = {}
    for platform in platforms:
        for one in platform.locked:
            if one.size_bytes:
                sizes[one.name] = max(one.size_bytes, sizes.get(one.name, 0))
    return sorted(sizes.items(), key=lambda item: (-item[1], item[0]))


def fold_licenses(platforms: Sequence[PlatformSummary]) -> list[tuple[str, int]]:
    """Count the conda packages of all platforms by licence, the commonest first; each name counts once."""
    found = {(record.name, record.license or "unknown") for one in platforms for record in one.packages}
    counts = Counter(license for _, license in found)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def fold_pypi(platforms: Sequence[PlatformSummary]) -> Iterator[str]:
    """Say how many packages come from PyPI, and how those without a wheel get one."""
    return _fold(((one.name, text) for one in platforms if (text := _describe_pypi(one))), platforms)


def _describe_pypi(platform: PlatformSummary) -> str:
    parts = []
    if platform.wheels:
        native = sum(not wheel.is_pure for wheel in platform.wheels)
        own = f" ({native} for one platform only)" if native else ""
        parts.append(f"{format_count(len(platform.wheels), 'wheel')}{own}")
    for action, head in (("build", "to build"), ("take", "from the archive folder")):
        if names := [supply.entry.name for supply in platform.supplies if supply.action == action]:
            parts.append(f"{head}: {list_names(names, _SHOWN)}")
    if count := sum(supply.action == "none" for supply in platform.supplies):
        parts.append(f"{count} without an archive")
    return "; ".join([*parts, *describe_places(platform)])


def fold_needs(platforms: Sequence[PlatformSummary]) -> Iterator[str]:
    """Name the virtual packages that the packages need, each with the newest version that one of them asks for."""
    return _fold(((one.name, text) for one in platforms for text in _name_needs(one)), platforms)


def _name_needs(platform: PlatformSummary) -> Iterator[str]:
    requirements, asked = platform.requirements, dict[str, list[tuple[tuple[int, ...], str]]]()
    for one in (*requirements.checked, *requirements.unchecked):
        texts = [text for text in one.versions if text.startswith(">=")] or ["" if one.versions else _strip(one)]
        asked.setdefault(f"{one.name}{'' if one.is_needed else ' (if present)'}", []).append(max(map(_rank, texts)))
    for name, found in asked.items():
        yield f"{name} {max(found)[1]}".rstrip()


def _rank(text: str) -> tuple[tuple[int, ...], str]:
    return tuple(map(int, re.findall(r"\d+", text))), text


def _strip(requirement: Requirement) -> str:
    """Return what a match spec says after the name."""
    return requirement.spec.partition(requirement.name)[2].strip()


def fold_delegates(inspection: Inspection) -> Iterator[str]:
    """Say where the delegate is."""
    found = ((check.platform, check.found) for check in inspection.delegate_checks if check.found is not None)
    return _fold(found, inspection.platforms)


def fold_exclusions(inspection: Inspection) -> Iterator[str]:
    """Say for each excluded package how much goes with it."""
    platforms = [one.name for one in inspection.platforms]
    by_name: dict[str, list[Exclusion]] = {}
    for one in inspection.exclusions:
        by_name.setdefault(one.name, []).append(one)
    for name, effects in by_name.items():
        counts, sizes = ({count(one) for one in effects} for count in (_count_removed, _measure))
        along = f" and {_show_range(counts)} that only it needs" if max(counts) else ""
        size = f", which saves {_show_sizes(sizes)}" if max(sizes) else ""
        where = name_platforms([one.platform for one in effects], platforms)
        yield f"{name}{along}{size}{where}"


def _count_removed(exclusion: Exclusion) -> int:
    return len(exclusion.removed)


def _measure(exclusion: Exclusion) -> int:
    return exclusion.size_bytes


def _show_range(counts: Iterable[int]) -> str:
    low, high = min(counts), max(counts)
    return format_count(high, "package") if low == high else f"{low} to {high} packages"


def _show_sizes(sizes: Iterable[int]) -> str:
    low, high = format_bytes(min(sizes)), format_bytes(max(sizes))
    return high if low == high else f"{low} to {high}"
