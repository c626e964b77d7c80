"""A build as a value: what will be stamped and which files will be staged."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from cs_lock import PackageRecord, Wheel, find_requirements, is_local_archive, is_local_channel, python_of
from cs_manifest import resolve_install_name
from cs_stamp import Header, Plan, PlannedPackage, PlannedWheel, PlanPython, PlanRequirement

from .. import __version__
from ..archives.contents import ArchiveContents
from ..companions.files import SUFFIXES
from ..delegate.lookup import find_delegate
from ..errors import CliError
from ..project.derivation import Derivation
from ..project.revision import SourceRevision

_STEM_LENGTH = 128
_BRACKETS = re.compile(r"\[((?:[a-z_0-9]+=\"[^\"]*\",?)+)\]$")
_FIELD = re.compile(r"([a-z_0-9]+)=\"([^\"]*)\"")
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def possible_names(stem: str) -> tuple[str, ...]:
    """Name every file that a build with a stem may stage, whatever its layout and platform."""
    return (stem, *(f"{stem}{suffix}" for suffix in (".exe", *SUFFIXES.values())))


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """What one build does.

    :ivar platform: the workspace's name of the platform.
    :ivar subdir: its conda subdir.
    :ivar stem: first part of every artifact's file name.
    :ivar lock: bytes of the runtime lock; empty in a dry run of a build that makes wheels first.
    :ivar records: the conda packages.
    :ivar label: what file names have after the artifact's name.
    :ivar revision: of the workspace; ``None`` if it is unknown.
    """

    derivation: Derivation
    platform: str
    subdir: str
    stem: str
    lock: bytes
    records: tuple[PackageRecord, ...]
    wheels: tuple[Wheel, ...]
    package_plan: Plan
    label: str | None = None
    revision: SourceRevision | None = None

    @property
    def source_revision(self) -> str | None:
        """The workspace's revision, as the header of the stamp has it."""
        return None if self.revision is None else self.revision.text

    @property
    def packages(self) -> tuple[PackageRecord | Wheel, ...]:
        """All packages, in the order of the plan."""
        return (*self.records, *self.wheels)

    @property
    def runtime_name(self) -> str:
        """File name of the runtime."""
        return self.stem + (".exe" if self.subdir.startswith("win-") else "")

    @property
    def bundle_name(self) -> str | None:
        """File name of the bundle next to an ``external`` runtime."""
        return f"{self.stem}{SUFFIXES['bundle']}" if self.derivation.config.layout == "external" else None

    @property
    def lock_directory(self) -> Path:
        """Directory of the source lock, where relative paths of local archives start."""
        return self.derivation.project.lock_directory

    @property
    def needs_archives(self) -> bool:
        """Whether the build needs every package archive itself."""
        config = self.derivation.config
        return config.layout != "online" or config.bytecode == "shipped"

    @property
    def needed(self) -> tuple[PackageRecord | Wheel, ...]:
        """The packages whose archives the build needs: all, or those that an ``online`` runtime must contain."""
        return tuple(package for package in self.packages if self.needs_archives or package.is_local)

    @property
    def carried(self) -> frozenset[str]:
        """File names of the archives in the runtime itself."""
        return frozenset(one.file_name for one in self.package_plan.bundled(self.derivation.config.layout))

    @property
    def artifact_names(self) -> tuple[str, ...]:
        """Every file that the build stages."""
        config = self.derivation.config
        has = {"bundle": config.layout == "external", "spdx": config.sbom == "spdx"}
        suffixes = (suffix for role, suffix in SUFFIXES.items() if has.get(role, True))
        return (self.runtime_name, *(f"{self.stem}{suffix}" for suffix in suffixes))


def plan_build(
    derivation: Derivation, *, platform: str, label: str | None, revision: SourceRevision | None = None
) -> BuildPlan:
    """Plan a build.

    :param platform: the workspace's name of the platform.
    :param label: value of ``--target-label``, or the target triple.
    :param revision: of the workspace.
    :raises CliError: ``label-invalid`` if the label cannot be part of a file name.
    """
    subdir = next(one.subdir for one in derivation.lock.platforms if one.name == platform)
    records, wheels = derivation.lock.packages(platform), derivation.lock.wheels(platform)
    stem = _compose_stem(derivation.config.artifact_name, label)
    return BuildPlan(
        derivation=derivation,
        platform=platform,
        subdir=subdir,
        stem=stem,
        lock=b"" if derivation.is_pending else derivation.lock.render(),
        records=records,
        wheels=wheels,
        package_plan=_plan_packages(subdir, records, wheels, derivation.requested_on(platform)),
        label=label,
        revision=revision,
    )


