"""Compare a bundle with what a lock expects of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import BinaryIO

from ._entries import ArchiveEntry
from ._errors import ArchiveMismatchError, BundleRejectedError
from ._paths import StrPath
from ._reader import iterate_archives, naming
from ._wanted import WantedArchive

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleReport:
    """A bundle whose archives have been checked.

    :ivar verified: archives that are as expected.
    :ivar missing: expected names that the bundle does not hold.
    :ivar unknown: names in the bundle that were not expected; their content was not checked.
    """

    path: Path
    verified: tuple[str, ...]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    size_bytes: int


def verify_bundle(
    bundle: StrPath | BinaryIO,
    expected: Iterable[WantedArchive],
    *,
    exact: bool,
    path: StrPath | None = None,
) -> BundleReport:
    """Check every archive of a bundle in one pass, in memory that does not grow with it.

    :param bundle: a directory, a ``.bundle.tar.zst`` file, or an open seekable file that holds such a bundle and
        nothing else; it stays open.
    :param exact: refuse missing archives, and in a bundle file unknown ones; else both are reported. A directory may
        contain anything else.
    :param path: what to call an open file in errors and in the report; default: its name.
    :raises BundleReadError: if the bundle cannot be read.
    :raises ArchiveMismatchError: if the size or SHA-256 of an archive does not match.
    :raises BundleRejectedError: if the bundle breaks any other rule; ``kind`` says which.
    """
    if isinstance(bundle, str | PathLike):
        bundle = Path(bundle)
    path = None if path is None else Path(path)
    wanted = {archive.file_name: archive for archive in expected}
    path = path or (bundle if isinstance(bundle, Path) else Path(str(getattr(bundle, "name", "bundle"))))
    refuse_unknown = exact and not (isinstance(bundle, Path) and bundle.is_dir())
    verified: list[str] = []
    unknown: list[str] = []
    size = 0
    with naming(path):
        for entry, file in iterate_archives(bundle):
            target = wanted.get(entry.file_name)
            if target is not None:
                check_archive(path, entry, file, target)
                verified.append(entry.file_name)
                size += entry.size_bytes
            elif refuse_unknown:
                raise _unknown(path, entry.file_name)
            else:
                unknown.append(entry.file_name)
    missing = tuple(sorted(wanted.keys() - set(verified)))
    if exact and missing:
        raise _missing(path, missing)
    return BundleReport(path=path, verified=tuple(verified), missing=missing, unknown=tuple(unknown), size_bytes=size)


def check_archive(path: Path, entry: ArchiveEntry, file: BinaryIO, target: WantedArchive) -> None:
    """Check the size, then the SHA-256 of one archive.

    :raises ArchiveMismatchError: if either is another.
    """
    if target.size_bytes is not None and entry.size_bytes != target.size_bytes:
        raise mismatch("size", path, target, f"{target.size_bytes} bytes", f"{entry.size_bytes} bytes")
    digest = sha256()
    while chunk := file.read(_CHUNK_BYTES):
        digest.update(chunk)
    if digest.hexdigest() != target.sha256:
        raise mismatch("sha256", path, target, target.sha256, digest.hexdigest())


def mismatch(what: str, path: Path, target: WantedArchive, expected: str, actual: str) -> ArchiveMismatchError:
    """Return the error for an archive of another size or digest."""
    label = {"size": "size", "sha256": "SHA-256"}[what]
    return ArchiveMismatchError(
        f"the {label} of the archive {target.file_name} does not match the lock (expected {expected}, found {actual})",
        kind=f"{what}-mismatch",
        path=path,
        name=target.file_name,
        expected=expected,
        actual=actual,
        hint="it is damaged or a different build: download it again",
    )


def _unknown(path: Path, name: str) -> BundleRejectedError:
    return BundleRejectedError(
        f"the entry {name!r} is refused: it is not in the lock", kind="unknown-name", path=path, name=name
    )


def _missing(path: Path, names: tuple[str, ...]) -> BundleRejectedError:
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return BundleRejectedError(
        f"archives of the lock are missing from the bundle: {shown}", kind="missing", path=path, name=names[0]
    )
