"""What went wrong with a download, and whether another attempt may succeed."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx2

from ._answers import Answer
from ._errors import BundleError, FetchError
from ._http import TIMEOUTS_S
from ._room import disk_full, is_full
from ._urls import redact_url
from ._wanted import WantedArchive

NOTICED_S = 2.0
"""A shorter wait is not worth telling anybody about."""
_RETRIED_STATUSES = {408, 425, 429, 500, 502, 503, 504}
_STATUS_HINTS = {
    401: "give credentials for this host in RATTLER_AUTH_FILE",
    403: "the credentials in RATTLER_AUTH_FILE may not suffice for this host",
    404: "the channel may have removed the package: update the source lock",
    407: "put user and password into the proxy's address",
}


class TryAgainError(Exception):
    """A failure after which another attempt may succeed, and how long the server asks to wait.

    :ivar host: that asks for it.
    """

    def __init__(self, error: BundleError, wait_s: float | None = None, host: str = "") -> None:
        super().__init__(str(error))
        self.error = error
        self.wait_s = wait_s
        self.host = host


def cache_failure(error: OSError, path: Path, request: WantedArchive) -> BundleError:
    """Describe a cache that cannot be written to."""
    if is_full(error):
        return disk_full(path, request.size_bytes)
    reason = error.strerror or str(error)
    return FetchError(f"cannot write to the cache: {reason}", kind="cannot-write", path=path, name=request.file_name)


def explain_status(request: WantedArchive, answer: Answer, host: str) -> Exception:
    hint = _STATUS_HINTS.get(answer.status)
    wait_s = _parse_wait(answer.headers.get("Retry-After", ""))
    asked = "" if wait_s is None or wait_s < NOTICED_S else f" and asks to wait {wait_s:.0f} s"
    error = fetch_error(request, f"{host} answers {answer.status}{asked}", hint, kind="http-status")
    error.actual = str(answer.status)
    return TryAgainError(error, wait_s, host) if answer.status in _RETRIED_STATUSES else error


def _parse_wait(value: str) -> float | None:
    """Read ``Retry-After``: seconds, or a date."""
    if value.strip().isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        return max((until - datetime.now(until.tzinfo)).total_seconds(), 0.0)
    except (TypeError, ValueError, OverflowError):
        return None


def explain_failure(request: WantedArchive, error: httpx2.HTTPError) -> Exception:
    if isinstance(error, httpx2.UnsupportedProtocol):
        return fetch_error(request, "the address cannot be used")
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        hint = "name the file with your organisation's certificates in SSL_CERT_FILE"
        return fetch_error(request, "the server's certificate is not trusted", hint, kind="certificates")
    if isinstance(error, httpx2.ProxyError):
        return TryAgainError(fetch_error(request, f"the proxy answers {text}", _STATUS_HINTS.get(_take_status(text))))
    return TryAgainError(fetch_error(request, _describe(error)))


def _take_status(text: str) -> int:
    return int(text[:3]) if text[:3].isdecimal() else 0


def _describe(error: httpx2.HTTPError) -> str:
    """Say what happened to a connection; the library's own words are few, and some of them are those of a server."""
    text = str(error)
    match error:
        case httpx2.ConnectTimeout():
            return f"no connection in {TIMEOUTS_S['connect']:.0f} s"
        case httpx2.TimeoutException():
            return f"nothing came for {TIMEOUTS_S['read']:.0f} s"
        case httpx2.ConnectError():
            return f"cannot connect: {text}"
        case httpx2.RemoteProtocolError() if text.startswith("peer closed connection"):
            return "the connection was closed early"
        case _:
            return f"the connection failed: {text}"


def fetch_error(request: WantedArchive, why: str, hint: str | None = None, *, kind: str = "network") -> FetchError:
    url = redact_url(request.url)
    return FetchError(f"cannot fetch {url}: {why}", kind=kind, name=request.file_name, url=url, hint=hint)
