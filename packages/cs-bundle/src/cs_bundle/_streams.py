"""The tar inside a bundle as a stream: in place if the frame is canonical, else decompressed."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol

from ._errors import BundleReadError, BundleRejectedError
from ._frame import BLOCK_DATA_BYTES, BLOCK_HEADER_BYTES, FRAME_HEADER, count_blocks, file_offset, render_block_header

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# A block of four bytes can stand for 128 KiB of zeros: this much input gives 64 MiB at the very most.
_COMPRESSED_CHUNK_BYTES = 2048


class TarStream(Protocol):
    """The bytes of a tar in order; only the end of the data gives fewer than asked for."""

    position: int

    def read(self, size_bytes: int) -> bytes:
        """Return the next bytes."""
        ...

    def skip(self, size_bytes: int) -> None:
        """Step over bytes; the end of the data may be among them."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class RawFrameStream:
    """The tar of a canonical bundle, read by arithmetic."""

    def __init__(self, file: BinaryIO, tar_size_bytes: int) -> None:
        self._file = file
        self._size = tar_size_bytes
        self.position = 0

    def read(self, size_bytes: int) -> bytes:
        """Return the next bytes of the tar."""
        parts: list[bytes] = []
        end = min(self.position + size_bytes, self._size)
        while self.position < end:
            count = min(end - self.position, BLOCK_DATA_BYTES - self.position % BLOCK_DATA_BYTES)
            self._file.seek(file_offset(self.position))
            data = self._file.read(count)
            parts.append(data)
            self.position += len(data)
            if len(data) < count:
                break
        return b"".join(parts)

    def skip(self, size_bytes: int) -> None:
        """Step over bytes of the tar without reading them."""
        self.position = min(self.position + size_bytes, self._size)

    def close(self) -> None:
        """Close the bundle."""
        self._file.close()


class ZstdStream:
    """A tar read through a decompressor, in memory that does not grow with the bundle."""

    def __init__(self, file: BinaryIO) -> None:
        # Only foreign bundles need the decompressor; its import takes longer than reading a small bundle.
        import zstandard

        self._error = zstandard.ZstdError
        self._make = zstandard.ZstdDecompressor().decompressobj
        self._file = file
        self._frame = self._make()
        self._in_frame = False
        self._input = b""
        self._output = bytearray()
        self.position = 0

    def read(self, size_bytes: int) -> bytes:
        """Return the next bytes of the tar.

        :raises BundleRejectedError: if the data is not zstd, or ends in the middle of a frame.
        """
        while len(self._output) < size_bytes and self._decompress_some():
            pass
        data = bytes(self._output[:size_bytes])
        del self._output[:size_bytes]
        self.position += len(data)
        return data

    def skip(self, size_bytes: int) -> None:
        """Decompress bytes and forget them."""
        while size_bytes:
            data = self.read(min(size_bytes, 1 << 20))
            if not data:
                return
            size_bytes -= len(data)

    def close(self) -> None:
        """Close the bundle."""
        self._file.close()

    def _decompress_some(self) -> bool:
        data = self._input or self._file.read(_COMPRESSED_CHUNK_BYTES)
        self._input = b""
        if not data:
            if self._in_frame:
                raise BundleRejectedError(
                    "the bundle is truncated: it ends in the middle of a zstd frame",
                    kind="truncated",
                    hint="copy or download it again",
                )
            return False
        try:
            self._output += self._frame.decompress(data)
        except self._error as error:
            raise BundleRejectedError(
                f"the bundle is damaged: {error}", kind="damaged", hint="a bundle file is a zstd-compressed tar"
            ) from error
        self._in_frame = not self._frame.eof
        if self._frame.eof:
            self._input = self._frame.unused_data
            self._frame = self._make()
        return True


def open_bundle_file(path: Path) -> BinaryIO:
    """Open a bundle file.

    :raises BundleReadError: if it cannot be opened.
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise BundleReadError(f"cannot open the bundle: {error.strerror or error}", path=path) from error


def open_tar_stream(file: BinaryIO) -> TarStream:
    """Show the tar of a bundle in a seekable file; closing the stream closes the file."""
    tar_size = measure_canonical_tar(file)
    file.seek(0)
    return ZstdStream(file) if tar_size is None else RawFrameStream(file, tar_size)


def measure_canonical_tar(file: BinaryIO) -> int | None:
    """Return the size of the tar if the frame is canonical, checked block by block; else None."""
    size = file.seek(0, os.SEEK_END) - len(FRAME_HEADER)
    file.seek(0)
    if file.read(len(FRAME_HEADER)) != FRAME_HEADER:
        return None
    tar_size = size - BLOCK_HEADER_BYTES * -(-size // (BLOCK_HEADER_BYTES + BLOCK_DATA_BYTES))
    if tar_size <= 0:
        return None
    for block in range(count_blocks(tar_size)):
        data_size = min(BLOCK_DATA_BYTES, tar_size - block * BLOCK_DATA_BYTES)
        header = render_block_header(data_size, last=block * BLOCK_DATA_BYTES + data_size == tar_size)
        file.seek(file_offset(block * BLOCK_DATA_BYTES) - BLOCK_HEADER_BYTES)
        if file.read(BLOCK_HEADER_BYTES) != header:
            return None
    return tar_size


class EntryFile(io.RawIOBase):
    """The next bytes of a tar stream as a file of their own."""

    def __init__(self, stream: TarStream, size_bytes: int, *, owns_stream: bool) -> None:
        super().__init__()
        self._stream = stream
        self._left = size_bytes
        self._owns_stream = owns_stream

    def readable(self) -> bool:
        """Tell that the file can be read."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Read into a buffer.

        :raises BundleRejectedError: if the bundle ends before the archive does.
        """
        view = memoryview(buffer).cast("B")
        data = self._stream.read(min(len(view), self._left))
        if not data and self._left and view:
            raise truncated("it ends in the middle of an archive")
        view[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        """Close the file, and the bundle if it was opened for this archive alone."""
        if self._owns_stream:
            self._stream.close()
        super().close()


def truncated(why: str) -> BundleRejectedError:
    """Return the error for a bundle that ends early."""
    return BundleRejectedError(
        f"the bundle is truncated: {why}", kind="truncated", hint="copy or download the bundle again"
    )
