"""Bring one archive into the cache, hashed while it arrives."""

from __future__ import annotations

import errno
import random
import stat
import threading
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx2

from ._answers import Answer
from ._cache import filling
from ._errors import ArchiveMismatchError, FetchError, RefusedError
from ._failures import NOTICED_S, TryAgainError, explain_failure, explain_status, fetch_error
from ._http import Connections
from ._progress import Observer, Wait
from ._receiver import CancelledError, Pace, Receiver
from ._urls import host_of
from ._wanted import WantedArchive

ATTEMPTS = 5
_CHUNK_BYTES = 1 << 18
_BACKOFF_S = 0.25
_WAIT_LIMIT_S = 30.0
_WAITS_LIMIT_S = 60.0
"""Limit for all waits for one archive together: a server that asks for more has failed."""


def download_archive(
    request: WantedArchive,
    path: Path,
    connections: Connections,
    cancelled: threading.Event,
    observer: Observer,
) -> None:
    """Fetch an archive to its place in the cache; what is there afterwards has the right digest.

    :raises FetchError: if it is not available.
    :raises ArchiveMismatchError: if it is not the one that was asked for.
    """
    with filling(path) as file:
        receiver = Receiver(request, file, cancelled, observer.on_bytes)
        if request.is_local:
            _copy_local(request, receiver)
        else:
            _download(request, receiver, connections, cancelled, observer)


def _copy_local(request: WantedArchive, receiver: Receiver) -> None:
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


def _download(
    request: WantedArchive,
    receiver: Receiver,
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
        except TryAgainError as again:
            wait_s = _choose_wait(again, attempt)
            waited_s += wait_s
            if attempt == ATTEMPTS or waited_s > _WAITS_LIMIT_S:
                raise again.give_up(attempt, ATTEMPTS) from None
            if wait_s >= NOTICED_S:
                observer.on_wait(_announce(again, request, wait_s, attempt + 1))
            if _pause(cancelled, wait_s):
                raise CancelledError from None


def _announce(again: TryAgainError, request: WantedArchive, wait_s: float, attempt: int) -> Wait:
    return Wait(
        host=again.host,
        file_name=request.file_name,
        reason=again.reason,
        wait_s=wait_s,
        attempt=attempt,
        attempts=ATTEMPTS,
    )


def _pause(cancelled: threading.Event, wait_s: float) -> bool:
    return cancelled.wait(wait_s)


def _choose_wait(again: TryAgainError, attempt: int) -> float:
    if again.wait_s is None:
        return _BACKOFF_S * float(2**attempt) * random.uniform(0.5, 1)
    return min(again.wait_s, _WAIT_LIMIT_S)


def _attempt(request: WantedArchive, receiver: Receiver, connections: Connections) -> None:
    headers = {"Range": f"bytes={receiver.received}-"} if receiver.received else {}
    if headers and receiver.entity_tag:
        headers["If-Range"] = receiver.entity_tag
    try:
        answer, address = connections.open(request.url, headers, sha256=request.sha256)
    except httpx2.HTTPError as error:
        raise explain_failure(request, error) from None
    except RefusedError as error:
        raise fetch_error(request, str(error), kind=error.kind) from None
    try:
        _begin(request, receiver, answer, host_of(address))
        _receive(request, receiver, answer)
    except httpx2.HTTPError as error:
        raise explain_failure(request, error) from None
    finally:
        answer.close()


def _begin(request: WantedArchive, receiver: Receiver, answer: Answer, host: str) -> None:
    if answer.status == 206 and receiver.received:
        if answer.headers.get("Content-Range", "").startswith(f"bytes {receiver.received}-"):
            return
        receiver.restart()
        raise TryAgainError(request, "the server resumed at the wrong position", wait_s=0)
    if answer.status == 416 and receiver.received:
        receiver.restart()
        raise TryAgainError(request, "the server cannot resume", wait_s=0)
    if answer.status != 200:
        raise explain_status(request, answer, host)
    receiver.restart()
    tag = answer.headers.get("ETag", "")
    receiver.entity_tag = "" if tag.startswith("W/") else tag


def _receive(request: WantedArchive, receiver: Receiver, answer: Answer) -> None:
    pace = Pace()
    for data in answer.iterate():
        receiver.take(data)
        if not pace.keeps_up(len(data)):
            raise TryAgainError(request, pace.complaint)
    if request.size_bytes is not None and receiver.received < request.size_bytes:
        raise TryAgainError(request, f"{host_of(request.url)} closed the connection early")
