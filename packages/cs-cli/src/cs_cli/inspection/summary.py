"""``cs inspect``: what would ship, and why, as one value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cs_lock import (
    MachineRequirements,
    PackageRecord,
    Problem,
    Requirement,
    Wheel,
    find_requirements,
    redact_url,
)
from cs_manifest import mask_credentials

from ..companions.files import SUFFIXES
from ..licenses.checks import LicensedPackage, WheelLicenses, check_licenses
from ..project.derivation import Derivation
from ..project.platforms import check_platforms
from ..untrusted import read_document
from ..wheels.supplies import Supply

SCHEMA_VERSION = 1
"""Version of ``cs inspect --json``; ``schemas/inspect.schema.json`` is its schema."""

_COMPILED_SHARE = 0.69
"""Bytes of shipped bytecode for each byte of noarch python archive, measured on 131 packages with 9,312 modules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseGroup:
    """The packages of a platform that state the same licence.

    :ivar license: as it is stated; ``None`` if none is stated, or it is not known yet.
    :ivar expression: the same as an SPDX expression, if it is one.
    :ivar is_read: whether it is known: no lock has the licences of wheels.
    :ivar is_denied: whether it must not ship.
    """

    label: str
    license: str | None
    expression: str | None
    is_read: bool
    is_denied: bool
    packages: tuple[str, ...]

    @property
    def sort_key(self) -> tuple[bool, bool, str]:
        """SPDX expressions come first, unknown licences last."""
        return self.license is None, self.expression is None, self.label.lower()

    def to_dict(self) -> dict[str, Any]:
        """Return the group as JSON values."""
        names = ("license", "expression", "is_read", "is_denied")
        return {**{name: getattr(self, name) for name in names}, "packages": list(self.packages)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSummary:
    """What ships for one platform.

    :ivar name: the workspace's name of the platform.
    :ivar packages: the conda packages.
    :ivar wheels: the PyPI packages that have an archive.
    :ivar supplies: how the packages of both kinds get an archive that the lock knows only as source.
    :ivar license_groups: all packages by licence; ``None`` if nobody asked for it.
    """

    name: str
    subdir: str
    packages: tuple[PackageRecord, ...]
    wheels: tuple[Wheel, ...] = ()
    supplies: tuple[Supply, ...] = ()
    license_groups: tuple[LicenseGroup, ...] | None = None

    @property
    def locked(self) -> tuple[PackageRecord | Wheel, ...]:
        """The packages of both kinds that the lock has archives of."""
        return (*self.packages, *self.wheels)

    @property
    def package_count(self) -> int:
        """Number of packages of both kinds."""
        return len(self.locked) + len(self.supplies)

    @property
    def wheel_count(self) -> int:
        """Number of PyPI packages."""
        return len(self.wheels) + sum(supply.entry.kind == "pypi" for supply in self.supplies)

    @property
    def requirements(self) -> MachineRequirements:
        """What the packages ask of the machine."""
        return find_requirements(self.packages, self.subdir)

    @property
    def packed_size_bytes(self) -> int:
        """Bytes of all archives together; those whose size is not known count as 0."""
        return sum(one.size_bytes or 0 for one in self.locked)

    @property
    def unsized_count(self) -> int:
        """Number of packages whose size is not known: no lock has the sizes of wheels."""
        return sum(one.size_bytes is None for one in self.locked) + len(self.supplies)

    @property
    def licenses(self) -> dict[str, int]:
        """Number of conda packages by licence, the commonest first; no lock has the licences of wheels."""
        counts = Counter(record.license or "unknown" for record in self.packages)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def largest(self, count: int) -> list[PackageRecord | Wheel]:
        """Return the packages with the largest archives."""
        return sorted(self.locked, key=lambda one: (-(one.size_bytes or 0), one.name))[:count]

    def to_dict(self) -> dict[str, Any]:
        """Return the summary as JSON values."""
        requirements = self.requirements
        return {
            "name": self.name,
            "subdir": self.subdir,
            "package_count": self.package_count,
            "wheel_count": self.wheel_count,
            "packed_size": self.packed_size_bytes,
            "unsized_count": self.unsized_count,
            "licenses": self.licenses,
            "license_groups": None if self.license_groups is None else [one.to_dict() for one in self.license_groups],
            "requirements": [
                {**_requirement_to_dict(one), "is_checked": is_checked}
                for is_checked, some in ((True, requirements.checked), (False, requirements.unchecked))
                for one in some
            ],
            "packages": [_package_to_dict(record) for record in self.packages],
            "wheels": [_wheel_to_dict(wheel) for wheel in self.wheels],
            "pending": [_supply_to_dict(supply) for supply in self.supplies],
        }


def _requirement_to_dict(one: Requirement) -> dict[str, Any]:
    return {"package": one.package, "spec": one.spec, "is_needed": one.is_needed}


def _package_to_dict(record: PackageRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "version": record.version,
        "build": record.build,
        "subdir": record.subdir,
        "noarch": record.noarch,
        "url": redact_url(record.url),
        "sha256": record.sha256 or None,
        "size": record.size_bytes,
        "license": record.license,
        "depends": [mask_credentials(spec) for spec in record.depends],
    }


def _wheel_to_dict(wheel: Wheel) -> dict[str, Any]:
    return {
        "name": wheel.name,
        "version": wheel.version,
        "file_name": wheel.file_name,
        "is_pure": wheel.is_pure,
        "url": None if wheel.url is None else redact_url(wheel.url),
        "sha256": wheel.sha256,
        "size": wheel.size_bytes,
        "requires_dist": [mask_credentials(requirement) for requirement in wheel.requires_dist],
    }


def _supply_to_dict(supply: Supply) -> dict[str, Any]:
    entry = supply.entry
    return {
        **supply.to_dict(),
        "kind": entry.kind,
        "name": entry.name,
        "version": entry.version,
        "reason": entry.reason,
        "wanted_by": list(entry.wanted_by),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class BytecodeCost:
    """What ``bytecode = "shipped"`` adds to a runtime.

    :ivar size_bytes: size of the compiled modules, compressed.
    :ivar basis: ``measured`` by a build in ``dist/`` with the same lock, or ``estimated`` from the archives' sizes.
    """

    platform: str
    size_bytes: int
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegateCheck:
    """Whether the archives of a platform contain the delegate.

    :ivar checked: whether this is known: without the archives it is not.
    :ivar found: its path relative to the prefix; ``None`` if no package has it, or if it is not known.
    """

    platform: str
    checked: bool
    found: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Everything that ``cs inspect`` shows.

    :ivar bytecode: one entry for each platform when bytecode is shipped.
    :ivar delegate_checks: one entry for each platform on which the delegate was looked for.
    :ivar problems: those of the lock, and those found by a check.
    """

    derivation: Derivation
    platforms: tuple[PlatformSummary, ...]
    bytecode: tuple[BytecodeCost, ...]
    delegate_checks: tuple[DelegateCheck, ...] = ()
    problems: tuple[Problem, ...]

    @property
    def can_ship(self) -> bool:
        """Whether no problem keeps the environment from shipping."""
        return not any(problem.severity == "error" for problem in self.problems)

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Names of the platforms for which it is not known whether a package has the delegate."""
        known = {check.platform for check in self.delegate_checks if check.checked}
        return tuple(platform.name for platform in self.platforms if platform.name not in known)

    def to_dict(self) -> dict[str, Any]:
        """Return the inspection as the document of ``--json``."""
        project, config, lock = self.derivation.project, self.derivation.config, self.derivation.lock
        return {
            "schema_version": SCHEMA_VERSION,
            "can_ship": self.can_ship,
            "manifest": str(project.manifest_path),
            "source_lock": str(project.source_lock_path),
            "lock_version": self.derivation.source.version,
            "source_environment": config.source_environment,
            "environments": list(self.derivation.source.environments),
            "runtime": config.runtime,
            "runtime_version": config.runtime_version,
            "artifact_name": config.artifact_name,
            "delegate": config.delegate,
            "layout": config.layout,
            "bytecode": config.bytecode,
            "bytecode_cost": [asdict(cost) for cost in self.bytecode],
            "channels": [redact_url(channel.url) for channel in lock.channels],
            "runtime_lock_sha256": lock.sha256 if self.derivation.can_ship and not self.derivation.is_pending else None,
            "platforms": [platform.to_dict() for platform in self.platforms],
            "exclusions": [asdict(exclusion) for exclusion in lock.exclusions],
            "delegate_checks": [asdict(check) for check in self.delegate_checks],
            "problems": [problem.to_dict() for problem in self.problems],
        }


def inspect_derivation(
    derivation: Derivation,
    *,
    platform: str | None,
    wheel_licenses: WheelLicenses | None = None,
    lists_licenses: bool = False,
    out_dir: Path = Path("dist"),
) -> Inspection:
    """Summarise a derivation.

    :param platform: name of the only platform to show.
    :param wheel_licenses: of the wheels that could be read; ``None`` if nobody asks for licences.
    :param lists_licenses: whether to group the packages by licence.
    :param out_dir: where an earlier build may have left its sizes.
    """
    lock = derivation.lock
    wanted = [one for one in lock.platforms if platform in (None, one.name)]
    licensed = {} if wheel_licenses is None else derivation.list_licenses([one.name for one in wanted], wheel_licenses)
    summaries = tuple(
        PlatformSummary(
            name=one.name,
            subdir=one.subdir,
            packages=lock.packages(one.name),
            wheels=lock.wheels(one.name),
            supplies=derivation.outlook.on(one.name),
            license_groups=tuple(_group(licensed[one.name], derivation)) if lists_licenses else None,
        )
        for one in wanted
    )
    ships_bytecode = derivation.config.bytecode == "shipped" and not lock.errors
    costs = tuple(estimate_bytecode(derivation, one, out_dir) for one in summaries) if ships_bytecode else ()
    found = (*derivation.problems, *check_platforms(wanted), *check_licenses(derivation.license_policy, licensed))
    problems = sorted(found, key=lambda problem: problem.severity)
    return Inspection(derivation=derivation, platforms=summaries, bytecode=costs, problems=tuple(problems))


def _group(packages: Iterable[LicensedPackage], derivation: Derivation) -> Iterator[LicenseGroup]:
    """Group packages by licence."""
    by_license: dict[str, list[LicensedPackage]] = {}
    for package in packages:
        by_license.setdefault(package.label, []).append(package)
    for label, members in sorted(by_license.items()):
        license, is_read = members[0].license, members[0].is_read
        yield LicenseGroup(
            label=label,
            license=None if license is None else license.text,
            expression=None if license is None else license.expression,
            is_read=is_read,
            is_denied=is_read and derivation.license_policy.denies(license),
            packages=tuple(dict.fromkeys(one.name for one in members)),
        )


def estimate_bytecode(derivation: Derivation, platform: PlatformSummary, out_dir: Path) -> BytecodeCost:
    """Return the size of shipped bytecode: as the last build measured it, otherwise estimated."""
    measured = _read_measure(derivation, platform.name, out_dir)
    if measured is not None:
        return BytecodeCost(platform=platform.name, size_bytes=measured, basis="measured")
    noarch = sum(record.size_bytes or 0 for record in platform.packages if record.noarch == "python")
    noarch += sum(wheel.size_bytes or 0 for wheel in platform.wheels if wheel.is_pure)
    return BytecodeCost(platform=platform.name, size_bytes=round(noarch * _COMPILED_SHARE), basis="estimated")


def _read_measure(derivation: Derivation, platform: str, out_dir: Path) -> int | None:
    """Read the size of the bytecode part from the info.json of a build with the same runtime lock."""
    try:
        for path in sorted(out_dir.glob(f"{derivation.config.artifact_name}*{SUFFIXES['info']}")):
            info = read_document(path)
            locks = [file["sha256"] for file in info["files"] if file["role"] == "lock"]
            if info["lock_platform"] == platform and locks == [derivation.lock.sha256] and info["parts"]["bytecode"]:
                return int(info["parts"]["bytecode"])
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    return None
