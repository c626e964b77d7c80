"""Digests of files, and of the same bytes for several digests at once, each in a thread of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Protocol

from ._paths import StrPath

_BLOCK_BYTES = 1 << 20


class Digest(Protocol):
    """Something that takes bytes, as the objects of ``hashlib`` do."""

    def update(self, data: bytes | memoryview, /) -> None:
        """Take more bytes."""
        ...


def hash_file(path: StrPath, on_bytes: Callable[[int], None] = lambda _: None) -> str:
    """Compute the SHA-256 of a file, as hex.

    :param on_bytes: called with the number of bytes just read.
    """
    path = Path(path)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
            on_bytes(len(block))
    return digest.hexdigest()


class DigestThreads:
    """Threads that update digests, in the order of the calls; hashing releases the interpreter's lock."""

    def __init__(self, digests: Sequence[Digest]) -> None:
        """Start one thread for each digest, and one for other jobs."""
        self._digests = tuple(digests)
        self._pools = [ThreadPoolExecutor(1, thread_name_prefix="bundle-sha256") for _ in range(len(digests) + 1)]

    def feed(self, data: memoryview, jobs: Sequence[Callable[[], None]]) -> list[Future[None]]:
        """Start to hash.

        :param data: goes into every digest; must not change until the futures are done.
        :param jobs: carried out one after the other, after those of earlier calls.
        """
        fed = [pool.submit(digest.update, data) for pool, digest in zip(self._pools[:-1], self._digests, strict=True)]
        return [*fed, self._pools[-1].submit(_carry_out, tuple(jobs))] if jobs else fed

    def __enter__(self) -> DigestThreads:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for pool in self._pools:
            pool.shutdown(cancel_futures=True)


def _carry_out(jobs: Sequence[Callable[[], None]]) -> None:
    for job in jobs:
        job()
