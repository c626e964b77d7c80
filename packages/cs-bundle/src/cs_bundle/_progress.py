"""What a caller is told while archives are fetched."""

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
