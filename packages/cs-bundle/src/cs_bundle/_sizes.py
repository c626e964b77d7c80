"""Sizes, as people read them."""

from __future__ import annotations


def format_bytes(count: int) -> str:
    """Render a number of bytes in decimal units, as package indexes do: ``17.5 MB``."""
    if count < 1000:
        return f"{count} B"
    value, unit = count / 1000, "kB"
    for larger in ("MB", "GB"):
        if value >= 999.95:
            value, unit = value / 1000, larger
    return f"{value:.1f} {unit}"
