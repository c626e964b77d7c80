"""Show addresses without what must stay secret.

``cs_lock`` imports no sibling and has a copy of these rules; the tests of ``cs_cli`` hold both against one table.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit, urlunsplit

HIDDEN = "********"
"""Stands where a secret was."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[/\\]{2}[^\s'\"<>]*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[/\\]{2}")
_SUSPICIOUS = re.compile(r"%|\\|//|/\.|/[tT]/")


def redact_url(url: str) -> str:
    """Return an address without user, password, conda token, query and fragment, however they are spelled.

    A path is shown as it is unless it holds a token: then it is shown decoded, so that nothing hides in an encoding.
    """
    try:
        parts = urlsplit(url.replace("\\", "/"))
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "(an address that cannot be parsed)"
    query = HIDDEN if parts.query else ""
    return urlunsplit((parts.scheme, host, _hide_tokens(parts.path), query, HIDDEN if parts.fragment else ""))


def redact_text(text: str) -> str:
    """Redact every address in a text, such as another library's message."""
    return _URL.sub(lambda match: redact_url(match.group()), text)


def host_of(url: str) -> str:
    """Return host and port of an address, for messages."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or "the server"
    except ValueError:
        return "the server"


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Return scheme, host and port of an address: credentials for one origin do not go to another one.

    :raises ValueError: if it is not an address.
    """
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or {"http": 80, "https": 443}.get(scheme)


def _hide_tokens(path: str) -> str:
    """Replace what follows a component ``t``, as ``/t/TOKEN/`` is read by every channel server."""
    if not _SUSPICIOUS.search(path):
        return path
    components = _normalise(path)
    hidden = [
        HIDDEN if before.lower() == "t" and component else component
        for before, component in zip(["", *components], components, strict=False)
    ]
    return path if hidden == components else "/".join(hidden)


def _normalise(path: str) -> list[str]:
    """Decode a path until nothing is left to decode, and resolve its dots and empty components."""
    while (decoded := unquote(path)) != path:
        path = decoded
    head, *rest = path.replace("\\", "/").split("/")
    components: list[str] = [head]
    for component in rest:
        if component == "..":
            del components[max(len(components) - 1, 1) :]
        elif component not in ("", "."):
            components.append(component)
    return components
