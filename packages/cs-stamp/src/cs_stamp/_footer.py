"""The footer: 512 bytes with the position and the SHA-256 of each part."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from ._errors import (
    DamagedStampError,
    ExecutableLayoutError,
    MisplacedStampError,
    NotStampedError,
    UnsupportedVersionError,
)
from ._layout import (
    FOOTER_DIGEST_OFFSET,
    FOOTER_SIZE_BYTES,
    FORMAT_VERSION,
    IDENTITY_TAGS,
    MAGIC,
    PART_LIMITS_BYTES,
    PART_TAGS,
    TRAILING_LIMIT_BYTES,
)
from ._placement import Place, find_place

_HEAD = struct.Struct("<16sIIQ32s")
_ENTRY = struct.Struct("<8sQQ32s")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartEntry:
    """Position of one part.

    :ivar offset: first byte, relative to the stamp's first byte.
    :ivar sha256: raw digest of the part.
    """

    tag: str
    offset: int
    size_bytes: int
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Footer:
    """A footer whose digest, identity and order of parts have been checked.

    :ivar stamp_length: bytes from the first byte of the header to the end of the footer.
    """

    identity: bytes
    stamp_length: int
    parts: tuple[PartEntry, ...]

    def part(self, tag: str) -> PartEntry:
        """Return the entry of a part."""
        return self.parts[PART_TAGS.index(tag)]

    def to_bytes(self) -> bytes:
        """Render the footer."""
        head = _HEAD.pack(MAGIC, FORMAT_VERSION, len(self.parts), self.stamp_length, self.identity)
        entries = b"".join(_ENTRY.pack(p.tag.encode(), p.offset, p.size_bytes, p.sha256) for p in self.parts)
        body = (head + entries).ljust(FOOTER_DIGEST_OFFSET, b"\0")
        return body + sha256(body).digest()


def derive_identity(digests: Mapping[str, bytes]) -> bytes:
    """Return the identity of a stamp from the raw digests of its parts."""
    return sha256(b"".join(digests[tag] for tag in IDENTITY_TAGS)).digest()


def plan_footer(sizes_bytes: Mapping[str, int], digests: Mapping[str, bytes]) -> Footer:
    """Place the parts one after the other."""
    parts: list[PartEntry] = []
    offset = 0
    for tag in PART_TAGS:
        parts.append(PartEntry(tag=tag, offset=offset, size_bytes=sizes_bytes[tag], sha256=digests[tag]))
        offset += sizes_bytes[tag]
    return Footer(identity=derive_identity(digests), stamp_length=offset + FOOTER_SIZE_BYTES, parts=tuple(parts))


def find_footer(file: BinaryIO) -> tuple[Footer, int]:
    """Find the footer of an open file, reading 512 bytes where nothing was appended.

    :returns: the footer and its absolute offset.
    :raises NotStampedError: if there is none.
    :raises MisplacedStampError: if there is one where the platform's signature does not cover it.
    :raises DamagedStampError: if there is one, but not as it was written.
    """
    offset, data = _locate_footer(file)
    footer = parse_footer(data)
    if footer.stamp_length > offset + FOOTER_SIZE_BYTES:
        raise _damaged("the stamp is longer than the file: its beginning has been cut off")
    return footer, offset


def _locate_footer(file: BinaryIO) -> tuple[int, bytes]:
    try:
        place = find_place(file)
    except ExecutableLayoutError as error:
        raise _misplaced(file, f": {error.message}") from error
    found = _search_file(file) if place is None else _read_at_place(file, place)
    if found is None:
        raise _misplaced(file, "")
    return found


def _read_at_place(file: BinaryIO, place: Place) -> tuple[int, bytes] | None:
    start = max(place.end - place.padding - FOOTER_SIZE_BYTES, 0)
    window = _read_at(file, start, place.end - start)
    for padding in range(place.padding + 1):
        position = len(window) - padding - FOOTER_SIZE_BYTES
        if position < 0 or any(window[len(window) - padding :]):
            return None
        footer = window[position : position + FOOTER_SIZE_BYTES]
        if footer.startswith(MAGIC):
            if not _is_footer(footer):
                raise _damaged("its digest does not match")
            return start + position, footer
    return None


def _misplaced(file: BinaryIO, why: str) -> MisplacedStampError:
    """Return the error for a file without a stamp at its place.

    :raises NotStampedError: if it has none elsewhere either.
    """
    _search_file(file)
    return MisplacedStampError(
        f"the stamp is not where the signed bytes of this file end{why}",
        hint="download the runtime again from its publisher: somebody has changed it",
    )


def _search_file(file: BinaryIO) -> tuple[int, bytes]:
    """Find the last footer in the last 16 MiB + 512 bytes of a file."""
    size = file.seek(0, os.SEEK_END)
    offset = max(size - FOOTER_SIZE_BYTES, 0)
    tail = _read_at(file, offset, FOOTER_SIZE_BYTES)
    if _is_footer(tail):
        return offset, tail
    start = max(size - TRAILING_LIMIT_BYTES - FOOTER_SIZE_BYTES, 0)
    window = _read_at(file, start, size - start)
    position = _search_footer(window)
    return start + position, window[position : position + FOOTER_SIZE_BYTES]


def _read_at(file: BinaryIO, offset: int, size_bytes: int) -> bytes:
    file.seek(offset)
    return file.read(size_bytes)


def _is_footer(data: bytes) -> bool:
    return (
        len(data) == FOOTER_SIZE_BYTES
        and data.startswith(MAGIC)
        and sha256(data[:FOOTER_DIGEST_OFFSET]).digest() == data[FOOTER_DIGEST_OFFSET:]
    )


def _search_footer(window: bytes) -> int:
    end, seen = len(window), False
    while (position := window.rfind(MAGIC, 0, end)) >= 0:
        if _is_footer(window[position : position + FOOTER_SIZE_BYTES]):
            return position
        end, seen = position + len(MAGIC) - 1, True
    if seen:
        raise _damaged("its digest does not match")
    raise NotStampedError(
        "this is not a conda-ship runtime: no stamp found",
        hint="if you downloaded it as one, its end is missing: download it again; `cs build` creates runtimes",
    )


def parse_footer(data: bytes) -> Footer:
    """Parse a footer whose digest matches.

    :param data: the footer's 512 bytes.
    :raises UnsupportedVersionError: if it is of another format version.
    :raises DamagedStampError: if the parts are not laid out as the format says.
    """
    _, version, count, stamp_length, identity = _HEAD.unpack_from(data)
    if version != FORMAT_VERSION:
        raise UnsupportedVersionError(
            f"the stamp has format version {version}; this release reads version {FORMAT_VERSION}",
            part="footer",
            expected=str(FORMAT_VERSION),
            actual=str(version),
            hint="use a newer release of conda-ship",
        )
    if count != len(PART_TAGS):
        raise _damaged(f"it lists {count} parts instead of {len(PART_TAGS)}")
    parts = tuple(_parse_entry(data, index) for index in range(count))
    if any(data[_HEAD.size + count * _ENTRY.size : FOOTER_DIGEST_OFFSET]):
        raise _damaged("its reserved bytes are not zero")
    _check_layout(parts, stamp_length)
    if identity != derive_identity({part.tag: part.sha256 for part in parts}):
        raise _damaged("its identity does not follow from its parts")
    return Footer(identity=identity, stamp_length=stamp_length, parts=parts)


def _parse_entry(data: bytes, index: int) -> PartEntry:
    tag, offset, size, digest = _ENTRY.unpack_from(data, _HEAD.size + index * _ENTRY.size)
    if tag != PART_TAGS[index].encode().ljust(8, b"\0"):
        raise _damaged(f"part {index + 1} should be {PART_TAGS[index]!r}")
    return PartEntry(tag=PART_TAGS[index], offset=offset, size_bytes=size, sha256=digest)


def _check_layout(parts: tuple[PartEntry, ...], stamp_length: int) -> None:
    expected = 0
    for part in parts:
        if part.offset != expected:
            raise _damaged(f"the {part.tag} should start at byte {expected} and starts at {part.offset}")
        limit = PART_LIMITS_BYTES.get(part.tag)
        if limit is not None and part.size_bytes > limit:
            raise DamagedStampError(
                f"the {part.tag} of this runtime is damaged: it has {part.size_bytes} bytes; the limit is {limit}",
                part=part.tag,
                expected=f"at most {limit} bytes",
                actual=f"{part.size_bytes} bytes",
            )
        expected += part.size_bytes
    if expected + FOOTER_SIZE_BYTES != stamp_length:
        raise _damaged("its parts do not end where it starts")


def _damaged(why: str) -> DamagedStampError:
    return DamagedStampError(
        f"the footer of this runtime is damaged: {why}", part="footer", hint="download or build the runtime again"
    )
