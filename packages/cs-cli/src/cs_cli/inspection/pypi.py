"""What comes from PyPI, and what must be built first, as a person reads it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from cs_lock import list_names, redact_url

from ..terminal.console import format_count
from ..terminal.lines import Line, paint, whole
from ..wheels.supplies import Supply
from .summary import PlatformSummary

_USUAL_HOSTS = ("files.pythonhosted.org", "pypi.org")
_SHOWN = 6


def render_pypi(platforms: Sequence[PlatformSummary]) -> Iterator[Line]:
    """Render the packages that are wheels, and those that have no archive yet; platforms with the same share a line."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for platform in platforms:
        if texts := tuple(_describe(platform)):
            alike.setdefault(texts, []).append(platform.name)
    if alike:
        yield (paint("From PyPI and from source", "bold"),)
    for texts, names in alike.items():
        for text in texts:
            yield "  ", whole(f"{list_names(names)}:"), f" {text}"


def _describe(platform: PlatformSummary) -> Iterator[str]:
    if platform.wheels:
        native = sum(not wheel.is_pure for wheel in platform.wheels)
        yield f"{format_count(len(platform.wheels), 'wheel')}, {native or 'none'} of them for one platform only"
    yield from describe_places(platform)
    yield from _describe_supplies(platform.supplies)


def describe_places(platform: PlatformSummary) -> Iterator[str]:
    """Say which wheels are not from PyPI itself."""
    hosts = Counter(urlsplit(redact_url(wheel.url)).hostname or "" for wheel in platform.wheels if wheel.url)
    others = [f"{host} ({count})" for host, count in sorted(hosts.items()) if host not in _USUAL_HOSTS]
    if others:
        yield f"from hosts other than PyPI's: {', '.join(others)}"
    if local := [wheel.name for wheel in platform.wheels if wheel.is_local]:
        yield f"files on this machine, which the runtime will contain: {list_names(local, _SHOWN)}"


def _describe_supplies(supplies: Sequence[Supply]) -> Iterator[str]:
    built = [describe_source(one) for one in supplies if one.action == "build"]
    taken = [f"{one.file.path.name} for {one.entry.name}" for one in supplies if one.file is not None]
    missing = [describe_source(one) for one in supplies if one.action == "none"]
    for head, items in (
        ("will be built", built),
        ("taken from the archive folder", taken),
        ("without an archive", missing),
    ):
        if items:
            yield f"{head}: {list_names(items, _SHOWN)}"


def describe_source(supply: Supply) -> str:
    """Name a package with its source: ``demo (.)``."""
    return f"{supply.entry.name} ({supply.entry.place})"
