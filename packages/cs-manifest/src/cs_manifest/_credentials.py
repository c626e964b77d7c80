"""Credentials in addresses, in every spelling that an HTTP library accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import unquote

# Patterns, not compiled ones: most runs need none of them.
_START = r"(?:[A-Za-z][A-Za-z0-9+.-]*:[/\\]+|[/\\]{2,})"
_ADDRESS = rf"""{_START}[^\s"'`]*"""
_PARTS = rf"(?s)({_START})([^/\\?#]*)([^?#]*)(\?[^#]*|)(#.*|)"
# A password with a raw slash, question mark or hash: not a valid URL, but still a secret.
_STRAY_USER = rf"(?s)(?P<start>{_START})(?P<authority>[^/\\@\[]*:.*@[^/\\?#]*)"
_PLAIN_PATH = r"(?:/(?!\.\.?(?:/|$))[^/\\%]+)*/?"
_PLACEHOLDER = r"\$\{\w+\}|\$\w+|<[\w ]+>"
_TOPIC = r"(?i)/t/[^/]+(?:/[0-9]+){1,2}/?"
_SECRET_NAME = r"(?i)token|secret|passw|pwd|^pass$|signature|^sig$|credential|auth|jwt|^sas$|^code$|api[_-]?key|^key$"
_SLASHES = frozenset("/\\")
MASK = "***"
CREDENTIALS_HINT = "revoke them, and put new ones into a file that RATTLER_AUTH_FILE names"
_ROUNDS = 8


class _Address(NamedTuple):
    """The parts of an address, as they were written."""

    start: str
    authority: str
    path: str
    query: str
    fragment: str

    @classmethod
    def split(cls, text: str) -> _Address:
        match = re.match(_PARTS, text)
        if match is None:
            return cls("", "", text, "", "")
        authority = match[2]
        has_password = "@" not in authority and not re.fullmatch(r"[^:]*(:[0-9]*)?", authority)
        stray = re.match(_STRAY_USER, text) if has_password else None
        if stray is None:
            return cls(match[1], authority, match[3], match[4], match[5])
        return cls.split(f"{stray['start']}x{text[stray.end() :]}")._replace(authority=stray["authority"])


def _normalize(text: str) -> str:
    """Undo what a library may undo: repeated percent-encoding, and backslashes for slashes."""
    for _ in range(_ROUNDS):
        decoded = unquote(text)
        if decoded == text:
            break
        text = decoded
    return text.replace("\\", "/")


def _find_tokens(parts: _Address) -> list[str]:
    """Find the segments after ``/t/``, with and without ``..`` resolved: one is sent, both ship."""
    segments = [one for one in _normalize(parts.authority + parts.path).split("/") if one not in ("", ".")]
    followed: list[str] = []
    for segment in segments:
        if segment == "..":
            followed[-1:] = []
        else:
            followed.append(segment)
    places = (segments, followed)
    return [after for place in places for before, after in pairwise(place) if before.lower() == "t" and after != ".."]


def _find_user(authority: str) -> str | None:
    user, separator, _ = _normalize(authority).rpartition("@")
    return user if separator else None


def holds_credentials(address: str, *, placeholders: bool = False) -> bool:
    """Tell whether an address holds user information or a token (``/t/TOKEN/``).

    :param placeholders: whether variables that conda expands, such as ``${TOKEN}``, are allowed.
    """
    parts = _Address.split(address)
    user = _find_user(parts.authority)
    secrets = _find_tokens(parts) + ([] if user is None else [user.rpartition(":")[2]])
    return any(not (placeholders and re.fullmatch(_PLACEHOLDER, one)) for one in secrets)


def holds_extras(address: str) -> bool:
    """Tell whether an address has a query or a fragment, in which anything may be a credential."""
    parts = _Address.split(address)
    return bool(parts.query[1:] or parts.fragment[1:] or re.search("[?#]", _normalize(parts.path)))


def holds_page_credentials(address: str) -> bool:
    """Tell whether the address of a page holds credentials: pages may have queries, and topics of a forum ``/t/``."""
    parts = _Address.split(address)
    names = [part.partition("=")[0] for part in re.split("[?#&;]", _normalize(parts.query + parts.fragment))]
    topic = "" if re.fullmatch(_TOPIC, parts.path) else parts.path
    return any(re.search(_SECRET_NAME, name) for name in names) or holds_credentials(
        f"{parts.start}{parts.authority}{topic}"
    )


def find_addresses(text: str) -> Iterator[tuple[str, int]]:
    """Find everything in a text that looks like an address with a host, with its offset."""
    for match in re.finditer(_ADDRESS, text) if _SLASHES.intersection(text) else ():
        yield match.group(), match.start()


def mask_credentials(text: str) -> str:
    """Replace the credentials of all addresses in a text, and their queries and fragments, by ``***``."""
    return re.sub(_ADDRESS, lambda match: _mask_address(match.group()), text) if _SLASHES.intersection(text) else text


def _mask_address(address: str) -> str:
    parts = _Address.split(address)
    authority, path = parts.authority, parts.path
    if _find_user(authority) is not None:
        authority = f"{MASK}@{authority.rpartition('@')[2]}" if "@" in authority else MASK
    if _find_tokens(parts):
        is_plain = re.fullmatch(_PLAIN_PATH, path)
        path = re.sub(r"(?i)(?<=/t/)[^/]+", MASK, path) if is_plain else f"/{MASK}"
        authority = authority if re.fullmatch(_PLAIN_PATH, f"/{authority}") else MASK
    if re.search("[?#]", _normalize(path)):
        path = f"/{MASK}"
    query, fragment = (part[:1] + (MASK if part[1:] else "") for part in (parts.query, parts.fragment))
    return f"{parts.start}{authority}{path}{query}{fragment}"
