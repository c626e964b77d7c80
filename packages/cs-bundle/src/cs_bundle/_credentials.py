"""Find the credentials of a host where rattler's tools keep them."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import json
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from ._errors import FetchError
from ._home import find_home
from ._netrc import Netrc, parse_netrc

AUTH_FILE_VARIABLE = "RATTLER_AUTH_FILE"

_LIMIT_BYTES = 1 << 20
"""Limit for a file with credentials, in bytes."""
_TOKEN = re.compile(r"[\x21-\x7e]+")
_NOT_IN_PATH = frozenset("/?#\\")
# rattler's forms of an entry: a token, or an object with these texts.
_FORMS: Mapping[str, tuple[str, ...]] = {
    "BearerToken": (),
    "CondaToken": (),
    "BasicHTTP": ("username", "password"),
    "S3Credentials": ("access_key_id", "secret_access_key"),
    "OAuth": ("access_token", "token_endpoint", "client_id"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What ``RATTLER_AUTH_FILE`` and ``.netrc`` say.

    :ivar by_host: the file's entries; a key is a host or ``*.`` and a domain.
    :ivar path: the file, for messages.
    """

    by_host: Mapping[str, Any] = field(default_factory=dict, repr=False)
    netrc: Netrc = field(default_factory=Netrc, repr=False)
    path: Path | None = None

    def authorize(self, url: str) -> tuple[str, dict[str, str]]:
        """Return the address to ask for and the headers to send.

        A conda token goes into the path, everything else into ``Authorization``; user and password in the address
        itself come first.

        :param url: that a lock names: credentials of one host are never sent to another.
        :raises FetchError: of kind ``credentials`` if those of the host cannot be used.
        """
        parts = urlsplit(url)
        userinfo, at, host_port = parts.netloc.rpartition("@")
        bare = urlunsplit(parts._replace(netloc=host_port))
        if at:
            user, _, password = userinfo.partition(":")
            return bare, render_basic(unquote(user), unquote(password))
        host = parts.hostname or ""
        key, entry = self._find(host)
        if "CondaToken" in entry:
            token = self._token(key, entry["CondaToken"])
            if not _NOT_IN_PATH.isdisjoint(token):
                raise _unusable(self.path, key, "its token contains a character that is not allowed in a URL")
            path = f"/t/{quote(token, safe='')}{parts.path}"
            return urlunsplit(parts._replace(netloc=host_port, path=path)), {}
        return bare, self.headers_for(host)

    def headers_for(self, host: str) -> dict[str, str]:
        """Return the ``Authorization`` header for a host, if there is one.

        :raises FetchError: of kind ``credentials`` if its entry cannot be used.
        """
        key, entry = self._find(host)
        if "BearerToken" in entry:
            return {"Authorization": f"Bearer {self._token(key, entry['BearerToken'])}"}
        if "OAuth" in entry:
            login = entry["OAuth"]
            return {"Authorization": f"Bearer {self._token(key, _take(login, 'access_token'))}"}
        if "BasicHTTP" in entry:
            user, password = (_take(entry["BasicHTTP"], name) for name in ("username", "password"))
            if user is None or password is None:
                raise _unusable(self.path, key, "its BasicHTTP is not an object with username and password")
            return render_basic(user, password)
        login = self.netrc.find(host)
        return {} if login is None else render_basic(login.user, login.password)

    def _find(self, host: str) -> tuple[str, Mapping[str, Any]]:
        # As rattler does it: the host itself, then wildcards from the longest to the shortest; addresses have none.
        labels = host.split(".")
        wildcards = () if _is_ip(host) else ("*." + ".".join(labels[index:]) for index in range(len(labels)))
        key = next((key for key in (host, *wildcards) if key in self.by_host), None)
        if key is None:
            return host, {}
        entry = self.by_host[key]
        if not isinstance(entry, Mapping):
            raise _unusable(self.path, key, "its entry is not an object")
        return key, entry

    def _token(self, key: str, token: object) -> str:
        if not isinstance(token, str):
            raise _unusable(self.path, key, "its token is not a string")
        # A line end around it, as `echo` leaves one, does not belong to it: the runtime has it so, too.
        token = token.strip()
        if not _TOKEN.fullmatch(token):
            raise _unusable(self.path, key, "its token is empty, or contains white space or a control character")
        return token


