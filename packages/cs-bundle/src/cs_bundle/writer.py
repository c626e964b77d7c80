"""Write bundles in canonical form."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .blocks import BlockWriter
from .errors import ArchiveNameError, BundleRejectedError, BundleWriteError
from .frame import bundle_size
from .names import is_archive_name
from .tar import END_OF_ARCHIVE, padding_size, render_entry_header


@dataclass(frozen=True, slots=True, kw_only=True)
class BundledArchive:
    """Place one archive in a bundle.

    :ivar tar_offset: first byte of the archive, counted inside the tar.
    """

    file_name: str
    size_bytes: int
    tar_offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleInfo:
    """Describe a written bundle.

    :ivar sha256: lower-case hex digest of the whole bundle.
    :ivar archives: what it holds, in order.
    """

    path: Path
    size_bytes: int
    sha256: str
    archives: tuple[BundledArchive, ...]


def write_bundle(out: Path, archives: Iterable[Path]) -> BundleInfo:
    """Write archives into a bundle in canonical form; the same archives give the same bytes.

    The bundle is written beside ``out`` and put in its place by one rename: a failure or an interruption leaves what
    was there. What the archives hold is not looked at.

    :param archives: files named ``*.conda`` or ``*.tar.bz2``, in any order; their names go into the bundle.
    :raises ArchiveNameError: if a name is not one of a package archive.
    :raises BundleRejectedError: if two archives have one name.
    :raises BundleWriteError: if a file cannot be read or written, or changes its size meanwhile.
    """
    sources = _sort_sources(archives)
    try:
        placed = _place(sources)
        tar_size = _end_of(placed) + len(END_OF_ARCHIVE)
        with _replacing(out) as file, BlockWriter(file, tar_size) as writer:
            for source, archive in zip(sources, placed, strict=True):
                writer.write(render_entry_header(archive.file_name, archive.size_bytes))
                writer.write_file(source, archive.size_bytes)
                writer.write(bytes(padding_size(archive.size_bytes)))
            writer.write(END_OF_ARCHIVE)
            sha256 = writer.finish()
    except OSError as error:
        raise BundleWriteError(f"cannot write the bundle: {error}", path=out) from error
    return BundleInfo(path=out, size_bytes=bundle_size(tar_size), sha256=sha256, archives=placed)


def _sort_sources(archives: Iterable[Path]) -> list[Path]:
    sources = sorted(archives, key=lambda path: path.name)
    for source in sources:
        if not is_archive_name(source.name):
            raise ArchiveNameError(
                "this is not the name of a package archive",
                path=source,
                name=source.name,
                expected="a name of ASCII letters, digits and ._-+!~= that ends in .conda or .tar.bz2",
            )
    for one, other in itertools.pairwise(sources):
        if one.name == other.name:
            raise BundleRejectedError(
                f"two archives have one name, {one} and {other}", kind="duplicate", path=other, name=other.name
            )
    return sources


def _place(sources: list[Path]) -> tuple[BundledArchive, ...]:
    placed: list[BundledArchive] = []
    for source in sources:
        size = source.stat().st_size
        offset = _end_of(placed) + len(render_entry_header(source.name, size))
        placed.append(BundledArchive(file_name=source.name, size_bytes=size, tar_offset=offset))
    return tuple(placed)


def _end_of(placed: list[BundledArchive] | tuple[BundledArchive, ...]) -> int:
    if not placed:
        return 0
    last = placed[-1]
    return last.tar_offset + last.size_bytes + padding_size(last.size_bytes)


@contextlib.contextmanager
def _replacing(out: Path) -> Iterator[int]:
    # A random name, opened exclusively: two builds into one directory do not meet. No fsync: a build can be repeated.
    temporary = out.with_name(f".{out.name}.{secrets.token_hex(6)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(temporary, flags, 0o666)
    try:
        try:
            yield descriptor
        finally:
            os.close(descriptor)
        temporary.replace(out)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
