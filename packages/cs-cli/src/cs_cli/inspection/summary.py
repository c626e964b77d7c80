"""``cs inspect``: what would ship, and why, as one value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from cs_lock import Exclusion, MachineRequirements, PackageRecord, Problem, Wheel, find_requirements

from ..licenses.checks import LicensedPackage, WheelLicenses, check_licenses
from ..project.derivation import Derivation
from ..project.platforms import check_platforms
from ..wheels.supplies import Supply

Basis = Literal["measured", "estimated"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """A number of bytes, and how it is known.

    :ivar basis: ``measured``, or ``estimated`` from other sizes.
    """

    size_bytes: int
    basis: Basis


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformSummary:
    """What ships for one platform.

    :ivar name: the workspace's name of the platform.
    :ivar packages: the conda packages.
    :ivar wheels: the PyPI packages that have an archive.
    :ivar supplies: how the packages of both kinds get an archive that the lock knows only as source.
    :ivar license_groups: all packages by licence; ``None`` if nobody asked for it.
    :ivar template_size_bytes: of the template that a build would use; ``None`` if none is installed.
    :ivar file: of the runtime; ``None`` if it cannot be told, as without a template.
    :ivar installed: of what the packages install; ``None`` if too few of their archives were looked into.
    """

    name: str
    subdir: str
    packages: tuple[PackageRecord, ...]
    wheels: tuple[Wheel, ...] = ()
    supplies: tuple[Supply, ...] = ()
    license_groups: tuple[LicenseGroup, ...] | None = None
    template_size_bytes: int | None = None
    file: Size | None = None
    installed: Size | None = None

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
    def download_size_bytes(self) -> int:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class BytecodeCost:
    """What ``bytecode = "shipped"`` adds to a runtime.

    :ivar size_bytes: size of the compiled modules, compressed.
    :ivar basis: ``measured`` by a build of the same lock, or ``estimated`` from the archives' sizes.
    """

    platform: str
    size_bytes: int
    basis: Basis


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
    bytecode: tuple[BytecodeCost, ...] = ()
    delegate_checks: tuple[DelegateCheck, ...] = ()
    problems: tuple[Problem, ...]

    @property
    def exclusions(self) -> tuple[Exclusion, ...]:
        """The effects of the excluded names on the platforms that are shown."""
        shown = {platform.name for platform in self.platforms}
        return tuple(one for one in self.derivation.lock.exclusions if one.platform in shown)

    @property
    def can_ship(self) -> bool:
        """Whether no problem keeps the environment from shipping."""
        return not any(problem.severity == "error" for problem in self.problems)

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Names of the platforms for which it is not known whether a package has the delegate."""
        known = {check.platform for check in self.delegate_checks if check.checked}
        return tuple(platform.name for platform in self.platforms if platform.name not in known)


def inspect_derivation(
    derivation: Derivation,
    *,
    platform: str | None,
    wheel_licenses: WheelLicenses | None = None,
    lists_licenses: bool = False,
) -> Inspection:
    """Summarise a derivation, without a look at anything but the lock.

    :param platform: name of the only platform to show.
    :param wheel_licenses: of the wheels that could be read; ``None`` if nobody asks for licences.
    :param lists_licenses: whether to group the packages by licence.
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
    found = (*derivation.problems, *check_platforms(wanted), *check_licenses(derivation.license_policy, licensed))
    problems = sorted(found, key=lambda problem: problem.severity)
    return Inspection(derivation=derivation, platforms=summaries, problems=tuple(problems))


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
