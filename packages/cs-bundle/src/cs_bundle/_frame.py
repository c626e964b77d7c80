"""The zstd frame of raw blocks around a canonical tar: arithmetic, no compressor."""

from __future__ import annotations

FRAME_HEADER = b"\x28\xb5\x2f\xfd\x00\x38"
BLOCK_DATA_BYTES = 131_072
BLOCK_HEADER_BYTES = 3


def file_offset(position: int) -> int:
    """Return the position in the bundle of a byte of the tar."""
    return len(FRAME_HEADER) + position + BLOCK_HEADER_BYTES * (position // BLOCK_DATA_BYTES + 1)


def count_blocks(tar_size_bytes: int) -> int:
    """Return the number of blocks of a tar, which is never empty."""
    return -(-tar_size_bytes // BLOCK_DATA_BYTES)


def bundle_size(tar_size_bytes: int) -> int:
    """Return the size of the bundle around a tar."""
    return len(FRAME_HEADER) + tar_size_bytes + BLOCK_HEADER_BYTES * count_blocks(tar_size_bytes)


def render_block_header(size_bytes: int, *, last: bool) -> bytes:
    """Render the header of a raw block."""
    return (size_bytes << 3 | last).to_bytes(BLOCK_HEADER_BYTES, "little")
