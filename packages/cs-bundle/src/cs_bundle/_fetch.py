"""Fetch archives in parallel into a content-addressed cache; needs the extra ``fetch``."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from ._cache import cached_path, is_intact
from ._credentials import load_credentials
from ._download import Observer, Wait, download_archive
from ._errors import FetchError
from ._failures import cache_failure
from ._http import Connections
from ._receiver import CancelledError
from ._room import check_room
from ._urls import redact_url
from ._wanted import WantedArchive

CONCURRENCY = 24
"""Downloads at the same time. Most archives are small, so that waiting for answers takes longer than receiving them:
over loopback 24 took 0.43 s for 211 MB in 138 archives, 8 took 0.7 s, 32 no less; rattler's tools use 50.
A runtime has 8 (`cs-fetch`): it links meanwhile what has arrived, which takes longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchProgress:
    """How far all downloads together have come.

    :ivar total_bytes: None while the size of an archive is not known.
    """

    done_archives: int
    total_archives: int
    received_bytes: int
    total_bytes: int | None
    cached_archives: int


def fetch_archives(
    requests: Sequence[WantedArchive],
    cache: Path,
    *,
    on_progress: Callable[[FetchProgress], None] | None = None,
    on_wait: Callable[[Wait], None] | None = None,
    offline: bool = False,
    concurrency: int = CONCURRENCY,
    rehash: bool = True,
    environ: Mapping[str, str] | None = None,
) -> list[Path]:
    """Return a verified file for each request, downloading those that are not in the cache.

    A file is hashed while it arrives and takes its place in the cache, ``CACHE/ab/abcd.../NAME``, only with the right
    digest. A download that breaks off is resumed up to four times; the first one that fails for good stops the others.

    :param cache: directory, created when needed; several processes may share it.
    :param on_progress: called from several threads, never from two at once.
    :param on_wait: called, from several threads, when a server asks to wait: once a host until that wait is over.
    :param offline: use the cache and ``file`` addresses only.
    :param concurrency: number of downloads at the same time.
    :param rehash: read cached files again instead of trusting their size: a disk may have lost what was written.
    :param environ: where proxies, ``SSL_CERT_FILE`` and ``RATTLER_AUTH_FILE`` are looked up; default ``os.environ``.
    :returns: paths in the order of the requests; each has the name that was asked for.
    :raises FetchError: if an archive is not available; ``kind`` says why, ``url`` which one, without credentials.
    :raises ArchiveMismatchError: if a server sends a different archive.
    :raises ArchiveNameError: if a name is not safe on every file system.
    :raises DiskFullError: if the cache has no room, which is looked at before anything is fetched.
    """
    environ = os.environ if environ is None else environ
    paths = [cached_path(cache, request.sha256, request.file_name) for request in requests]
    jobs = dict(zip(paths, requests, strict=True))
    connections = Connections(environ, load_credentials(environ))
    meter = _Meter(jobs.values(), on_progress)
    observer = Observer(on_bytes=meter.add_bytes, on_wait=_Waits(on_wait).add)
    run = _Run(jobs, connections, meter, observer, offline=offline, rehash=rehash)
    try:
        _check_cache(jobs, cache)
        run.carry_out(concurrency)
    finally:
        connections.close()
    return paths


class _Meter:
    """The sum of what the threads report."""

    def __init__(
        self, requests: Collection[WantedArchive], on_progress: Callable[[FetchProgress], None] | None
    ) -> None:
        sizes = [request.size_bytes for request in requests]
        self._on_progress = on_progress
        self._lock = threading.Lock()
        self._state = FetchProgress(
            done_archives=0,
            total_archives=len(sizes),
            received_bytes=0,
            total_bytes=None if None in sizes else sum(size or 0 for size in sizes),
            cached_archives=0,
        )

    def add_bytes(self, count: int) -> None:
        self._change(received_bytes=count)

    def finish(self) -> None:
        self._change(done_archives=1)

    def finish_cached(self, size_bytes: int) -> None:
        self._change(done_archives=1, cached_archives=1, received_bytes=size_bytes)

    def _change(self, **counts: int) -> None:
        if self._on_progress is None:
            return
        with self._lock:
            changed = {name: getattr(self._state, name) + count for name, count in counts.items()}
            self._state = replace(self._state, **changed)
            self._on_progress(self._state)


class _Waits:
    """The waits that hosts ask for, passed on once for all downloads of a host."""

    def __init__(self, on_wait: Callable[[Wait], None] | None) -> None:
        self._on_wait = on_wait
        self._lock = threading.Lock()
        self._said_until: dict[str, float] = {}

    def add(self, wait: Wait) -> None:
        with self._lock:
            now = time.monotonic()
            if self._on_wait is None or now < self._said_until.get(wait.host, now):
                return
            self._said_until[wait.host] = now + wait.wait_s
            self._on_wait(wait)


def _check_cache(jobs: Mapping[Path, WantedArchive], cache: Path) -> None:
    """Check for space for the archives to download, as far as their sizes are known."""
    missing = [request.size_bytes or 0 for path, request in jobs.items() if not path.is_file()]
    if any(missing):
        check_room(cache, sum(missing))


class _Run:
    """The downloads of one call."""

    def __init__(
        self,
        jobs: Mapping[Path, WantedArchive],
        connections: Connections,
        meter: _Meter,
        observer: Observer,
        *,
        offline: bool,
        rehash: bool,
    ) -> None:
        self._jobs = jobs
        self._connections = connections
        self._meter = meter
        self._observer = observer
        self._offline = offline
        self._rehash = rehash
        self._cancelled = threading.Event()

    def carry_out(self, concurrency: int) -> None:
        """Run every job; the first failure, or an interruption, stops them all.

        :raises BundleError: the first failure.
        """
        # The largest first: then no thread works alone at the end. What has no size may be large.
        ordered = sorted(self._jobs.items(), key=lambda job: _size_at_most(job[1]), reverse=True)
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

    def _provide(self, path: Path, request: WantedArchive) -> None:
        if self._cancelled.is_set():
            raise CancelledError
        if is_intact(path, request.sha256, request.size_bytes, rehash=self._rehash):
            self._meter.finish_cached(path.stat().st_size)
            return
        _check_address(request)
        if self._offline and not request.is_local:
            raise _offline(request)
        try:
            download_archive(request, path, self._connections, self._cancelled, self._observer)
        except OSError as error:
            raise cache_failure(error, path.parent, request) from error
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


def _offline(request: WantedArchive) -> FetchError:
    url = redact_url(request.url)
    return FetchError(
        f"{request.file_name} is not in the cache, and downloads are off",
        kind="offline",
        name=request.file_name,
        url=url,
        hint="allow downloads once, or copy the archive into the cache",
    )
