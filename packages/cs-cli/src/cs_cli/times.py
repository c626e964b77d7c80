"""Times in documents."""

from __future__ import annotations

from datetime import UTC, datetime


def render_time(seconds: float) -> str:
    """Render a time as ISO 8601 in UTC, to the second.

    :param seconds: since 1970.
    """
    return datetime.fromtimestamp(int(seconds), UTC).isoformat().replace("+00:00", "Z")
