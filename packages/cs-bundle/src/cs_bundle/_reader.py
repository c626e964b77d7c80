"""Open bundles: a directory, a file in canonical form, or a tar of another tool."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, cast

from ._entries import ArchiveEntry, EntryWalker
from ._errors import BundleError, BundleReadError
from ._names import is_archive_name
from ._paths import StrPath
from ._streams import EntryFile, RawFrameStream, TarStream, open_bundle_file, open_tar_stream

Form = Literal["directory", "canonical", "foreign"]
_BUFFER_BYTES = 1 << 17


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleReader:
    """Access to the archives of a bundle; made by ``open_bundle``. It holds no open file.

    :ivar form: ``directory``; ``canonical``, read in place; or ``foreign``, decompressed.
    :ivar archives: what the bundle contains, in its own order; those of a directory are sorted.
    """

    path: Path
    form: Form
    archives: tuple[ArchiveEntry, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the archives' file names."""
        return tuple(archive.file_name for archive in self.archives)

    def open_archive(self, name: str) -> BinaryIO:
        """Open one archive for reading from its beginning; a foreign bundle is decompressed up to it.

        :raises BundleError: of kind ``missing`` if the bundle does not hold it.
        """
        archive = next((archive for archive in self.archives if archive.file_name == name), None)
        if archive is None:
            raise BundleError(f"the bundle has no archive {name!r}", kind="missing", path=self.path, name=name)
        if self.form == "directory":
            return open_member(self.path, name)
        with naming(self.path), contextlib.ExitStack() as undo:
            file = undo.enter_context(open_bundle_file(self.path))
            stream = open_tar_stream(file)
            stream.skip(cast(int, archive.tar_offset))
            undo.pop_all()
        return _wrap(EntryFile(stream, archive.size_bytes, owns_stream=True))

    def iterate_archives(self) -> Iterator[tuple[ArchiveEntry, BinaryIO]]:
        """Hand out every archive with a file to read it from, in one pass over the bundle.

        A file is valid until the next one is handed out. The walk checks again what ``open_bundle`` checked.
        """
        return iterate_archives(self.path)


def open_bundle(path: StrPath) -> BundleReader:
    """Open a bundle and list its archives, refusing what must not be in one. Archives' digests are not looked at.

    :param path: a directory or a ``.bundle.tar.zst`` file.
    :raises BundleReadError: if it cannot be opened.
    :raises BundleRejectedError: if it contains anything but archives, or is damaged.
    """
    path = Path(path)
    if path.is_dir():
        return BundleReader(path=path, form="directory", archives=list_directory(path))
    with naming(path), open_bundle_file(path) as file:
        stream = open_tar_stream(file)
        return BundleReader(path=path, form=tell_form(stream), archives=tuple(EntryWalker(stream)))


def iterate_archives(bundle: Path | BinaryIO) -> Iterator[tuple[ArchiveEntry, BinaryIO]]:
    """Hand out every archive of a bundle with a file to read it from, in one pass.

    :param bundle: a directory, a ``.bundle.tar.zst`` file, or such a file that is open: seekable, and left open.
    """
    if not isinstance(bundle, Path):
        yield from _walk(bundle)
    elif bundle.is_dir():
        for archive in list_directory(bundle):
            with open_member(bundle, archive.file_name) as file:
                yield archive, file
    else:
        with naming(bundle), open_bundle_file(bundle) as file:
            yield from _walk(file)


def _walk(file: BinaryIO) -> Iterator[tuple[ArchiveEntry, BinaryIO]]:
    stream = open_tar_stream(file)
    for archive in EntryWalker(stream):
        yield archive, _wrap(EntryFile(stream, archive.size_bytes, owns_stream=False))


def tell_form(stream: TarStream) -> Form:
    """Tell how a bundle file is read."""
    return "canonical" if isinstance(stream, RawFrameStream) else "foreign"


def list_directory(path: Path) -> tuple[ArchiveEntry, ...]:
    """List the archives of a bundle directory; other files, and symbolic links, are skipped."""
    with naming(path), os.scandir(path) as entries:
        found = [
            ArchiveEntry(file_name=entry.name, size_bytes=entry.stat(follow_symlinks=False).st_size)
            for entry in entries
            if is_archive_name(entry.name) and entry.is_file(follow_symlinks=False)
        ]
    return tuple(sorted(found, key=lambda archive: archive.file_name))


def open_member(directory: Path, name: str) -> BinaryIO:
    """Open an archive of a bundle directory, not through a symbolic link that has taken its place since."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        return os.fdopen(os.open(directory / name, flags), "rb")
    except OSError as error:
        raise BundleReadError(
            f"cannot open the archive: {error.strerror or error}", path=directory / name, name=name
        ) from error


def _wrap(file: EntryFile) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(file, _BUFFER_BYTES))


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the bundle's path into errors, and turn those of the system into errors of this package."""
    try:
        yield
    except BundleError as error:
        error.path = error.path or path
        raise
    except OSError as error:
        raise BundleReadError(f"cannot read the bundle: {error.strerror or error}", path=path) from error
