"""Write a tar as raw zstd blocks while its digest is computed in a second thread."""

from __future__ import annotations

import os
from concurrent.futures import Future, ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from types import TracebackType

from .errors import BundleWriteError
from .frame import BLOCK_DATA_BYTES, BLOCK_HEADER_BYTES, FRAME_HEADER, render_block_header

_BLOCKS_PER_BUFFER = 16
_BLOCK_BYTES = BLOCK_HEADER_BYTES + BLOCK_DATA_BYTES


class BlockWriter:
    """Take the bytes of a tar of known size in order and write them to a file as blocks.

    Two buffers take turns: while one is hashed in a thread (which does not hold the interpreter's lock) and written,
    the other one is filled.
    """

    def __init__(self, descriptor: int, tar_size_bytes: int) -> None:
        """Start a frame.

        :param descriptor: open file to write to.
        :param tar_size_bytes: how many bytes will come; the last block is marked by it.
        """
        self._descriptor = descriptor
        self._left = tar_size_bytes
        self._digest = sha256(FRAME_HEADER)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bundle-sha256")
        self._buffers = [bytearray(_BLOCKS_PER_BUFFER * _BLOCK_BYTES) for _ in range(2)]
        self._hashing: Future[None] | None = None
        self._used = 0
        self._room = 0
        _write_all(descriptor, memoryview(FRAME_HEADER))

    def write(self, data: bytes) -> None:
        """Append bytes to the tar."""
        source = memoryview(data)
        while source:
            target = self._reserve(len(source))
            target[:] = source[: len(target)]
            source = source[len(target) :]

    def write_file(self, path: Path, size_bytes: int) -> None:
        """Append a file, reading it straight into the buffer.

        :raises BundleWriteError: if the file is not of the size given.
        """
        with path.open("rb", buffering=0) as file:
            left = size_bytes
            while left:
                target = self._reserve(left)
                left -= len(target)
                while target:
                    count = file.readinto(target)
                    if not count:
                        raise _changed(path, size_bytes)
                    target = target[count:]
            if file.read(1):
                raise _changed(path, size_bytes)

    def finish(self) -> str:
        """Write what is left.

        :returns: lower-case hex digest of the whole bundle.
        """
        self._flush()
        self._wait()
        return self._digest.hexdigest()

    def __enter__(self) -> BlockWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._pool.shutdown()

    def _reserve(self, wanted_bytes: int) -> memoryview:
        """Return room for the next bytes of the tar: all that is wanted, or up to the end of the block."""
        if not self._room:
            self._start_block()
        size = min(wanted_bytes, self._room)
        view = memoryview(self._buffers[0])[self._used : self._used + size]
        self._used += size
        self._room -= size
        return view

    def _start_block(self) -> None:
        if self._used == len(self._buffers[0]):
            self._flush()
        size = min(self._left, BLOCK_DATA_BYTES)
        self._left -= size
        header = render_block_header(size, last=not self._left)
        self._buffers[0][self._used : self._used + BLOCK_HEADER_BYTES] = header
        self._used += BLOCK_HEADER_BYTES
        self._room = size

    def _flush(self) -> None:
        self._wait()
        filled = memoryview(self._buffers[0])[: self._used]
        self._hashing = self._pool.submit(self._digest.update, filled)
        _write_all(self._descriptor, filled)
        self._buffers.reverse()
        self._used = 0

    def _wait(self) -> None:
        if self._hashing is not None:
            self._hashing.result()


def _write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _changed(path: Path, size_bytes: int) -> BundleWriteError:
    return BundleWriteError(
        "the archive changed while it was being read", path=path, name=path.name, expected=f"{size_bytes} bytes"
    )
