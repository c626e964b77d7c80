"""Where a server may send a download."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit, urlunsplit

from ._answers import Answer
from ._errors import RefusedError
from ._urls import host_of, redact_url

LIMIT = 10
_STATUSES = {301, 302, 303, 307, 308}
_ALLOWED = {"http": ("http", "https"), "https": ("https",)}


def find_redirect(answer: Answer, address: str) -> str | None:
    """Return the address that an answer redirects to, or ``None`` if it does not.

    User and password in it are left out: what a server says is not what the user trusts it with.

    :param address: that was asked for.
    :raises RefusedError: if it leads from https to http, to another scheme, or is not an address.
    """
    location = answer.headers.get("Location")
    if answer.status not in _STATUSES or not location:
        return None
    try:
        parts = urlsplit(urljoin(address, location.strip()))
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise RefusedError(f"{host_of(address)} redirects to an address that cannot be used", kind="redirect")
    scheme = parts.scheme.lower()
    if scheme not in _ALLOWED[urlsplit(address).scheme.lower()]:
        why = "which is not encrypted" if scheme == "http" else f"and {scheme} is not supported"
        target = redact_url(parts.geturl())
        raise RefusedError(f"{host_of(address)} redirects to {target}, {why}", kind="redirect")
    return urlunsplit(parts._replace(scheme=scheme, netloc=parts.netloc.rpartition("@")[2], fragment=""))
