"""Fetch archives in parallel into a content-addressed cache."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ._cache import cached_path
from ._cache_use import using_cache
from ._errors import FetchError
from ._paths import StrPath
from ._progress import FetchProgress, Meter, Observer, Wait
from ._room import check_room
from ._wanted import WantedArchive

if TYPE_CHECKING:
    from ._downloads import Downloads

CONCURRENCY = 24
"""Downloads at the same time. Most archives are small, so that waiting for answers takes longer than receiving them:
over loopback 24 took 0.43 s for 211 MB in 138 archives, 8 took 0.7 s, 32 no less; rattler's tools use 50.
A runtime has 8 (`cs-fetch`): it links meanwhile what has arrived, which takes longer."""


def fetch_archives(
    requests: Sequence[WantedArchive],
    cache: StrPath,
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
    Nobody can remove archives meanwhile (``clearing_cache``); to keep them longer, use the cache for longer
    (``using_cache``).

    :param cache: directory, created when needed; several processes may share it.
    :param on_progress: called from several threads, never from two at once.
    :param on_wait: called, from several threads, before another attempt: once a host until that wait is over.
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
    cache = Path(cache)
    paths = [cached_path(cache, request.sha256, request.file_name) for request in requests]
    jobs = dict(zip(paths, requests, strict=True))
    meter = Meter(jobs.values(), on_progress)
    observer = Observer(on_bytes=meter.add_bytes, on_wait=_Waits(on_wait).add)
    downloads = _prepare(os.environ if environ is None else environ, meter, observer, offline=offline, rehash=rehash)
    try:
        with using_cache(cache) if jobs else contextlib.nullcontext():
            if not offline:
                _check_cache(jobs, cache)
            downloads.carry_out(jobs, concurrency)
    finally:
        downloads.close()
    return paths


def _prepare(environ: Mapping[str, str], meter: Meter, observer: Observer, *, offline: bool, rehash: bool) -> Downloads:
    """Import what speaks HTTP; only this needs the extra ``fetch``."""
    try:
        from ._downloads import Downloads
    except ModuleNotFoundError as error:
        raise FetchError(
            f"fetching needs the module {error.name!r}", kind="not-installed", hint="pip install 'cs-bundle[fetch]'"
        ) from error
    return Downloads(environ, meter, observer, offline=offline, rehash=rehash)


class _Waits:
    """The waits before other attempts, passed on once for all downloads of a host."""

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
