"""Walk untrusted tars, in memory that does not grow with them."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path

EXTENSION_LIMIT_BYTES = 64 << 10
"""Largest header with a long name: a reader of tar has some hundred of them in memory at once."""

_EXTENSIONS = frozenset(
    (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
)


class BoundedMember(tarfile.TarInfo):
    """An entry of a tar whose headers are limited in size; for ``tarfile.open(tarinfo=...)``."""

    # Every header is read by a method of another name in each release; all of them end here, and the source of tarfile
    # calls it the one to override.
    def _proc_member(self, tar: tarfile.TarFile) -> tarfile.TarInfo:
        """Read what belongs to a header.

        :raises tarfile.TarError: if it has a name that is too long, or is damaged.
        """
        if self.type in _EXTENSIONS and self.size > EXTENSION_LIMIT_BYTES:
            raise tarfile.ReadError(f"a header is {self.size} bytes long; the limit is {EXTENSION_LIMIT_BYTES}")
        member: tarfile.TarInfo = super()._proc_member(tar)  # type: ignore[misc]
        return member


def iterate_members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the entries of a tar that is read from its beginning to its end, and keep none of them."""
    while (member := tar.next()) is not None:
        tar.members.clear()  # type: ignore[attr-defined]
        tar.pax_headers.clear()  # type: ignore[attr-defined]
        yield member


def extract_member(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    """Write an entry into a directory, as the filter "data" of :pep:`706` lets it be written.

    Pythons before 3.11.4 have no filters, among them that of Debian 12: there, links are refused too.

    :param target: a directory that contains only what this function wrote.
    :raises ValueError: if the entry leads out of the directory, or is a device or the like; the library
        raises ``tarfile.TarError`` for the same.
    """
    if hasattr(tarfile, "data_filter"):
        tar.extract(member, target, filter="data")
        return
    place = Path(os.path.normpath(target / member.name))
    if not place.is_relative_to(target):
        raise ValueError(f"{member.name!r} leads out of the archive")
    if member.isdir():
        place.mkdir(parents=True, exist_ok=True)
    elif member.isreg():
        place.parent.mkdir(parents=True, exist_ok=True)
        content = tar.extractfile(member)
        assert content is not None  # a regular file has a content
        with content, place.open("wb") as file:
            shutil.copyfileobj(content, file)
        place.chmod(0o755 if member.mode & stat.S_IXUSR else 0o644)
    else:
        raise ValueError(f"{member.name!r} is not a file or a directory; Python 3.11.4 and newer can unpack links")
