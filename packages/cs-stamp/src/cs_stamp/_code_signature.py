"""The ad hoc signature of a macOS executable, as linkers make it: page hashes without a certificate.

Layouts and numbers are those of ``osfmk/kern/cs_blobs.h`` in Apple's published kernel sources.
"""

from __future__ import annotations

import struct
from hashlib import sha256

from ._macho import SIGNATURE_ALIGNMENT

PAGE_SIZE_BYTES = 4096
HASH_SIZE_BYTES = 32
MAGIC_SUPERBLOB, MAGIC_CODE_DIRECTORY = 0xFADE0CC0, 0xFADE0C02
FLAG_ADHOC, FLAG_LINKER_SIGNED = 0x2, 0x20000

_SUPERBLOB = struct.Struct(">5I")
_CODE_DIRECTORY = struct.Struct(">9I4B3I4x4Q")
_VERSION_WITH_EXECUTABLE_SEGMENT = 0x20400
_SHA256 = 2
_PAGE_SIZE_EXPONENT = PAGE_SIZE_BYTES.bit_length() - 1
_MAIN_BINARY = 1


class PageHashes:
    """SHA-256 of each page of a file, taken while it is written."""

    def __init__(self) -> None:
        self._hashes, self._rest = bytearray(), bytearray()

    def update(self, data: bytes | memoryview, /) -> None:
        """Take more bytes."""
        view = memoryview(data)
        if self._rest:
            missing = PAGE_SIZE_BYTES - len(self._rest)
            self._rest += view[:missing]
            view = view[missing:]
            if len(self._rest) < PAGE_SIZE_BYTES:
                return
            self._hashes += sha256(self._rest).digest()
        whole = len(view) - len(view) % PAGE_SIZE_BYTES
        for position in range(0, whole, PAGE_SIZE_BYTES):
            self._hashes += sha256(view[position : position + PAGE_SIZE_BYTES]).digest()
        self._rest = bytearray(view[whole:])

    def replace(self, beginning: bytes) -> None:
        """Hash the beginning of the file again, which has changed since: whole pages, or all of the file."""
        again = PageHashes()
        again.update(beginning)
        self._hashes[: len(again._hashes)] = again._hashes
        self._rest = again._rest or self._rest

    def finish(self) -> bytes:
        """Return the hashes, the last one of what is left."""
        return bytes(self._hashes) + (sha256(self._rest).digest() if self._rest else b"")


def measure_signature(signed_end: int, identifier: str) -> int:
    """Return the size of the signature over a file's first bytes."""
    pages = -(-signed_end // PAGE_SIZE_BYTES)
    size = _SUPERBLOB.size + _CODE_DIRECTORY.size + len(identifier.encode()) + 1 + HASH_SIZE_BYTES * pages
    return size + -size % SIGNATURE_ALIGNMENT


def render_signature(hashes: bytes, *, signed_end: int, identifier: str, text: tuple[int, int]) -> bytes:
    """Render the signature over a file's first bytes.

    :param hashes: of its pages.
    :param text: offset and size of ``__TEXT`` in the file.
    """
    name = identifier.encode() + b"\0"
    first_hash = _CODE_DIRECTORY.size + len(name)
    length = first_hash + len(hashes)
    flags = FLAG_ADHOC | FLAG_LINKER_SIGNED
    directory = _CODE_DIRECTORY.pack(
        *(MAGIC_CODE_DIRECTORY, length, _VERSION_WITH_EXECUTABLE_SEGMENT, flags),
        *(first_hash, _CODE_DIRECTORY.size, 0, len(hashes) // HASH_SIZE_BYTES, signed_end),
        *(HASH_SIZE_BYTES, _SHA256, 0, _PAGE_SIZE_EXPONENT),
        *(0, 0, 0),  # no scatter, no team
        *(0, *text, _MAIN_BINARY),
    )
    head = _SUPERBLOB.pack(MAGIC_SUPERBLOB, _SUPERBLOB.size + length, 1, 0, _SUPERBLOB.size)
    return (head + directory + name + hashes).ljust(measure_signature(signed_end, identifier), b"\0")
