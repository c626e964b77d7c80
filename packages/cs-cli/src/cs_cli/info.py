"""Read the ``info/`` folder of package archives; importing this takes longer than a build that needs none of it."""

from __future__ import annotations

import bz2
import contextlib
import io
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import zstandard

from .tars import BoundedMember, iterate_members

INFO_LIMIT_BYTES = 1 << 30
"""What ``info/`` may unpack to, in all: the largest that is known takes 0.2 GiB, and a bomb ends here."""
ENTRIES_LIMIT = 1_000_000
MEMBER_LIMIT_BYTES = 128 << 20

_BUFFER_BYTES = 1 << 17
_LISTS = frozenset(("info/paths.json", "info/files"))


def iterate_info(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Hand out the files in ``info/`` with their names; each can be read until the next one is handed out.

    The walk ends where ``info/`` does: it comes first in archives of today's tools.

    :param archive: a ``.conda`` or ``.tar.bz2`` file.
    :raises ValueError: if a limit is exceeded, or it is not such an archive; libraries raise other errors, too.
    """
    with _open_tar(archive) as tar:
        seen = False
        for number, member in enumerate(iterate_members(tar)):
            if number >= ENTRIES_LIMIT:
                raise ValueError(f"info/ has more than {ENTRIES_LIMIT} entries")
            inside = member.name.startswith("info/")
            if seen and not inside:
                return
            seen = seen or member.name in _LISTS
            if member.offset_data + member.size > INFO_LIMIT_BYTES:
                raise ValueError(f"info/ unpacks to more than {INFO_LIMIT_BYTES} bytes")
            if inside and member.isreg():
                yield member.name, _open_member(tar, member)


def _open_member(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    if member.name in _LISTS and member.size > MEMBER_LIMIT_BYTES:
        raise ValueError(f"{member.name} takes {member.size} bytes, {MEMBER_LIMIT_BYTES} is the limit")
    file = tar.extractfile(member)
    assert file is not None  # a regular file has a content
    return file


@contextlib.contextmanager
def _open_tar(archive: Path) -> Iterator[tarfile.TarFile]:
    with contextlib.ExitStack() as stack:
        if archive.name.endswith(".conda"):
            container = stack.enter_context(zipfile.ZipFile(archive))
            names = [name for name in container.namelist() if name.startswith("info-") and name.endswith(".tar.zst")]
            if len(names) != 1:
                raise ValueError(f"it holds {len(names)} members info-*.tar.zst instead of one")
            member = stack.enter_context(container.open(names[0]))
            unpacked = stack.enter_context(zstandard.ZstdDecompressor().stream_reader(member))
            stream: IO[bytes] = io.BufferedReader(unpacked, _BUFFER_BYTES)
        else:
            stream = stack.enter_context(bz2.open(archive))
        yield stack.enter_context(tarfile.open(fileobj=stream, mode="r|", tarinfo=BoundedMember))
