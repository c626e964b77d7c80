"""Write a tar as raw zstd blocks while other threads compute digests of it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import TracebackType

from ._digests import Digest, DigestThreads
from ._errors import BundleWriteError
from ._frame import BLOCK_DATA_BYTES, BLOCK_HEADER_BYTES, FRAME_HEADER, render_block_header

_BLOCKS_PER_BUFFER = 8
_BUFFERS = 4
_BLOCK_BYTES = BLOCK_HEADER_BYTES + BLOCK_DATA_BYTES


class BlockWriter:
    """A writer of blocks: takes the bytes of a tar of known size in order.

    A few buffers take turns: while some are hashed in threads and written, the next one is filled. So each file is
    read once, however many digests it goes into.
    """

    def __init__(self, descriptor: int, tar_size_bytes: int, digests: Sequence[Digest] = ()) -> None:
        """Start a frame.

        :param descriptor: open file to write to.
        :param tar_size_bytes: how many bytes will come; the last block is marked by it.
        :param digests: take every byte that is written, besides the bundle's own digest.
        """
        self._descriptor = descriptor
        self._left = tar_size_bytes
        self._digest = sha256()
        self._threads = DigestThreads((self._digest, *digests))
        self._buffers = [bytearray(_BLOCKS_PER_BUFFER * _BLOCK_BYTES) for _ in range(_BUFFERS)]
        self._hashing: list[list[Future[None]]] = [[] for _ in self._buffers]
        self._jobs: list[Callable[[], None]] = []
        self._buffers[0][: len(FRAME_HEADER)] = FRAME_HEADER
        self._used = len(FRAME_HEADER)
        self._room = 0

    def write(self, data: bytes) -> None:
        """Append bytes to the tar."""
        source = memoryview(data)
        while source:
            target = self._reserve(len(source))
            target[:] = source[: len(target)]
            source = source[len(target) :]

    def write_file(self, path: Path, size_bytes: int, check: Callable[[str], None] | None = None) -> None:
        """Append a file, reading it straight into the buffers.

        :param check: receives the file's SHA-256, as hex, in another thread; an exception from it stops the writing.
        :raises BundleWriteError: if the file is not of the size given.
        """
        digest = sha256()
        with path.open("rb", buffering=0) as file:
            left = size_bytes
            while left:
                target = self._reserve(left)
                left -= len(target)
                if check is not None:
                    self._jobs.append(partial(digest.update, target))
                while target:
                    count = file.readinto(target)
                    if not count:
                        raise _changed(path, size_bytes)
                    target = target[count:]
            if file.read(1):
                raise _changed(path, size_bytes)
        if check is not None:
            self._jobs.append(lambda: check(digest.hexdigest()))

    def finish(self) -> str:
        """Write the remaining bytes.

        :returns: lower-case hex digest of the whole bundle.
        """
        self._flush()
        for futures in self._hashing:
            _wait(futures)
        return self._digest.hexdigest()

    def __enter__(self) -> BlockWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._threads.__exit__(kind, error, traceback)

    def _reserve(self, wanted_bytes: int) -> memoryview:
        """Return room for the next bytes of the tar: all of it, or up to the end of the block."""
        if not self._room:
            self._start_block()
        size = min(wanted_bytes, self._room)
        view = memoryview(self._buffers[0])[self._used : self._used + size]
        self._used += size
        self._room -= size
        return view

    def _start_block(self) -> None:
        if self._used + _BLOCK_BYTES > len(self._buffers[0]):
            self._flush()
        size = min(self._left, BLOCK_DATA_BYTES)
        self._left -= size
        header = render_block_header(size, last=not self._left)
        self._buffers[0][self._used : self._used + BLOCK_HEADER_BYTES] = header
        self._used += BLOCK_HEADER_BYTES
        self._room = size

    def _flush(self) -> None:
        filled = memoryview(self._buffers[0])[: self._used]
        self._hashing[0] = self._threads.feed(filled, self._jobs)
        self._jobs = []
        _write_all(self._descriptor, filled)
        self._buffers.append(self._buffers.pop(0))
        self._hashing.append(self._hashing.pop(0))
        # The digests may still be reading this buffer.
        _wait(self._hashing[0])
        self._used = 0


def _wait(futures: list[Future[None]]) -> None:
    for future in futures:
        future.result()


def _write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _changed(path: Path, size_bytes: int) -> BundleWriteError:
    return BundleWriteError(
        "the archive changed while it was read", path=path, name=path.name, expected=f"{size_bytes} bytes"
    )
