"""Builds for several platforms in one run: each by itself all or nothing, whatever becomes of the others."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cs_bundle import BundleError, format_bytes
from cs_lock import PackageRecord, Wheel
from cs_manifest import ShipConfig
from cs_stamp import StampError

from ..errors import CliError, PlatformFault, advise
from ..terminal.console import format_count
from .execution import BuildResult, build_artifacts, check_outputs
from .plan import BuildPlan
from .preparation import BuildRequest

SCHEMA_VERSION = 1
"""Version of ``cs build --json``; ``schemas/build.schema.json`` is its schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One build that was carried out.

    :ivar seconds: how long it took.
    :ivar is_first: whether the output directory had no build of that name before.
    """

    result: BuildResult
    config: ShipConfig
    seconds: float
    is_first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the builds.

    :ivar out_dir: directory of the artifacts.
    :ivar builds: those that succeeded.
    :ivar faults: why the others failed.
    """

    out_dir: Path
    builds: tuple[Build, ...]
    faults: tuple[PlatformFault, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as JSON values."""
        return {
            "out_dir": str(self.out_dir),
            "builds": [build.result.info for build in self.builds],
            "failures": [fault.to_dict() for fault in self.faults],
        }

    def fault(self) -> CliError | None:
        """Return what went wrong as one error, of kind ``platforms-failed``."""
        if not self.faults:
            return None
        total = len(self.faults) + len(self.builds)
        built = ", ".join(build.result.info["lock_platform"] for build in self.builds) or "none"
        message = f"{len(self.faults)} of {total} platforms failed (built: {built})"
        return CliError(message, kind="platforms-failed", problems=self.faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedBuild:
    """What one build would do.

    :ivar missing: packages whose archives it would download.
    :ivar size_bytes: estimated size of the runtime.
    """

    plan: BuildPlan
    missing: tuple[PackageRecord | Wheel, ...]
    size_bytes: int

    @property
    def download_bytes(self) -> int:
        """What would be downloaded, as far as the lock knows sizes."""
        return sum(one.size_bytes or 0 for one in self.missing)

    def describe_downloads(self) -> str:
        """Say in words what would be downloaded."""
        count = format_count(len(self.missing), "package")
        if not self.plan.needed:
            return "nothing; users download the packages"
        if not self.missing:
            return "nothing; all packages are in the cache"
        unknown = sum(one.size_bytes is None for one in self.missing)
        rest = f", besides {unknown} whose size is not known" if unknown else ""
        return f"{count} of {len(self.plan.needed)}, {format_bytes(self.download_bytes)}{rest}"

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        plan = self.plan
        return {
            "platform": plan.platform,
            "layout": plan.derivation.config.layout,
            "package_count": len(plan.packages),
            "estimated_size_bytes": self.size_bytes,
            "download": {"package_count": len(self.missing), "size_bytes": self.download_bytes},
            "files": list(plan.artifact_names),
            "supplies": [supply.to_dict() for supply in plan.derivation.outlook.on(plan.platform)],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What builds would do.

    :ivar out_dir: directory of the artifacts.
    :ivar checked: what was found to be right.
    :ivar unchecked: what only a build checks.
    """

    out_dir: Path
    builds: tuple[PlannedBuild, ...]
    checked: tuple[str, ...]
    unchecked: str

    @property
    def supplies(self) -> list[str]:
        """What would be done first for packages without an archive."""
        supplies = (one for build in self.builds for one in build.plan.derivation.outlook.on(build.plan.platform))
        return list(dict.fromkeys(supply.text for supply in supplies))

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"dry_run": True, "out_dir": str(self.out_dir), "builds": [build.to_dict() for build in self.builds]}


def describe_plans(requests: Sequence[BuildRequest], out_dir: Path, *, lock_check: bool = True) -> DryRun:
    """Check what a build would check before it downloads or builds anything, and describe it.

    :param lock_check: whether manifest and lock were compared.
    :raises CliError: if an input would be lost.
    """
    for request in requests:
        check_outputs(request.plan, request.materials, out_dir)
    builds = tuple(_plan_one(request) for request in requests)
    delegate = requests[0].plan.derivation.config.delegate
    return DryRun(
        out_dir=out_dir,
        builds=builds,
        checked=tuple(_list_checked(requests, lock_check=lock_check)),
        unchecked=f"whether a package provides the delegate {delegate!r} ({advise('unread-archives')})",
    )


def _list_checked(requests: Sequence[BuildRequest], *, lock_check: bool) -> Iterator[str]:
    project = requests[0].plan.derivation.project
    files = f"{project.manifest_path.name} and {project.source_lock_path.name}"
    yield f"{files} match" if lock_check else f"{files} can be read"
    yield "every package can ship"
    if not requests[0].plan.derivation.license_policy.is_empty:
        yield "no licence that is known is denied"
    for mark in dict.fromkeys(request.materials.template.mark for request in requests):
        yield f"{mark.name} {mark.version} for {mark.target}"
    yield "no input would be overwritten"


def _plan_one(request: BuildRequest) -> PlannedBuild:
    plan, store = request.plan, request.materials.store
    missing = tuple(one for one in plan.needed if not one.is_local and not store.has(one))
    carried = sum(one.size_bytes or 0 for one in plan.needed if one.file_name in plan.carried)
    size = request.materials.template.path.stat().st_size + carried
    return PlannedBuild(plan=plan, missing=missing, size_bytes=size)


def build_several(requests: Sequence[BuildRequest], out_dir: Path, *, keep_going: bool) -> Outcome:
    """Build for one platform after the other; archives that they share are downloaded once, into the cache.

    :param keep_going: build for the other platforms if one fails; else its error is raised as it is.
    :raises CliError: if an input would be lost: then nothing is built.
    """
    for request in requests:
        check_outputs(request.plan, request.materials, out_dir)
    builds, faults = [], []
    for request in requests:
        if len(requests) > 1:
            request.console.say(f"building for {request.plan.platform}")
        try:
            builds.append(_build_one(request, out_dir))
        except (CliError, StampError, BundleError) as error:
            if not keep_going:
                raise
            faults.append(PlatformFault(platform=request.plan.platform, error=error))
    return Outcome(out_dir=out_dir, builds=tuple(builds), faults=tuple(faults))


def _build_one(request: BuildRequest, out_dir: Path) -> Build:
    started = time.monotonic()
    is_first = not (out_dir / request.plan.runtime_name).exists()
    result = build_artifacts(request.plan, request.materials, out_dir, request.console)
    config = request.plan.derivation.config
    return Build(result=result, config=config, seconds=time.monotonic() - started, is_first=is_first)
