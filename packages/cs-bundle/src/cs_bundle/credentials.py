"""Find the credentials of a host where rattler's tools keep them."""

from __future__ import annotations

import base64
import json
import netrc
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from .errors import FetchError

AUTH_FILE_VARIABLE = "RATTLER_AUTH_FILE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Hold what ``RATTLER_AUTH_FILE`` and ``.netrc`` say.

    :ivar by_host: the file's entries; a key is a host or ``*.`` and a domain.
    """

    by_host: Mapping[str, Any]
    netrc: netrc.netrc | None = None

    def authorize(self, url: str) -> tuple[str, dict[str, str]]:
        """Return the address to ask for and the headers to send.

        A conda token goes into the path, everything else into ``Authorization``; user and password in the address
        itself come first.
        """
        parts = urlsplit(url)
        userinfo, at, host_port = parts.netloc.rpartition("@")
        bare = urlunsplit(parts._replace(netloc=host_port))
        if at:
            user, _, password = userinfo.partition(":")
            return bare, _basic(unquote(user), unquote(password))
        entry = self._find(parts.hostname or "")
        if "BearerToken" in entry:
            return bare, {"Authorization": f"Bearer {entry['BearerToken']}"}
        if "CondaToken" in entry:
            path = f"/t/{quote(str(entry['CondaToken']), safe='')}{parts.path}"
            return urlunsplit(parts._replace(netloc=host_port, path=path)), {}
        if isinstance(basic := entry.get("BasicHTTP"), Mapping):
            return bare, _basic(str(basic.get("username", "")), str(basic.get("password", "")))
        return bare, self._from_netrc(parts.hostname or "")

    def _find(self, host: str) -> Mapping[str, Any]:
        # As rattler does it: the host itself, then wildcards from the longest to the shortest.
        labels = host.split(".")
        keys = [host, *("*." + ".".join(labels[index:]) for index in range(len(labels)))]
        entry: Any = next((self.by_host[key] for key in keys if key in self.by_host), {})
        return entry if isinstance(entry, Mapping) else {}

    def _from_netrc(self, host: str) -> dict[str, str]:
        found = self.netrc.authenticators(host) if self.netrc is not None else None
        return _basic(found[0], found[2] or "") if found is not None else {}


def load_credentials(environ: Mapping[str, str]) -> Credentials:
    """Load ``RATTLER_AUTH_FILE``, else ``~/.rattler/credentials.json``, and ``.netrc``.

    :raises FetchError: if the file that ``RATTLER_AUTH_FILE`` names cannot be used.
    """
    named = environ.get(AUTH_FILE_VARIABLE)
    if named:
        return Credentials(by_host=_load_auth_file(Path(named)), netrc=_load_netrc(environ))
    default = _home(environ) / ".rattler" / "credentials.json"
    return Credentials(by_host=_load_auth_file(default) if default.is_file() else {}, netrc=_load_netrc(environ))


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("HOME") or environ.get("USERPROFILE") or ".")


def _load_auth_file(path: Path) -> Mapping[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        # The message of a JSON error holds a position, not the content.
        raise FetchError(
            f"cannot read the credentials: {error}",
            kind="credentials",
            path=path,
            hint=f"correct the file, or unset {AUTH_FILE_VARIABLE}",
        ) from error
    if not isinstance(data, Mapping):
        raise FetchError("the credentials are not a JSON object of hosts", kind="credentials", path=path)
    return data


def _load_netrc(environ: Mapping[str, str]) -> netrc.netrc | None:
    path = Path(environ.get("NETRC") or _home(environ) / ".netrc")
    try:
        return netrc.netrc(str(path)) if path.is_file() else None
    except (OSError, ValueError, netrc.NetrcParseError):
        # The file belongs to other programs: what they tolerate must not fail a build.
        return None


def _basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")}
