"""All downloads of one call, in parallel; needs the extra ``fetch``."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path
from urllib.parse import urlsplit

from ._cache import is_intact
from ._cache_use import touch_archives
from ._credentials import load_credentials
from ._download import download_archive
from ._errors import FetchError
from ._failures import cache_failure
from ._http import Connections
from ._progress import Meter, Observer
from ._receiver import CancelledError
from ._urls import redact_url
from ._wanted import WantedArchive


class Downloads:
    """The downloads of one call; ``close`` ends the connections."""

    def __init__(
        self, environ: Mapping[str, str], meter: Meter, observer: Observer, *, offline: bool, rehash: bool
    ) -> None:
        self._connections = Connections(environ, load_credentials(environ))
        self._meter = meter
        self._observer = observer
        self._offline = offline
        self._rehash = rehash
        self._cancelled = threading.Event()

    def carry_out(self, jobs: Mapping[Path, WantedArchive], concurrency: int) -> None:
        """Bring every archive to its path; the first failure, or an interruption, stops them all.

        :raises BundleError: the first failure.
        """
        if self._offline:
            _refuse_downloads(jobs)
        # The largest first: then no thread works alone at the end. What has no size may be large.
        ordered = sorted(jobs.items(), key=lambda job: _size_at_most(job[1]), reverse=True)
        with ThreadPoolExecutor(max_workers=max(concurrency, 1), thread_name_prefix="fetch") as pool:
            futures = [pool.submit(self._provide, path, request) for path, request in ordered]
            try:
                wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                if not all(future.done() for future in futures):
                    self._cancelled.set()
                    self._connections.abort()
                    pool.shutdown(cancel_futures=True)
        _raise_first(futures)

    def close(self) -> None:
        """Close all connections."""
        self._connections.close()

    def _provide(self, path: Path, request: WantedArchive) -> None:
        if self._cancelled.is_set():
            raise CancelledError
        if is_intact(path, request.sha256, request.size_bytes, rehash=self._rehash):
            touch_archives([path])
            self._meter.finish_cached(path.stat().st_size)
            return
        _check_address(request)
        if self._offline and not request.is_local:
            raise _offline(request)
        try:
            download_archive(request, path, self._connections, self._cancelled, self._observer)
        except OSError as error:
            raise cache_failure(error, path, request) from error
        self._meter.finish()


def _size_at_most(request: WantedArchive) -> float:
    return math.inf if request.size_bytes is None else request.size_bytes


def _raise_first(futures: Sequence[Future[None]]) -> None:
    errors = [future.exception() for future in futures if future.done() and not future.cancelled()]
    failures = [error for error in errors if error is not None and not isinstance(error, CancelledError)]
    if failures:
        raise failures[0]


def _check_address(request: WantedArchive) -> None:
    try:
        parts = urlsplit(request.url)
        usable = request.is_local or (bool(parts.hostname) and parts.port != 0)
    except ValueError:
        usable = False
    if not usable:
        url = redact_url(request.url)
        why = f"{url} is not a valid URL" if url else "it is not in the cache, and no URL is known"
        raise FetchError(f"cannot fetch {request.file_name}: {why}", kind="address", name=request.file_name, url=url)


def _refuse_downloads(jobs: Mapping[Path, WantedArchive]) -> None:
    """Refuse at once what only a download would bring."""
    missing = [request for path, request in jobs.items() if not (request.is_local or path.is_file())]
    if missing:
        raise _offline(missing[0], len(missing))


def _offline(request: WantedArchive, count: int = 1) -> FetchError:
    url = redact_url(request.url)
    more = f" ({count} archives are missing)" if count > 1 else ""
    return FetchError(
        f"{request.file_name} is not in the cache, and downloads are off{more}",
        kind="offline",
        name=request.file_name,
        url=url,
        hint="copy the archive into the cache",
    )
