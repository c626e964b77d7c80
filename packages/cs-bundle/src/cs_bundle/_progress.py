"""What a caller learns while archives are fetched."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from ._wanted import WantedArchive


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """A download that waits before another attempt, because one has failed or the server asks for it.

    :ivar host: that was asked.
    :ivar reason: what went wrong.
    :ivar wait_s: how long the download waits, in seconds.
    :ivar attempt: number of the next attempt.
    :ivar attempts: how many there are at most.
    """

    host: str
    file_name: str
    reason: str
    wait_s: float
    attempt: int
    attempts: int

    def __str__(self) -> str:
        return f"{self.reason}; retrying in {self.wait_s:.0f} s (attempt {self.attempt} of {self.attempts})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """The receiver of what happens to a download.

    :ivar on_bytes: how many bytes have come, and a negative number when they have to come again.
    :ivar on_wait: a wait that a person would notice.
    """

    on_bytes: Callable[[int], None]
    on_wait: Callable[[Wait], None]


class Meter:
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
