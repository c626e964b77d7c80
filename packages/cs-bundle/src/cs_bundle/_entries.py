"""Walk the entries of an untrusted tar, and refuse what a bundle must not contain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ._errors import BundleRejectedError
from ._names import check_entry_name
from ._streams import TarStream, truncated
from ._tar import BLOCK_SIZE_BYTES, padding_size

_EXTENSION_LIMIT_BYTES = 1 << 20
_REGULAR = {"0", "\0", "7"}
_REFUSED = {"1": ("hardlink", "a hard link"), "2": ("symlink", "a symbolic link"), "5": ("directory", "a directory")}
_PAX_RECORD = re.compile(rb"(\d{1,10}) ")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveEntry:
    """Name and size of one archive in a bundle.

    :ivar tar_offset: first byte of the archive inside the tar; None in a directory.
    """

    file_name: str
    size_bytes: int
    tar_offset: int | None = None


@dataclass(slots=True)
class _Extensions:
    """What long-name and pax headers say about the next entry."""

    name: str | None = None
    size_bytes: int | None = None
    sparse: bool = False


@dataclass(slots=True)
class EntryWalker:
    """A walk through a tar from its beginning to its end.

    While an entry is handed out, its bytes may be read from the stream; what is left of them is stepped over.
    """

    stream: TarStream
    _names: set[str] = field(default_factory=set)

    def __iter__(self) -> Iterator[ArchiveEntry]:
        """Hand out the archives in order.

        :raises BundleRejectedError: as soon as the walk meets something that a bundle must not hold.
        """
        extensions = _Extensions()
        while (block := self._read_header()) is not None:
            kind, size = chr(block[156]), _parse_number(block[124:136], "size")
            if kind in "xgLK":
                self._read_extension(kind, size, extensions)
                continue
            yield from self._hand_out(block, kind, size, extensions)
            extensions = _Extensions()
        self._expect_nothing_more()

    def _hand_out(self, block: bytes, kind: str, size: int, extensions: _Extensions) -> Iterator[ArchiveEntry]:
        name = extensions.name if extensions.name is not None else _parse_name(block)
        _check_kind(name, "S" if extensions.sparse else kind)
        size = extensions.size_bytes if extensions.size_bytes is not None else size
        name = check_entry_name(name)
        if name in self._names:
            raise BundleRejectedError(f"the entry {name!r} is refused: it appears twice", kind="duplicate", name=name)
        self._names.add(name)
        start = self.stream.position
        yield ArchiveEntry(file_name=name, size_bytes=size, tar_offset=start)
        end = start + size + padding_size(size)
        self.stream.skip(end - self.stream.position)
        if self.stream.position != end:
            raise truncated(f"it ends in the middle of {name!r}")

    def _read_header(self) -> bytes | None:
        block = self._read_exactly(BLOCK_SIZE_BYTES, "the end-of-archive mark is missing")
        if not any(block):
            return None
        unsigned = sum(block[:148]) + 8 * 32 + sum(block[156:])
        if _parse_number(block[148:156], "checksum") != unsigned:
            raise _damaged("the checksum of a tar header is wrong")
        return block

    def _read_extension(self, kind: str, size: int, extensions: _Extensions) -> None:
        if size > _EXTENSION_LIMIT_BYTES:
            raise _damaged(f"an extended header of {size} bytes")
        data = self._read_exactly(size + padding_size(size), "it ends in an extended header")[:size]
        if kind == "L":
            extensions.name = _decode(data.split(b"\0")[0])
        elif kind == "x":
            _apply_pax(data, extensions)

    def _read_exactly(self, size: int, why: str) -> bytes:
        data = self.stream.read(size)
        if len(data) < size:
            raise truncated(why)
        return data

    def _expect_nothing_more(self) -> None:
        while data := self.stream.read(1 << 16):
            if any(data):
                raise _damaged("there is data after the end of its tar")


def _check_kind(name: str, kind: str) -> None:
    if kind in _REGULAR:
        return
    fault, what = _REFUSED.get(kind, ("device", "a device or another special file"))
    raise BundleRejectedError(
        f"the entry {name!r} is refused: it is {what}",
        kind=fault,
        name=name,
        hint="a bundle contains only package archives, at its top level",
    )


def _parse_name(block: bytes) -> str:
    name = block[:100].split(b"\0")[0]
    prefix = block[345:500].split(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    return _decode(prefix + b"/" + name if prefix else name)


def _parse_number(data: bytes, what: str) -> int:
    if data[0] & 0x80:
        value = int.from_bytes(bytes([data[0] & 0x7F]) + data[1:], "big")
        if value >= 1 << 63:
            raise _damaged(f"the {what} in a tar header is out of range")
        return value
    digits = data.strip(b"\0 ")
    if not re.fullmatch(rb"[0-7]+", digits):
        raise _damaged(f"the {what} in a tar header is not a number")
    return int(digits, 8)


def _apply_pax(data: bytes, extensions: _Extensions) -> None:
    while data:
        match = _PAX_RECORD.match(data)
        end = int(match[1]) if match else 0
        record = data[match.end() : end] if match else b""
        key, equals, value = record.partition(b"=")
        if not equals or not value.endswith(b"\n") or end > len(data):
            raise _damaged("a record of an extended header is malformed")
        _apply_pax_record(key, value[:-1], extensions)
        data = data[end:]


def _apply_pax_record(key: bytes, value: bytes, extensions: _Extensions) -> None:
    if key == b"path":
        extensions.name = _decode(value)
    elif key == b"size":
        if not re.fullmatch(rb"\d{1,18}", value):
            raise _damaged("the size in an extended header is not a number")
        extensions.size_bytes = int(value)
    elif key.startswith(b"GNU.sparse."):
        extensions.sparse = True


def _decode(name: bytes) -> str:
    try:
        return name.decode()
    except UnicodeDecodeError:
        raise _damaged(f"the name {name!r} is not UTF-8") from None


def _damaged(why: str) -> BundleRejectedError:
    return BundleRejectedError(
        f"the bundle is damaged: {why}", kind="damaged", hint="a bundle file is a zstd-compressed tar"
    )
