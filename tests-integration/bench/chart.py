"""The report as a small SVG chart: two bars for each measurement."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

_WIDTH, _LEFT, _BAR, _GAP = 760, 250, 14, 14
_COLOURS = {"cs": "#0b7a75", "0.11.1": "#b8bdc4"}


def render_chart(report: dict[str, Any]) -> str:
    """Draw median wall times of both sides."""
    rows = [pairs for pairs in report["pairs"] if pairs["name"].startswith("first run")]
    longest = max(pairs["wall_s"][side]["median"] for pairs in rows for side in _COLOURS)
    scale = (_WIDTH - _LEFT - 70) / longest
    height = 40 + len(rows) * (2 * _BAR + _GAP) + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}"',
        ' font-family="sans-serif" font-size="13">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        '<text x="12" y="22" font-weight="bold">'
        f"Seconds to the delegate's output, median of {rows[0]['rounds']} runs</text>",
    ]
    for index, pairs in enumerate(rows):
        top = 40 + index * (2 * _BAR + _GAP)
        parts.append(f'<text x="12" y="{top + 18}">{escape(pairs["name"])}</text>')
        for line, side in enumerate(_COLOURS):
            parts.append(_bar(pairs["wall_s"][side]["median"], scale, top + line * _BAR, side))
    machine = report["machine"]
    note = f"{machine['packages']} packages, {machine['packed_mb']} MB; grey: {machine['peer']}; {machine['date']}"
    parts.append(f'<text x="12" y="{height - 10}" fill="#555">{escape(note)}</text></svg>')
    return "\n".join(parts) + "\n"


def _bar(seconds: float, scale: float, top: int, side: str) -> str:
    width = max(seconds * scale, 1)
    return (
        f'<rect x="{_LEFT}" y="{top}" width="{width:.1f}" height="{_BAR - 2}" fill="{_COLOURS[side]}"/>'
        f'<text x="{_LEFT + width + 6:.1f}" y="{top + _BAR - 3}">{seconds:.2f}</text>'
    )
