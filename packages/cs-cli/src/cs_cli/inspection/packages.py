"""The packages of a platform, of both kinds, as one list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from cs_lock import PackageRecord, PendingEntry, Wheel

from ..companions.dependencies import key_of
from .summary import PlatformSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPackage:
    """A package that ships, or will when it has an archive.

    :ivar key: ``conda:NAME`` or ``pypi:NAME``.
    :ivar version: ``None`` if it is not known before the package is built.
    :ivar build: of a conda package, or the tag of a wheel; ``None`` if there is no archive yet.
    :ivar size_bytes: of the archive; ``None`` if it is not known: no lock has the sizes of wheels.
    :ivar license: as it is stated; ``None`` if none is, or if it is not known yet.
    :ivar sha256: of the archive, hex; ``None`` if there is none yet.
    """

    key: str
    kind: Literal["conda", "pypi"]
    name: str
    version: str | None
    build: str | None
    size_bytes: int | None
    license: str | None
    sha256: str | None


def list_packages(
    platform: PlatformSummary, wheel_licenses: Mapping[str, str | None] | None = None
) -> tuple[ListedPackage, ...]:
    """List everything that ships on a platform, sorted by name.

    :param wheel_licenses: what wheels that could be read state, by file name.
    """
    supplies = (supply.entry for supply in platform.supplies)
    listed = [*_list_locked(platform.locked, wheel_licenses or {}), *map(_list_pending, supplies)]
    return tuple(sorted(listed, key=lambda one: (one.name, one.kind)))


def _list_locked(
    packages: Iterable[PackageRecord | Wheel], wheel_licenses: Mapping[str, str | None]
) -> Iterator[ListedPackage]:
    for one in packages:
        is_conda = isinstance(one, PackageRecord)
        yield ListedPackage(
            key=key_of(one),
            kind="conda" if is_conda else "pypi",
            name=one.name,
            version=one.version,
            build=one.build if isinstance(one, PackageRecord) else one.tag,
            size_bytes=one.size_bytes,
            license=one.license if isinstance(one, PackageRecord) else wheel_licenses.get(one.file_name),
            sha256=one.sha256 or None,
        )


def _list_pending(entry: PendingEntry) -> ListedPackage:
    return ListedPackage(
        key=entry.label,
        kind=entry.kind,
        name=entry.name,
        version=entry.version,
        build=None,
        size_bytes=None,
        license=entry.license,
        sha256=entry.sha256 or None,
    )
