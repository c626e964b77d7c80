"""Show addresses without what must stay secret."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

_CONDA_TOKEN = re.compile(r"/t/[^/]+(?=/|$)")


def redact_url(url: str) -> str:
    """Return an address without user, password, conda token and query."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "(an address that cannot be parsed)"
    path = _CONDA_TOKEN.sub("/t/********", parts.path)
    return urlunsplit((parts.scheme, host, path, "********" if parts.query else "", ""))
