"""Write bundles in canonical form."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from ._blocks import BlockWriter
from ._digests import Digest
from ._entries import ArchiveEntry
from ._errors import ArchiveNameError, BundleError, BundleRejectedError, BundleWriteError
from ._frame import bundle_size
from ._names import is_archive_name
from ._paths import StrPath
from ._replacing import replacing
from ._room import check_room, disk_full, is_full
from ._tar import END_OF_ARCHIVE, padding_size, render_entry_header
from ._verify import mismatch
from ._wanted import WantedArchive


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleInfo:
    """A written bundle.

    :ivar path: the file that holds it, among other things if it was appended to one; empty if that has no name.
    :ivar sha256: lower-case hex digest of the whole bundle.
    :ivar archives: what it holds, in order.
    """

    path: Path
    size_bytes: int
    sha256: str
    archives: tuple[ArchiveEntry, ...]


def write_bundle(out: StrPath, archives: Iterable[StrPath], *, expected: Iterable[WantedArchive] = ()) -> BundleInfo:
    """Write archives into a bundle in canonical form; the same archives give the same bytes.

    The bundle is written next to ``out`` and put in its place by one rename: a failure or an interruption leaves what
    was there. Each archive is read once.

    :param archives: files named ``*.conda``, ``*.tar.bz2`` or ``*.whl``, in any order; their names go into the bundle.
    :param expected: what archives must be; checked while they are copied. One that is not named here goes in as it is.
    :raises ArchiveNameError: if a name is not one of a package archive.
    :raises ArchiveMismatchError: if an archive is not the expected one.
    :raises BundleRejectedError: if two archives have the same name.
    :raises BundleWriteError: if a file cannot be read or written, or changes its size meanwhile.
    :raises DiskFullError: if there is no room for it, which is looked at before anything is written.
    """
    out = Path(out)
    with _writing(out), replacing(out) as file:
        try:
            info = append_bundle(file, archives, expected=expected)
        except BundleError as error:
            if error.path == Path(file.name):
                error.path = out
            raise
    return replace(info, path=out)


def append_bundle(
    file: BinaryIO,
    archives: Iterable[StrPath],
    *,
    expected: Iterable[WantedArchive] = (),
    digests: Sequence[Digest] = (),
) -> BundleInfo:
    """Write archives as a bundle into an open file, at its current position; see ``write_bundle``.

    :param digests: take every byte of the bundle too, so that a digest of the whole file needs no second reading.
    :raises ArchiveNameError: if a name is not one of a package archive.
    :raises ArchiveMismatchError: if an archive is not the expected one.
    :raises BundleRejectedError: if two archives have the same name.
    :raises BundleWriteError: if a file cannot be read or written, or changes its size meanwhile.
    :raises DiskFullError: if there is no room for it, which is looked at before anything is written.
    """
    # A file that was opened by its descriptor has that for a name, which does not help.
    path = Path(file.name) if isinstance(file.name, str) else None
    sources = _sort_sources(map(Path, archives))
    wanted = {one.file_name: one for one in expected}
    with _writing(path):
        placed, end = _place(sources)
        tar_size = end + len(END_OF_ARCHIVE)
        file.flush()
    with _writing(path, bundle_size(tar_size)):
        if path is not None:
            check_room(path, bundle_size(tar_size))
        with BlockWriter(file.fileno(), tar_size, digests) as writer:
            for source, archive in zip(sources, placed, strict=True):
                writer.write(render_entry_header(archive.file_name, archive.size_bytes))
                check = _make_check(source, archive.size_bytes, wanted.get(archive.file_name))
                writer.write_file(source, archive.size_bytes, check)
                writer.write(bytes(padding_size(archive.size_bytes)))
            writer.write(END_OF_ARCHIVE)
            sha256 = writer.finish()
    return BundleInfo(path=path or Path(), size_bytes=bundle_size(tar_size), sha256=sha256, archives=placed)


@contextlib.contextmanager
def _writing(out: Path | None, needed_bytes: int | None = None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise disk_full(out, needed_bytes) from error
        raise BundleWriteError(f"cannot write the bundle: {error}", path=out) from error


def _make_check(source: Path, size_bytes: int, wanted: WantedArchive | None) -> Callable[[str], None] | None:
    if wanted is None:
        return None
    if wanted.size_bytes is not None and wanted.size_bytes != size_bytes:
        raise mismatch("size", source, wanted, f"{wanted.size_bytes} bytes", f"{size_bytes} bytes")

    def check(sha256: str) -> None:
        if sha256 != wanted.sha256:
            raise mismatch("sha256", source, wanted, wanted.sha256, sha256)

    return check


def _sort_sources(archives: Iterable[Path]) -> list[Path]:
    sources = sorted(archives, key=lambda path: path.name)
    for source in sources:
        if not is_archive_name(source.name):
            raise ArchiveNameError(
                "this is not the name of a package archive",
                path=source,
                name=source.name,
                expected="a name of ASCII letters, digits and ._-+!~= that ends in .conda, .tar.bz2 or .whl",
            )
    for one, other in itertools.pairwise(sources):
        if one.name == other.name:
            raise BundleRejectedError(
                f"two archives have the same name: {one} and {other}", kind="duplicate", path=other, name=other.name
            )
    return sources


def _place(sources: list[Path]) -> tuple[tuple[ArchiveEntry, ...], int]:
    """Return where each archive goes, and where the last one ends, with its padding."""
    placed: list[ArchiveEntry] = []
    end = 0
    for source in sources:
        size = source.stat().st_size
        offset = end + len(render_entry_header(source.name, size))
        placed.append(ArchiveEntry(file_name=source.name, size_bytes=size, tar_offset=offset))
        end = offset + size + padding_size(size)
    return tuple(placed), end
