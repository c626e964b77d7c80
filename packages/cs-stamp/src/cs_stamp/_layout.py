"""The numbers of the stamp format, as ``docs/reference/stamp-format.md`` has them."""

from __future__ import annotations

from typing import Final

FORMAT_VERSION: Final = 1
MAGIC: Final = b"\x89CONDA-SHIP\r\n\x1a\n\0"
FOOTER_SIZE_BYTES: Final = 512
DIGEST_SIZE_BYTES: Final = 32
FOOTER_DIGEST_OFFSET: Final = FOOTER_SIZE_BYTES - DIGEST_SIZE_BYTES
PART_TAGS: Final = ("header", "plan", "lock", "bytecode", "bundle", "launch")

# The identity covers what a runtime is and does; the bundle only says where the same archives come from.
IDENTITY_TAGS: Final = ("header", "plan", "lock", "bytecode", "launch")

TRAILING_LIMIT_BYTES: Final = 16 << 20
SIGNED_SIZE_LIMIT_BYTES: Final = (4 << 30) - (64 << 20)
"""Offsets in the headers of PE and Mach-O have 32 bits; what is left is for the signature."""
PART_LIMITS_BYTES: Final = {"header": 1 << 20, "plan": 256 << 20, "lock": 1 << 30, "launch": 3584}

MARK_MAGIC: Final = b"\x89CS-TEMPLATE\r\n\x1a\n"
MARK_SIZE_BYTES: Final = 128
MARK_SEARCH_LIMIT_BYTES: Final = 256 << 20
MARK_CANDIDATES_LIMIT: Final = 1000

JSON_DEPTH_LIMIT: Final = 32
JSON_INTEGERS: Final = range(-(1 << 63), 1 << 63)

COPY_CHUNK_BYTES: Final = 1 << 20
