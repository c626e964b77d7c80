"""Which packages have which licence, as a person reads it (``cs inspect --licenses``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cs_lock import list_names

from ..terminal.lines import Line, paint
from .summary import LicenseGroup, PlatformSummary


def render_licenses(platforms: Sequence[PlatformSummary]) -> Iterator[Line]:
    """Render a line for each licence with all of its packages; platforms with the same packages share it."""
    alike: dict[LicenseGroup, list[str]] = {}
    for platform in platforms:
        for group in platform.license_groups or ():
            alike.setdefault(group, []).append(platform.name)
    if alike:
        yield (paint("Licences", "bold"),)
    for group, names in sorted(alike.items(), key=lambda item: (item[0].sort_key, item[1])):
        denied = (" ", paint("(denied)", "red")) if group.is_denied else ()
        where = f" ({list_names(names)})" if len(names) < len(platforms) else ""
        yield "  ", paint(group.label, "cyan"), *denied, f": {', '.join(group.packages)}{where}"
