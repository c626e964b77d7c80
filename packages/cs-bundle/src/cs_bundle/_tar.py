"""Tar headers in the one form that is written."""

from __future__ import annotations

BLOCK_SIZE_BYTES = 512
END_OF_ARCHIVE = bytes(2 * BLOCK_SIZE_BYTES)

_NAME_FIELD_BYTES = 100
_OCTAL_SIZE_LIMIT = 1 << 33
_PAX_NAME = b"././@PaxHeader"


def padding_size(size_bytes: int) -> int:
    """Return the number of zero bytes after an entry's data."""
    return -size_bytes % BLOCK_SIZE_BYTES


def render_entry_header(name: str, size_bytes: int) -> bytes:
    """Render the bytes before an archive: its header, after a pax header if the name is long."""
    encoded = name.encode("ascii")
    header = _render_header(encoded[:_NAME_FIELD_BYTES], size_bytes, b"0")
    if len(encoded) <= _NAME_FIELD_BYTES:
        return header
    record = _render_pax_record(b"path", encoded)
    return _render_header(_PAX_NAME, len(record), b"x") + record + bytes(padding_size(len(record))) + header


def _render_header(name: bytes, size_bytes: int, kind: bytes) -> bytes:
    size = b"%011o\0" % size_bytes if size_bytes < _OCTAL_SIZE_LIMIT else b"\x80" + size_bytes.to_bytes(11, "big")
    fields = (name.ljust(100, b"\0"), b"0000644\0", b"0000000\0", b"0000000\0", size, b"00000000000\0")
    rest = kind.ljust(101, b"\0") + b"ustar\x0000"
    unsigned = b"".join(fields) + b" " * 8 + rest.ljust(BLOCK_SIZE_BYTES - 156, b"\0")
    return unsigned[:148] + b"%06o\0 " % sum(unsigned) + unsigned[156:]


def _render_pax_record(key: bytes, value: bytes) -> bytes:
    # The length counts its own digits.
    rest = b" " + key + b"=" + value + b"\n"
    length = len(rest) + 1
    while length != len(rest) + len(str(length)):
        length = len(rest) + len(str(length))
    return str(length).encode() + rest
