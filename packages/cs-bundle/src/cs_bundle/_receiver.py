"""What becomes of an archive's bytes while they arrive: written, hashed, counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from ._errors import ArchiveMismatchError
from ._failures import cache_failure
from ._urls import redact_url
from ._wanted import WantedArchive

LEAST_BYTES = 6000
LEAST_BYTES_S = 60.0
"""How much must arrive in which time; less is a failed attempt. The runtime has the same figures."""


class CancelledError(Exception):
    """A download that stops because another one has failed; used inside this package only."""


class Receiver:
    """The receiver of one archive's bytes: writes, hashes, counts."""

    def __init__(
        self, request: WantedArchive, file: BinaryIO, cancelled: threading.Event, on_bytes: Callable[[int], None]
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
            raise cache_failure(error, Path(self._file.name), self.request) from error

    def _mismatch(self, what: str, expected: str, actual: str) -> ArchiveMismatchError:
        url = redact_url(self.request.url)
        hint = "the channel or a proxy serves a different file: if the channel is right, update the source lock"
        if self.request.is_local:
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


class Pace:
    """The pace of a download: distinguishes a slow one from one that is stuck."""

    def __init__(self) -> None:
        self._since = time.monotonic()
        self._received = 0

    @property
    def complaint(self) -> str:
        """What is wrong with a download that does not keep up."""
        return f"less than {LEAST_BYTES} bytes came in {LEAST_BYTES_S:.0f} s"

    def keeps_up(self, received_bytes: int) -> bool:
        """Count bytes that arrived; false if too few did since the last check."""
        self._received += received_bytes
        now = time.monotonic()
        if now - self._since < LEAST_BYTES_S:
            return True
        enough = self._received >= LEAST_BYTES
        self._since, self._received = now, 0
        return enough
