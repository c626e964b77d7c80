"""The package archives of a build, and how they get into a runtime."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from cs_bundle import ArchiveMismatchError, BundleInfo, ExpectedArchive, append_bundle, write_bundle

from .archives import ArchiveContents
from .memory import recall_bundle
from .store import WantedArchive

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cs_stamp.copying import Digest


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
