"""The package archives of a build, and how they get into a runtime."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from cs_bundle import BundleInfo, WantedArchive, append_bundle, write_bundle

from ..licenses.texts import LicenseFile
from .contents import ArchiveContents

if TYPE_CHECKING:
    from cs_stamp import Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Supplies:
    """The available archives of a plan.

    Each is checked against the lock while it is copied, even if it was checked before: others may write to the cache.

    :ivar archives: paths in the cache, in the plan's order.
    :ivar contents: what each of them contains.
    """

    wanted: tuple[WantedArchive, ...]
    archives: tuple[Path, ...]
    contents: tuple[ArchiveContents, ...]

    @property
    def license_files(self) -> dict[str, tuple[LicenseFile, ...]]:
        """The texts of licences, by the archive's name."""
        pairs = zip(self.wanted, self.contents, strict=True)
        return {wanted.file_name: contents.license_files for wanted, contents in pairs}

    def select(self, file_names: Container[str]) -> Supplies:
        """Return some of them."""
        kept = [index for index, one in enumerate(self.wanted) if one.file_name in file_names]
        return replace(
            self,
            wanted=tuple(self.wanted[index] for index in kept),
            archives=tuple(self.archives[index] for index in kept),
            contents=tuple(self.contents[index] for index in kept),
        )

    def append_bundle(self, file: BinaryIO, digest: Digest, /) -> tuple[int, str]:
        """Write the bundle straight into a runtime, as ``cs_stamp.write_stamp`` asks for it.

        :raises BundleError: if an archive is damaged, or cannot be read.
        """
        info = append_bundle(file, self.archives, expected=self.wanted, digests=[digest])
        return info.size_bytes, info.sha256

    def write_bundle(self, out: Path) -> BundleInfo:
        """Write the bundle into a separate file.

        :raises BundleError: if an archive is damaged, or cannot be read.
        """
        return write_bundle(out, self.archives, expected=self.wanted)