def refuse_collisions(plans: Iterable[BuildPlan]) -> None:
    """Refuse builds of which one may replace a file of another, also where a file system ignores case.

    :raises CliError: ``names-collide``.
    """
    owners: dict[str, BuildPlan] = {}
    for plan in plans:
        for name in possible_names(plan.stem):
            owner = owners.setdefault(name.casefold(), plan)
            if owner is not plan:
                message = f"the platforms {owner.platform} and {plan.platform} would both build {name}"
                raise CliError(message, kind="names-collide")


def _compose_stem(artifact_name: str, label: str | None) -> str:
    """Add a label to the artifact's name; the same rules hold for the result as for any name."""
    if label is None:
        return artifact_name
    stem = f"{artifact_name}-{label}"
    if not _LABEL.fullmatch(label):
        expected = "at most 64 ASCII letters, digits, '.', '_' and '-', the first one a letter or digit"
        raise _refuse_label("this label cannot be part of a file name", expected, repr(label))
    if len(stem) > _STEM_LENGTH:
        message = f"this label makes the file names too long: {stem}"
        raise _refuse_label(message, f"at most {_STEM_LENGTH} characters", f"{len(stem)}")
    return stem


def _refuse_label(message: str, expected: str, actual: str) -> CliError:
    kind, flag = "label-invalid", "--target-label"
    return CliError(message, kind=kind, expected=expected, actual=actual, flag=flag)


def _plan_packages(
    subdir: str, records: Sequence[PackageRecord], wheels: Sequence[Wheel], requested: dict[str, str]
) -> Plan:
    names = {record.name for record in records}
    python = python_of(records)
    return Plan(
        platform=subdir,
        requested_specs=tuple(sorted(make_portable(spec) for name, spec in requested.items() if name in names)),
        python=None if python is None else PlanPython(version=python[0], site_packages_path=python[1]),
        packages=tuple(_plan_package(record, requested.get(record.name)) for record in records),
        requirements=tuple(PlanRequirement(**asdict(one)) for one in find_requirements(records, subdir).checked),
        wheels=tuple(map(_plan_wheel, wheels)),
    )


def _plan_wheel(wheel: Wheel) -> PlannedWheel:
    return PlannedWheel(
        name=wheel.name,
        version=wheel.version,
        url=wheel.url,
        file_name=wheel.file_name,
        sha256=wheel.sha256,
        size_bytes=wheel.size_bytes,
        direct_url=wheel.direct_url,
    )


def _plan_package(record: PackageRecord, requested_spec: str | None) -> PlannedPackage:
    return PlannedPackage(
        name=record.name,
        version=record.version,
        build=record.build,
        subdir=record.subdir,
        url=None if record.is_local else record.url,
        file_name=record.file_name,
        sha256=_require_sha256(record),
        md5=record.md5,
        size_bytes=record.size_bytes,
        noarch=record.noarch,
        requested_spec=None if requested_spec is None else make_portable(requested_spec),
        record=record.to_record_json(),
    )


def make_portable(spec: str) -> str:
    """Remove from a match spec the places that exist only on this machine."""

    def keep(match: re.Match[str]) -> str:
        kept = [field for field in _FIELD.findall(match[1]) if not _names_place(*field)]
        return f"[{','.join(f'{name}={chr(34)}{value}{chr(34)}' for name, value in kept)}]" if kept else ""

    return _BRACKETS.sub(keep, spec)


def _names_place(name: str, value: str) -> bool:
    return (name == "channel" and is_local_channel(value)) or (name == "url" and is_local_archive(value))


def _require_sha256(record: PackageRecord) -> str:
    if not record.sha256:  # cs_lock refuses such locks: this is for the type checker
        raise CliError(f"the package {record.name} has no sha256", kind="missing-sha256")
    return record.sha256


def compose_header(plan: BuildPlan, contents: Sequence[ArchiveContents] | None) -> Header:
    """Compose the header of the stamp: the settings that it has a field for, and values that the build computes.

    :param contents: what the archives contain, if they are available.
    """
    config = plan.derivation.config
    prefix_limits = (one.prefix_limit_bytes for one in contents or () if one.prefix_limit_bytes)
    computed: dict[str, Any] = {
        "builder": f"cs-cli {__version__}",
        "runtime_version": config.known_version,
        "artifact_name": plan.stem,
        "platform": plan.subdir,
        "install_name": resolve_install_name(config, hashlib.sha256(plan.lock).hexdigest()),
        "channels": tuple(channel.url for channel in plan.derivation.lock.channels),
        "bundle_file_name": plan.bundle_name,
        "installed_size_bytes": None if contents is None else sum(one.installed_size_bytes for one in contents),
        "installed_file_count": None if contents is None else sum(one.installed_file_count for one in contents),
        "prefix_limit_bytes": None if plan.subdir.startswith("win-") else min(prefix_limits, default=None),
        "source_revision": plan.source_revision,
        "delegate_path": find_delegate(contents or (), config.delegate, plan.subdir),
    }
    settings = {field.name: getattr(config, field.name) for field in fields(Header) if field.name not in computed}
    return Header(**settings, **computed)
