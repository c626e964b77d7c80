"""What went wrong with a download, and whether another attempt may succeed."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx2

from ._answers import Answer
from ._errors import BundleError, FetchError
from ._reasons import CHECK_NETWORK, find_reason
from ._room import disk_full, is_full
from ._urls import host_of, redact_url
from ._wanted import WantedArchive

NOTICED_S = 1.0
"""A shorter wait is not worth telling anybody about."""
_RETRIED_STATUSES = {408, 425, 429, 500, 502, 503, 504}
_GONE = "the channel may have removed the package: update the source lock"
_STATUS_HINTS = {
    401: "give credentials for this host in RATTLER_AUTH_FILE",
    403: "the credentials in RATTLER_AUTH_FILE may not suffice for this host",
    404: _GONE,
    410: _GONE,
    407: "put user and password into the proxy's address",
    503: "the server is overloaded or being repaired: try again later",
}


class TryAgainError(Exception):
    """A failure after which another attempt may succeed.

    :ivar reason: what went wrong.
    :ivar wait_s: how long the server asks to wait, if it does.
    :ivar host: that was asked.
    """

    def __init__(
        self,
        request: WantedArchive,
        reason: str,
        *,
        hint: str | None = CHECK_NETWORK,
        kind: str = "network",
        wait_s: float | None = None,
        actual: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wait_s = wait_s
        self.host = host_of(request.url)
        self._request = request
        self._hint = hint
        self._kind = kind
        self._actual = actual

    def give_up(self, attempt: int, attempts: int) -> FetchError:
        """Return the error when there is no other attempt.

        :param attempt: number of the last one.
        """
        why = f"{self.reason} (attempt {attempt} of {attempts})"
        error = fetch_error(self._request, why, self._hint, kind=self._kind)
        error.actual = self._actual
        return error


def cache_failure(error: OSError, file: Path, request: WantedArchive) -> BundleError:
    """Describe a cache that cannot be written to.

    :param file: in the directory of its digest.
    """
    path = file.parents[min(2, len(file.parents) - 1)]
    if is_full(error):
        return disk_full(path, request.size_bytes)
    reason = error.strerror or str(error)
    return FetchError(f"cannot write to the cache: {reason}", kind="cannot-write", path=path, name=request.file_name)


def explain_status(request: WantedArchive, answer: Answer, host: str) -> Exception:
    hint = _STATUS_HINTS.get(answer.status)
    wait_s = _parse_wait(answer.headers.get("Retry-After", ""))
    asked = "" if wait_s is None or wait_s < NOTICED_S else f" and asks to wait {wait_s:.0f} s"
    reason, status = f"{host} answers {answer.status}{asked}", str(answer.status)
    if answer.status in _RETRIED_STATUSES:
        return TryAgainError(request, reason, hint=hint, kind="http-status", wait_s=wait_s, actual=status)
    error = fetch_error(request, reason, hint, kind="http-status")
    error.actual = status
    return error


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
    if isinstance(error, httpx2.ProxyError):
        text = str(error)
        return TryAgainError(request, f"the proxy answers {text}", hint=_STATUS_HINTS.get(_take_status(text)))
    reason = find_reason(error, request.url)
    if reason.is_final:
        return fetch_error(request, reason.text, reason.hint, kind=reason.kind)
    return TryAgainError(request, reason.text, hint=reason.hint, kind=reason.kind)


def _take_status(text: str) -> int:
    return int(text[:3]) if text[:3].isdecimal() else 0


def fetch_error(request: WantedArchive, why: str, hint: str | None = None, *, kind: str = "network") -> FetchError:
    url = redact_url(request.url)
    return FetchError(f"cannot fetch {url}: {why}", kind=kind, name=request.file_name, url=url, hint=hint)
