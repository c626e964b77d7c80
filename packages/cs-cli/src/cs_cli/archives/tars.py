"""Walk untrusted tars, in memory that does not grow with them."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator

EXTENSION_LIMIT_BYTES = 64 << 10
"""Largest header with a long name: a reader of tar has some hundred of them in memory at once."""

_EXTENSIONS = frozenset(
    (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
)


class BoundedMember(tarfile.TarInfo):
    """An entry of a tar whose headers are limited in size; for ``tarfile.open(tarinfo=...)``."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> BoundedMember:
        """Read a header.

        :raises tarfile.TarError: if it is not a tar, or has a name that is too long.
        """
        member = super().frombuf(buf, encoding, errors)
        if member.type in _EXTENSIONS and member.size > EXTENSION_LIMIT_BYTES:
            raise tarfile.ReadError(f"a header is {member.size} bytes long; the limit is {EXTENSION_LIMIT_BYTES}")
        return member


def iterate_members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the entries of a tar that is read from its beginning to its end, and keep none of them."""
    while (member := tar.next()) is not None:
        tar.members.clear()  # type: ignore[attr-defined]
        tar.pax_headers.clear()  # type: ignore[attr-defined]
        yield member