def _take(login: object, name: str) -> str | None:
    value = login.get(name) if isinstance(login, Mapping) else None
    return value if isinstance(value, str) else None


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def load_credentials(environ: Mapping[str, str]) -> Credentials:
    """Load ``RATTLER_AUTH_FILE``, else ``~/.rattler/credentials.json``, and ``.netrc``.

    :raises FetchError: if the file that ``RATTLER_AUTH_FILE`` names cannot be used.
    """
    home, named = find_home(environ), environ.get(AUTH_FILE_VARIABLE)
    netrc = _load_netrc(environ, home)
    if named:
        return Credentials(by_host=_load_auth_file(Path(named)), netrc=netrc, path=Path(named))
    default = None if home is None else home / ".rattler" / "credentials.json"
    # Other tools use that file too: an entry that cannot be read is skipped, as the runtime does.
    with contextlib.suppress(FetchError):
        return Credentials(by_host={} if default is None else _load_auth_file(default), netrc=netrc, path=default)
    return Credentials(netrc=netrc)


def _load_auth_file(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(_read_start(path, _LIMIT_BYTES).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        # The message of a JSON error holds a position, not the content; the error itself holds all of it.
        missing = isinstance(error, OSError)
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise FetchError(
            f"cannot read the credentials: {reason}",
            kind="cannot-read" if missing else "credentials",
            path=path,
            hint=f"correct the file, or name another one in {AUTH_FILE_VARIABLE}",
        ) from None
    if not isinstance(data, Mapping):
        raise FetchError("the credentials are not a JSON object of hosts", kind="credentials", path=path)
    for host, entry in data.items():
        _check_entry(path, host, entry)
    return data


def _check_entry(path: Path, host: str, entry: object) -> None:
    """Refuse an entry that is not in one of rattler's forms, whatever host it is for: so does the runtime."""
    if not isinstance(entry, Mapping) or len(entry) != 1:
        raise _unusable(path, host, "its entry is not an object with one key")
    (form, value), *_ = entry.items()
    if form not in _FORMS:
        raise _unusable(path, host, f"it must contain one of {', '.join(_FORMS)}")
    if not _FORMS[form] and not isinstance(value, str):
        raise _unusable(path, host, "its token is not a string")
    if _FORMS[form] and any(_take(value, name) is None for name in _FORMS[form]):
        raise _unusable(path, host, f"its {form} is not an object with {' and '.join(_FORMS[form])}")


def _unusable(path: Path | None, key: str, why: str) -> FetchError:
    return FetchError(
        f"cannot use the credentials of {key}: {why}",
        kind="credentials",
        path=path,
        hint="correct the entry",
    )


def _read_start(path: Path, limit_bytes: int) -> bytes:
    """Read a file up to a limit; a file that is cut off is not valid JSON, and not a ``.netrc`` entry."""
    with path.open("rb") as file:
        return file.read(limit_bytes)


def _load_netrc(environ: Mapping[str, str], home: Path | None) -> Netrc:
    names = [Path(environ["NETRC"])] if environ.get("NETRC") else []
    if not names and home is not None:
        names = [home / ".netrc", home / "_netrc"]  # the second as curl looks for it on Windows
    for path in names:
        # The file belongs to other programs: one that cannot be read must not fail a build.
        with contextlib.suppress(OSError):
            if stat.S_ISREG(path.stat().st_mode):  # reading a pipe could block for ever
                text = _read_start(path, _LIMIT_BYTES).decode("utf-8-sig", errors="surrogateescape")
                return parse_netrc(text)
    return Netrc()


def render_basic(user: str, password: str) -> dict[str, str]:
    """Render a login as a header; bytes that are not UTF-8 are sent unchanged."""
    login = f"{user}:{password}".encode(errors="surrogateescape")
    return {"Authorization": "Basic " + base64.b64encode(login).decode("ascii")}
