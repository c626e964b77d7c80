"""The archive folder: ready-made archives that stand for packages which the lock knows only as source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import file_digest
from pathlib import Path
from typing import Any, Literal

from cs_lock import LocalArchive, LockError, PackageRecord, Platform, normalize_pypi_name, read_wheel_name, wheel_fits

from ..archives.limits import LARGEST_METADATA, most_entries
from ..errors import CliError
from ..untrusted import parse_document

_SUFFIXES = {".whl": "pypi", ".conda": "conda", ".tar.bz2": "conda"}


@dataclass(frozen=True)
class FolderFile:
    """An archive in the folder.

    :ivar kind: of the packages that it may stand for.
    """

    path: Path
    kind: Literal["pypi", "conda"]

    @property
    def label(self) -> str:
        """Label of the packages that it may stand for."""
        return f"{self.kind}:{self.name}"

    def identified(self) -> FolderFile:
        """Return it, once it has said what it is.

        :raises CliError: ``archive-damaged`` if it does not.
        """
        if not self.name:
            raise _damaged(self.path, "it has no name")
        return self

    @cached_property
    def name(self) -> str:
        """Name of its package, in the normal form of its kind.

        :raises CliError: ``archive-damaged`` if it says none.
        """
        return self._wheel_name.name if self.kind == "pypi" else str(self.index.get("name", "")).lower()

    @cached_property
    def version(self) -> str:
        """Version of its package."""
        return self._wheel_name.version if self.kind == "pypi" else str(self.index.get("version", ""))

    @cached_property
    def digest(self) -> str:
        """SHA-256, hex."""
        with self.path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()

    @cached_property
    def _wheel_name(self) -> Any:
        try:
            return read_wheel_name(self.path.name)
        except LockError as error:
            raise _damaged(self.path, error.message) from error

    @cached_property
    def index(self) -> dict[str, Any]:
        """The ``info/index.json`` of a conda package.

        :raises CliError: ``archive-damaged`` if it cannot be read.
        """
        try:
            return _read_index(self.path)
        except Exception as error:  # several libraries read it, and an archive can be broken in any way
            raise _damaged(self.path, f"{type(error).__name__}: {error}") from error

    @property
    def is_general(self) -> bool:
        """Whether it is for every platform."""
        return self.path.name.endswith("-any.whl") or (self.kind == "conda" and self.index.get("subdir") == "noarch")

    def fits(self, platform: Platform, records: Sequence[PackageRecord]) -> bool:
        """Tell whether it is for a platform and the Python among its packages."""
        if self.kind == "conda":
            return self.index.get("subdir") in (platform.subdir, "noarch")
        return wheel_fits(self.path.name, platform.subdir, records)

    def open(self) -> LocalArchive:
        """Describe it for the lock.

        :raises CliError: ``wheel-mismatch`` if the metadata of a wheel does not match its file name.
        :raises CliError: ``archive-damaged`` if it cannot be read.
        """
        size_bytes = self.path.stat().st_size
        if self.kind == "conda":
            with self.path.open("rb") as file:
                md5 = file_digest(file, "md5").hexdigest()
            return LocalArchive.of_conda(self.path, self.index, sha256=self.digest, md5=md5, size_bytes=size_bytes)
        from ..archives.wheels import read_metadata

        metadata = read_metadata(self.path)
        check_metadata(self.path, metadata.name, metadata.version)
        return LocalArchive.of_wheel(
            self.path,
            sha256=self.digest,
            size_bytes=size_bytes,
            requires_dist=metadata.requires_dist,
            requires_python=metadata.requires_python,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveFolder:
    """Every archive of the folders that the settings name.

    :ivar faults: why a directory, or an archive in one, cannot be read.
    :ivar used: the archives that stand for an entry on some platform, or could have.
    """

    files: tuple[FolderFile, ...] = ()
    faults: tuple[CliError, ...] = ()
    used: set[Path] = field(default_factory=set)

    def find(self, label: str) -> list[FolderFile]:
        """Find the archives of a package, for any platform."""
        return [file for file in self.files if file.label == label]


def open_folder(directories: Iterable[Path]) -> ArchiveFolder:
    """List the archives in directories: regular files with the suffix of one. Links and subdirectories are ignored."""
    files: list[FolderFile] = []
    faults: list[CliError] = []
    for directory in directories:
        try:
            found = _list_files(directory)
        except CliError as error:
            faults.append(error)
            continue
        for file in found:
            try:
                files.append(file.identified())
            except CliError as error:
                faults.append(error)
    return ArchiveFolder(files=tuple(files), faults=tuple(faults))


def _list_files(directory: Path) -> list[FolderFile]:
    try:
        paths = sorted(path for path in directory.iterdir() if not path.is_symlink() and path.is_file())
    except OSError as error:
        message = f"the archive folder cannot be read: {error.strerror or error}"
        hint = "create it, or correct `archives`"
        raise CliError(message, kind="archive-folder", path=directory, hint=hint) from error
    kinds = ((path, suffix) for path in paths for suffix in _SUFFIXES if path.name.endswith(suffix))
    return [FolderFile(path.absolute(), "pypi" if suffix == ".whl" else "conda") for path, suffix in kinds]


def check_metadata(path: Path, name: str, version: str) -> None:
    """Compare what a wheel says about itself with its file name.

    :raises CliError: ``wheel-mismatch`` if they differ.
    """
    from packaging.version import InvalidVersion, Version

    try:
        stated = read_wheel_name(path.name)
        agrees = normalize_pypi_name(name) == stated.name and Version(version) == Version(stated.version)
    except (LockError, InvalidVersion):
        agrees = False
    if not agrees:
        message = f"the wheel is {name} {version}, but its file name says something else"
        raise CliError(message, kind="wheel-mismatch", path=path, hint="build it again, and do not rename it")


def _read_index(path: Path) -> dict[str, Any]:
    # Imported on use: its imports take longer than a whole command that reads no archive.
    from ..archives.info_folder import iterate_info

    for name, file in iterate_info(path, most_entries(path.stat().st_size)):
        if name == "info/index.json":
            data = file.read(LARGEST_METADATA + 1)
            if len(data) > LARGEST_METADATA:
                raise ValueError(f"info/index.json takes more than {LARGEST_METADATA} bytes")
            index = parse_document(data)
            if not isinstance(index, dict):
                raise ValueError("info/index.json is not an object")
            return index
    raise ValueError("it has no info/index.json")


def _damaged(path: Path, reason: str) -> CliError:
    message = f"cannot read the archive: {reason}"
    return CliError(message, kind="archive-damaged", path=path, hint="build it again, or remove it from the folder")
