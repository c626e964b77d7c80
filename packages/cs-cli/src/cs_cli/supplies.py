"""The package archives of a build: where they come from, and how they get into a runtime."""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

from cs_bundle import (
    ArchiveMismatchError,
    BundleError,
    BundleInfo,
    ExpectedArchive,
    append_bundle,
    cached_path,
    find_cached,
    write_bundle,
)

from .archives import ArchiveContents
from .cache import CACHE_VARIABLE, default_cache_directory
from .console import Console
from .memory import bundle_memory, recall_bundle

_OTHER_CACHE = f"name another folder in {CACHE_VARIABLE} or with --cache-dir"

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cs_bundle import FetchProgress, Wait
    from cs_lock import PackageRecord
    from cs_stamp.copying import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedArchive:
    """An archive that a lock names.

    :ivar url: a ``file`` address for a local archive.
    :ivar sha256: lower-case hex digest.
    :ivar size_bytes: size, where the lock says it.
    """

    url: str
    file_name: str
    sha256: str
    size_bytes: int | None

    @property
    def expected(self) -> ExpectedArchive:
        """What the archive has to be."""
        return ExpectedArchive(file_name=self.file_name, sha256=self.sha256, size_bytes=self.size_bytes)


def archives_of_records(records: Iterable[PackageRecord], lock_directory: Path) -> tuple[WantedArchive, ...]:
    """List the archives of a lock's records, in their order.

    :param lock_directory: folder of the source lock, where relative paths of local archives start.
    """
    return tuple(
        WantedArchive(
            url=one.find_file(lock_directory).absolute().as_uri() if one.is_local else one.url,
            file_name=one.file_name,
            sha256=one.sha256 or "",
            size_bytes=one.size_bytes,
        )
        for one in records
    )


class ArchiveStore:
    """Where archives are had: a cache, and the network behind it."""

    def __init__(self, *, cache: Path | None = None, offline: bool = False) -> None:
        """Say where archives are had.

        :param cache: folder of downloaded archives; the user's own is looked for when a build needs one.
        :param offline: use the cache and local archives only.
        """
        self._cache = cache
        self.offline = offline

    @cached_property
    def cache(self) -> Path:
        """Folder of downloaded archives.

        :raises CliError: ``no-cache`` if nobody says where it is.
        """
        return (self._cache or default_cache_directory(os.environ)).absolute()

    def folders(self, wanted: Iterable[WantedArchive]) -> set[Path]:
        """Name the folders of the cache that a build with these archives writes to."""
        wanted = tuple(wanted)
        if not wanted or not self.cache.exists():
            return set()
        return {
            bundle_memory(self.cache),
            *(cached_path(self.cache, one.sha256, one.file_name).parent for one in wanted),
        }

    def find(self, record: PackageRecord) -> Path | None:
        """Return the archive of a record if the cache holds a file of its size, which may still be damaged.

        :raises BundleError: if the record does not name an archive.
        """
        if not record.sha256:
            return None
        expected = ExpectedArchive(file_name=record.file_name, sha256=record.sha256, size_bytes=record.size_bytes)
        found = find_cached([expected], self.cache)
        return found[0] if found else None

    def provide(self, wanted: Sequence[WantedArchive], console: Console) -> tuple[list[Path], bool]:
        """Return the archives, from the cache without a word if all are there.

        :returns: their paths, and whether their digests have been checked.
        :raises BundleError: if an archive cannot be had.
        """
        cached = find_cached((one.expected for one in wanted), self.cache)
        return (self.fetch(wanted, console), True) if cached is None else (cached, False)

    def fetch(self, wanted: Sequence[WantedArchive], console: Console) -> list[Path]:
        """Return the archives, their digests checked, fetching those that the cache does not hold intact.

        :raises BundleError: if an archive cannot be had.
        """
        from cs_bundle import ArchiveRequest, fetch_archives

        requests = [
            ArchiveRequest(url=one.url, file_name=one.file_name, sha256=one.sha256, size_bytes=one.size_bytes)
            for one in wanted
        ]
        total = sum(one.size_bytes or 0 for one in wanted)
        count = "one package" if len(wanted) == 1 else f"{len(wanted)} packages"
        with console.progress(f"fetching {count}", total) as update:

            def report(progress: FetchProgress) -> None:
                update(progress.received_bytes)

            def tell(wait: Wait) -> None:
                console.say(str(wait))

            try:
                return fetch_archives(requests, self.cache, on_progress=report, on_wait=tell, offline=self.offline)
            except BundleError as error:
                if error.kind in ("cannot-write", "disk-full"):
                    error.hint = f"{'free some space, or ' if error.kind == 'disk-full' else ''}{_OTHER_CACHE}"
                raise


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplies:
    """Archives of a plan, at hand.

    :ivar cache: folder that holds them.
    :ivar archives: paths in the cache, in the plan's order.
    :ivar contents: what each of them holds.
    :ivar are_checked: whether their digests have just been checked; else they are while the bundle is written.
    """

    cache: Path
    wanted: tuple[WantedArchive, ...]
    archives: tuple[Path, ...]
    contents: tuple[ArchiveContents, ...]
    are_checked: bool

    def select(self, file_names: Container[str]) -> Supplies:
        """Return some of them."""
        kept = [index for index, one in enumerate(self.wanted) if one.file_name in file_names]
        return replace(
            self,
            wanted=tuple(self.wanted[index] for index in kept),
            archives=tuple(self.archives[index] for index in kept),
            contents=tuple(self.contents[index] for index in kept),
        )

    @property
    def expected(self) -> list[ExpectedArchive]:
        """What the archives have to be."""
        return [one.expected for one in self.wanted]

    def append_bundle(self, file: BinaryIO, digest: Digest, /) -> tuple[int, str]:
        """Write the bundle straight into a runtime, as ``cs_stamp.write_stamp`` asks for it.

        :raises BundleError: if an archive is damaged, or cannot be read.
        """
        known = self._recall()
        info = append_bundle(file, self.archives, expected=self._to_check(known), digests=[digest])
        _compare(info, known)
        return info.size_bytes, info.sha256

    def write_bundle(self, out: Path) -> BundleInfo:
        """Write the bundle into a file of its own.

        :raises BundleError: if an archive is damaged, or cannot be read.
        """
        known = self._recall()
        info = write_bundle(out, self.archives, expected=self._to_check(known))
        _compare(info, known)
        return info

    def _recall(self) -> str | None:
        return None if self.are_checked else recall_bundle(self.cache, self.expected)

    def _to_check(self, known: str | None) -> Sequence[ExpectedArchive]:
        """List what has to be hashed archive by archive: nothing, if the digest of the whole bundle says as much."""
        return () if self.are_checked or known is not None else self.expected


def _compare(info: BundleInfo, known: str | None) -> None:
    if known not in (None, info.sha256):
        message = "an archive in the package cache is not the one that the lock says"
        raise ArchiveMismatchError(message, path=info.path, expected=known, actual=info.sha256)
