"""Read the ``info/`` directory of package archives; importing this takes longer than a build that needs none of it."""

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

from .limits import LARGEST_INFO, LARGEST_LISTS
from .tars import BoundedMember, iterate_members

_BUFFER_BYTES = 1 << 17
_ENDS = frozenset(("info/paths.json", "info/files"))
_LISTS = _ENDS | {"info/has_prefix", "info/no_link", "info/no_softlink"}


def iterate_info(archive: Path, most: int) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield the files in ``info/`` with their names; each can be read until the next one is yielded.

    The walk ends where ``info/`` ends: today's tools put it first in an archive.

    :param archive: a ``.conda`` or ``.tar.bz2`` file.
    :param most: how many entries there may be.
    :raises ValueError: if a limit is exceeded, or it is not such an archive; libraries raise other errors, too.
    """
    seen, lists_bytes = False, 0
    with _open_tar(archive) as tar:
        for number, member in enumerate(iterate_members(tar)):
            inside = member.name.startswith("info/")
            if seen and not inside:
                return
            seen = seen or member.name in _ENDS
            lists_bytes += member.size if member.name in _LISTS else 0
            _check_limits(number, member.offset_data + member.size, lists_bytes, most)
            if inside and member.isreg():
                file = tar.extractfile(member)
                assert file is not None  # a regular file has a content
                yield member.name, file


def _check_limits(number: int, unpacked_bytes: int, lists_bytes: int, most: int) -> None:
    if number >= most:
        raise ValueError(f"info/ has more than {most} entries, too many for an archive of its size")
    if unpacked_bytes > LARGEST_INFO:
        raise ValueError(f"info/ unpacks to more than {LARGEST_INFO} bytes")
    if lists_bytes > LARGEST_LISTS:
        raise ValueError(f"the lists of paths in info/ take more than {LARGEST_LISTS} bytes")


@contextlib.contextmanager
def _open_tar(archive: Path) -> Iterator[tarfile.TarFile]:
    with contextlib.ExitStack() as stack:
        if archive.name.endswith(".conda"):
            container = stack.enter_context(zipfile.ZipFile(archive))
            names = [name for name in container.namelist() if name.startswith("info-") and name.endswith(".tar.zst")]
            if len(names) != 1:
                raise ValueError(f"it contains {len(names)} members info-*.tar.zst instead of one")
            member = stack.enter_context(container.open(names[0]))
            unpacked = stack.enter_context(zstandard.ZstdDecompressor().stream_reader(member))
            stream: IO[bytes] = io.BufferedReader(unpacked, _BUFFER_BYTES)
        else:
            stream = stack.enter_context(bz2.open(archive))
        yield stack.enter_context(tarfile.open(fileobj=stream, mode="r|", tarinfo=BoundedMember))
