"""Read ``.netrc`` files as curl does.

Python's own reader refuses a whole file for one line that it does not understand. Here such a line is skipped: the file
belongs to other programs, and a build must find its credentials where they do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|("[^\n]*)|([^ \t\r]+)')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_ENTRIES = ("machine", "default", "macdef")
_KEYWORDS = (*_ENTRIES, "login", "user", "password", "account")


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """User and password of one entry; never shown."""

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Netrc:
    """What a file says.

    :ivar machines: by host in lower case; the first entry of a host counts.
    :ivar default: for every other host.
    """

    machines: Mapping[str, Login] = field(default_factory=dict)
    default: Login | None = None

    def find(self, host: str) -> Login | None:
        """Find the login for a host that the user named: the default entry counts too."""
        return self.machines.get(host.lower(), self.default)


def parse_netrc(text: str) -> Netrc:
    """Read the text of a file; never fails."""
    machines: dict[str, Login] = {}
    default: Login | None = None
    for host, values in _entries(text):
        login = Login(user=values.get("login", values.get("user", "")), password=values.get("password", ""))
        if not values.keys() & {"login", "user", "password"}:
            continue
        if host is None:
            default = default or login
        else:
            machines.setdefault(host.lower(), login)
    return Netrc(machines=machines, default=default)


def _entries(text: str) -> Iterator[tuple[str | None, dict[str, str]]]:
    """Yield host, or ``None`` for the default entry, and values."""
    host: str | None = None
    values: dict[str, str] | None = None
    for keyword, value in _pairs(text):
        if keyword in _ENTRIES:
            if values is not None:
                yield host, values
            host, values = value, ({} if keyword == "default" or value else None)
        elif values is not None and value is not None:
            values[keyword] = value
    if values is not None:
        yield host, values


def _pairs(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield keywords with their values; ``None`` for a value that is missing or malformed.

    A keyword at the beginning of a line is never the value of the line before: a forgotten value must not hand the
    login of one host to another.
    """
    pending: str | None = None
    lines = iter(text.split("\n"))
    for line in lines:
        tokens = _tokens(line)
        if pending and tokens:
            yield pending, None if tokens[0] in _KEYWORDS else tokens.pop(0)
            pending = None
        while tokens:
            keyword = tokens.pop(0)
            if keyword is not None and keyword.startswith("#"):
                break
            if keyword == "macdef":
                yield keyword, None
                _skip_macro(lines)
                break
            if keyword == "default":
                yield keyword, None
            elif keyword in _KEYWORDS and tokens:
                yield str(keyword), tokens.pop(0)
            elif keyword in _KEYWORDS:
                pending = keyword


def _skip_macro(lines: Iterator[str]) -> None:
    """Step over the commands of a macro, which ends with an empty line."""
    for line in lines:
        if not line.strip():
            return


def _tokens(line: str) -> list[str | None]:
    """Split a line; ``None`` for a quoted token without its end."""
    found: list[str | None] = []
    for match in _TOKEN.finditer(line):
        quoted, broken, plain = match.groups()
        if quoted is not None:
            found.append(_ESCAPE.sub(lambda escape: _ESCAPED.get(escape[1], escape[1]), quoted))
        else:
            found.append(None if broken is not None else plain)
    return found
