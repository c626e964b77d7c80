"""Bring one archive into the cache, hashed while it arrives."""

from __future__ import annotations

import errno
import random
import stat
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx2

from .answers import Answer
from .cache import filling
from .errors import ArchiveMismatchError, BundleError, FetchError, RefusedError
from .http import TIMEOUTS_S, Connections
from .room import disk_full, is_full
from .urls import host_of, redact_url

ATTEMPTS = 5
_CHUNK_BYTES = 1 << 18
_BACKOFF_S = 0.25
_WAIT_LIMIT_S = 30.0
_WAITS_LIMIT_S = 60.0
"""Limit for all waits for one archive together: a server that asks for more has failed."""
_NOTICED_S = 2.0
LEAST_BYTES = 6000
LEAST_BYTES_S = 60.0
"""How much must arrive in which time; less is a failed attempt. The runtime has the same figures."""
_RETRIED_STATUSES = {408, 425, 429, 500, 502, 503, 504}
_STATUS_HINTS = {
    401: "give credentials for this host in RATTLER_AUTH_FILE",
    403: "the credentials in RATTLER_AUTH_FILE may not suffice for this host",
    404: "the channel may have removed the package: update the source lock",
    407: "put user and password into the proxy's address",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveRequest:
    """An archive to fetch.

    :ivar url: ``https``, ``http``, ``oci`` or ``file`` address.
    :ivar sha256: lower-case hex digest.
    :ivar size_bytes: size, where it is known.
    """

    url: str
    file_name: str
    sha256: str
    size_bytes: int | None = None


def is_local(url: str) -> bool:
    """Tell whether an address names a file of this machine."""
    return url[:5].lower() == "file:"


class CancelledError(Exception):
    """A download that stops because another one has failed; used inside this package only."""


class _TryAgainError(Exception):
    """A failure after which another attempt may succeed, and how long the server asks to wait.

    :ivar host: that asks for it.
    """

    def __init__(self, error: BundleError, wait_s: float | None = None, host: str = "") -> None:
        super().__init__(str(error))
        self.error = error
        self.wait_s = wait_s
        self.host = host


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A download that waits because a server asks for it.

    :ivar host: that asks.
    :ivar asked_s: how long it asks to wait, in seconds.
    :ivar wait_s: how long the download waits.
    """

    host: str
    file_name: str
    asked_s: float
    wait_s: float

    def __str__(self) -> str:
        asked = f"{self.host} asks to wait {self.asked_s:.0f} s before {self.file_name}"
        return f"{asked}; trying again in {self.wait_s:.0f} s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """The receiver of what happens to a download.

    :ivar on_bytes: how many bytes have come, and a negative number when they have to come again.
    :ivar on_wait: a wait that a person would notice.
    """

    on_bytes: Callable[[int], None]
    on_wait: Callable[[Wait], None]


def download_archive(
    request: ArchiveRequest,
    path: Path,
    connections: Connections,
    cancelled: threading.Event,
    observer: Observer,
) -> None:
    """Fetch an archive to its place in the cache; what is there afterwards has the right digest.

    :raises FetchError: if it cannot be had.
    :raises ArchiveMismatchError: if it is not the one that was asked for.
    """
    with filling(path) as file:
        receiver = _Receiver(request, file, cancelled, observer.on_bytes)
        if is_local(request.url):
            _copy_local(request, receiver)
        else:
            _download(request, receiver, connections, cancelled, observer)


class _Receiver:
    """The receiver of one archive's bytes: writes, hashes, counts."""

    def __init__(
        self, request: ArchiveRequest, file: BinaryIO, cancelled: threading.Event, on_bytes: Callable[[int], None]
    ) -> None:
        self.request = request
        self.received = 0
        self.entity_tag = ""
        self._file = file
        self._cancelled = cancelled
        self._on_bytes = on_bytes
        self._digest = sha256()

    def take(self, data: bytes) -> None:
        if self._cancelled.is_set():
            raise CancelledError
        self.received += len(data)
        limit = self.request.size_bytes
        if limit is not None and self.received > limit:
            raise self._mismatch("size", f"{limit} bytes", "more")
        self._digest.update(data)
        self._write(memoryview(data))
        self._on_bytes(len(data))

    def restart(self) -> None:
        if self.received:
            self._on_bytes(-self.received)
        self._file.seek(0)
        self._file.truncate()
        self.received, self._digest = 0, sha256()

    def check(self) -> None:
        size = self.request.size_bytes
        if size is not None and self.received != size:
            raise self._mismatch("size", f"{size} bytes", f"{self.received} bytes")
        if self._digest.hexdigest() != self.request.sha256:
            raise self._mismatch("SHA-256", self.request.sha256, self._digest.hexdigest())

    def _write(self, view: memoryview) -> None:
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            raise cache_failure(error, Path(str(self._file.name)).parent, self.request) from error

    def _mismatch(self, what: str, expected: str, actual: str) -> ArchiveMismatchError:
        url = redact_url(self.request.url)
        hint = "the channel or a proxy serves a different file: if the channel is right, update the source lock"
        if is_local(self.request.url):
            hint = "restore the file that was locked, or lock the workspace again"
        return ArchiveMismatchError(
            f"{url}: the {what} does not match the lock (expected {expected}, found {actual})",
            kind=f"{what.lower().replace('-', '')}-mismatch",
            name=self.request.file_name,
            url=url,
            expected=expected,
            actual=actual,
            hint=hint,
        )


def _copy_local(request: ArchiveRequest, receiver: _Receiver) -> None:
    parts = urlsplit(request.url)
    host = f"//{parts.netloc}" if parts.netloc not in ("", "localhost") else ""
    path = Path(url2pathname(host + parts.path))
    try:
        # Checked before it is opened: reading a pipe or a device might never end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        with path.open("rb", buffering=0) as file:
            while data := file.read(_CHUNK_BYTES):
                receiver.take(data)
    except OSError as error:
        raise FetchError(
            f"cannot read the archive {request.file_name}, which the lock names: {error.strerror or error}",
            kind="cannot-read",
            path=path,
            name=request.file_name,
            url=request.url,
            hint="restore the file, or lock the workspace again without it",
        ) from error
    receiver.check()


def cache_failure(error: OSError, path: Path, request: ArchiveRequest) -> BundleError:
    """Describe a cache that cannot be written to."""
    if is_full(error):
        return disk_full(path, request.size_bytes)
    reason = error.strerror or str(error)
    return FetchError(f"cannot write to the cache: {reason}", kind="cannot-write", path=path, name=request.file_name)


def _download(
    request: ArchiveRequest,
    receiver: _Receiver,
    connections: Connections,
    cancelled: threading.Event,
    observer: Observer,
) -> None:
    mismatches, waited_s = 0, 0.0
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _attempt(request, receiver, connections)
            receiver.check()
            return
        except ArchiveMismatchError:
            # One more time from the beginning: a resumed download may have met another version of the file.
            mismatches += 1
            if mismatches > 1:
                raise
            receiver.restart()
        except _TryAgainError as again:
            wait_s = _choose_wait(again, attempt)
            waited_s += wait_s
            if attempt == ATTEMPTS or waited_s > _WAITS_LIMIT_S:
                raise again.error from None
            if again.wait_s is not None and again.wait_s >= _NOTICED_S:
                name = request.file_name
                observer.on_wait(Wait(host=again.host, file_name=name, asked_s=again.wait_s, wait_s=wait_s))
            if _pause(cancelled, wait_s):
                raise CancelledError from None


def _pause(cancelled: threading.Event, wait_s: float) -> bool:
    return cancelled.wait(wait_s)


def _choose_wait(again: _TryAgainError, attempt: int) -> float:
    if again.wait_s is None:
        return _BACKOFF_S * float(2**attempt) * random.uniform(0.5, 1)
    return min(again.wait_s, _WAIT_LIMIT_S)


def _attempt(request: ArchiveRequest, receiver: _Receiver, connections: Connections) -> None:
    headers = {"Range": f"bytes={receiver.received}-"} if receiver.received else {}
    if headers and receiver.entity_tag:
        headers["If-Range"] = receiver.entity_tag
    try:
        answer, address = connections.open(request.url, headers, sha256=request.sha256)
    except httpx2.HTTPError as error:
        raise _explain_failure(request, error) from None
    except RefusedError as error:
        raise _fetch_error(request, str(error), kind=error.kind) from None
    try:
        _begin(request, receiver, answer, host_of(address))
        _receive(request, receiver, answer)
    except httpx2.HTTPError as error:
        raise _explain_failure(request, error) from None
    finally:
        answer.close()


def _begin(request: ArchiveRequest, receiver: _Receiver, answer: Answer, host: str) -> None:
    if answer.status == 206 and receiver.received:
        if answer.headers.get("Content-Range", "").startswith(f"bytes {receiver.received}-"):
            return
        receiver.restart()
        raise _TryAgainError(_fetch_error(request, "the server resumed at the wrong position"), wait_s=0)
    if answer.status == 416 and receiver.received:
        receiver.restart()
        raise _TryAgainError(_fetch_error(request, "the server cannot resume"), wait_s=0)
    if answer.status != 200:
        raise _explain_status(request, answer, host)
    receiver.restart()
    tag = answer.headers.get("ETag", "")
    receiver.entity_tag = "" if tag.startswith("W/") else tag


def _receive(request: ArchiveRequest, receiver: _Receiver, answer: Answer) -> None:
    pace = _Pace()
    for data in answer.iterate():
        receiver.take(data)
        if not pace.keeps_up(len(data)):
            why = f"less than {LEAST_BYTES} bytes came in {LEAST_BYTES_S:.0f} s"
            raise _TryAgainError(_fetch_error(request, why))
    if request.size_bytes is not None and receiver.received < request.size_bytes:
        raise _TryAgainError(_fetch_error(request, "the connection was closed early"))


class _Pace:
    """The pace of a download: distinguishes a slow one from one that is stuck."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._received = 0

    def keeps_up(self, received_bytes: int) -> bool:
        """Count bytes that arrived; false if too few did since the last check."""
        self._received += received_bytes
        now = time.monotonic()
        if now - self._since < LEAST_BYTES_S:
            return True
        enough = self._received >= LEAST_BYTES
        self._since, self._received = now, 0
        return enough


def _explain_status(request: ArchiveRequest, answer: Answer, host: str) -> Exception:
    hint = _STATUS_HINTS.get(answer.status)
    wait_s = _parse_wait(answer.headers.get("Retry-After", ""))
    asked = "" if wait_s is None or wait_s < _NOTICED_S else f" and asks to wait {wait_s:.0f} s"
    error = _fetch_error(request, f"{host} answers {answer.status}{asked}", hint, kind="http-status")
    error.actual = str(answer.status)
    return _TryAgainError(error, wait_s, host) if answer.status in _RETRIED_STATUSES else error


def _parse_wait(value: str) -> float | None:
    """Read ``Retry-After``: seconds, or a date."""
    if value.strip().isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        return max((until - datetime.now(until.tzinfo)).total_seconds(), 0.0)
    except (TypeError, ValueError, OverflowError):
        return None


def _explain_failure(request: ArchiveRequest, error: httpx2.HTTPError) -> Exception:
    if isinstance(error, httpx2.UnsupportedProtocol):
        return _fetch_error(request, "the address cannot be used")
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        hint = "name the file with your organisation's certificates in SSL_CERT_FILE"
        return _fetch_error(request, "the server's certificate is not trusted", hint, kind="certificates")
    if isinstance(error, httpx2.ProxyError):
        return _TryAgainError(_fetch_error(request, f"the proxy answers {text}", _STATUS_HINTS.get(_take_status(text))))
    return _TryAgainError(_fetch_error(request, _describe(error)))


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


def _fetch_error(request: ArchiveRequest, why: str, hint: str | None = None, *, kind: str = "network") -> FetchError:
    url = redact_url(request.url)
    return FetchError(f"cannot fetch {url}: {why}", kind=kind, name=request.file_name, url=url, hint=hint)
