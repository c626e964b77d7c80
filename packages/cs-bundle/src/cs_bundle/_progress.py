"""What a caller learns while archives are fetched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


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
