"""Compare what packages state as their licence with ``deny-licenses``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cs_lock import PackageRecord, PendingEntry, Problem, Wheel, list_names, merge_platforms

from .policy import LicensePolicy
from .stated import StatedLicense, read_license

if TYPE_CHECKING:
    from ..archives.store import ArchiveStore

_NAMED = 20
"""Packages that a message names."""

WheelLicenses = Mapping[str, str | None]
"""What the wheels that were read state as their licence, by file name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LicensedPackage:
    """A package with its licence.

    :ivar license: ``None`` if it states none.
    :ivar is_read: whether that is known: no lock has the licences of wheels.
    """

    name: str
    license: StatedLicense | None
    is_read: bool = True

    @property
    def label(self) -> str:
        """The licence in a few words."""
        if not self.is_read:
            return "not read yet"
        return self.license.label if self.license else "not stated"


def list_licenses(
    packages: Iterable[PackageRecord | Wheel], wheel_licenses: WheelLicenses, pending: Iterable[PendingEntry] = ()
) -> list[LicensedPackage]:
    """List packages with their licences, by name.

    :param pending: packages that have no archive yet; of a conda package, the lock may know the licence.
    """
    found = [_add_license(package, wheel_licenses) for package in packages]
    for entry in pending:
        license = read_license(entry.license)
        found.append(LicensedPackage(name=entry.name, license=license, is_read=license is not None))
    return sorted(found, key=lambda one: one.name)


def _add_license(package: PackageRecord | Wheel, wheel_licenses: WheelLicenses) -> LicensedPackage:
    if isinstance(package, PackageRecord):
        return LicensedPackage(name=package.name, license=read_license(package.license))
    is_read = package.file_name in wheel_licenses
    license = read_license(wheel_licenses.get(package.file_name))
    return LicensedPackage(name=package.name, license=license, is_read=is_read)


def read_wheel_licenses(archives: Iterable[Path]) -> dict[str, str | None]:
    """Return what the wheels among archives state as their licence, by file name.

    :raises CliError: ``archive-damaged`` if one cannot be read.
    """
    from ..archives.wheels import read_metadata

    return {path.name: read_metadata(path).license for path in archives if path.name.endswith(".whl")}


def recall_wheel_licenses(wheels: Iterable[Wheel], store: ArchiveStore, lock_directory: Path) -> dict[str, str | None]:
    """Return the licences of the wheels that are on this machine; damaged ones are left to the build."""
    from ..archives.wheels import read_metadata
    from ..errors import CliError

    found: dict[str, str | None] = {}
    for wheel in wheels:
        archive = wheel.find_file(lock_directory) if wheel.is_local else store.find(wheel)
        if archive is not None:
            with contextlib.suppress(CliError):
                found[wheel.file_name] = read_metadata(archive).license
    return found


def check_licenses(policy: LicensePolicy, platforms: Mapping[str, Sequence[LicensedPackage]]) -> list[Problem]:
    """Find the packages whose licence must not ship, and those whose licence cannot be judged.

    :param platforms: what ships, by the workspace's name of the platform.
    """
    if policy.is_empty:
        return []
    found = (
        replace(problem, platforms=(name,))
        for name, packages in platforms.items()
        for problem in _judge(policy, packages)
    )
    return sorted(merge_platforms(found), key=lambda problem: (problem.severity, problem.message))


def _judge(policy: LicensePolicy, packages: Sequence[LicensedPackage]) -> Iterable[Problem]:
    denied: dict[str, list[str]] = {}
    for package in packages:
        if package.is_read and policy.denies(package.license):
            denied.setdefault(package.label, []).append(package.name)
    for label, names in sorted(denied.items()):
        yield _deny(label, names)
    read = [one for one in packages if one.is_read and not policy.denies_unknown]
    if unknown := [_describe(one) for one in read if one.license is None or one.license.expression is None]:
        yield _warn(
            "license-unknown",
            f"these licences are not SPDX, so deny-licenses cannot judge them: {list_names(unknown, _NAMED)}",
            "look at them yourself, or deny `unknown` to refuse them",
        )
    if unread := [one.name for one in packages if not one.is_read]:
        yield _warn(
            "license-unread",
            f"these licences are not known before the archives are there: {list_names(unread, _NAMED)}",
            "cs build reads them before it stages anything",
        )


def _describe(package: LicensedPackage) -> str:
    return f"{package.name} ({package.label})"


def _deny(label: str, names: Sequence[str]) -> Problem:
    return Problem(
        kind="license-denied",
        message=f"the licence {label!r} must not ship: {list_names(names, _NAMED)}",
        package=names[0] if len(names) == 1 else None,
        hint="replace these packages, exclude them, or change deny-licenses",
    )


def _warn(kind: str, message: str, hint: str) -> Problem:
    return Problem(kind=kind, severity="warning", message=message, hint=hint)
