"""Builds for several platforms in one run: each by itself all or nothing, whatever becomes of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cs_bundle import BundleError
from cs_stamp import StampError

from ..errors import CliError, PlatformFault
from ..terminal.lines import Line, whole
from .execution import BuildResult, build_artifacts, check_outputs
from .plan import BuildPlan
from .preparation import BuildRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the builds.

    :ivar out_dir: directory of the artifacts.
    :ivar results: what was built.
    :ivar faults: why the others failed.
    """

    out_dir: Path
    results: tuple[BuildResult, ...]
    faults: tuple[PlatformFault, ...]

    @property
    def lines(self) -> list[str]:
        """The path of every artifact."""
        return [str(result.out_dir / file.name) for result in self.results for file in result.files]

    def to_dict(self) -> dict[str, Any]:
        """Return the outcome as JSON values."""
        return {
            "out_dir": str(self.out_dir),
            "builds": [result.info for result in self.results],
            "failures": [fault.to_dict() for fault in self.faults],
        }

    def fault(self) -> CliError | None:
        """Return what went wrong as one error, of kind ``platforms-failed``."""
        if not self.faults:
            return None
        total = len(self.faults) + len(self.results)
        built = ", ".join(result.info["lock_platform"] for result in self.results) or "none"
        message = f"{len(self.faults)} of {total} platforms failed (built: {built})"
        return CliError(message, kind="platforms-failed", problems=self.faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """What builds would do.

    :ivar out_dir: directory of the artifacts.
    """

    out_dir: Path
    plans: tuple[BuildPlan, ...]

    @property
    def lines(self) -> list[Line]:
        """What would be done first for packages without an archive, then the path of every artifact."""
        supplies = (supply for plan in self.plans for supply in plan.derivation.outlook.on(plan.platform))
        texts = dict.fromkeys(supply.text for supply in supplies)
        names = [name for plan in self.plans for name in plan.artifact_names]
        return [
            *(f"would {text}" for text in texts),
            *(("would stage ", whole(str(self.out_dir / name))) for name in names),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        builds = [
            {
                "platform": plan.platform,
                "files": list(plan.artifact_names),
                "supplies": [supply.to_dict() for supply in plan.derivation.outlook.on(plan.platform)],
            }
            for plan in self.plans
        ]
        return {"dry_run": True, "out_dir": str(self.out_dir), "builds": builds}


def describe_plans(requests: Sequence[BuildRequest], out_dir: Path) -> DryRun:
    """Check what a build would check before it downloads or builds anything, and describe it.

    :raises CliError: if an input would be lost.
    """
    for request in requests:
        check_outputs(request.plan, request.materials, out_dir)
    return DryRun(out_dir=out_dir, plans=tuple(request.plan for request in requests))


def build_several(requests: Sequence[BuildRequest], out_dir: Path, *, keep_going: bool) -> Outcome:
    """Build for one platform after the other; archives that they share are downloaded once, into the cache.

    :param keep_going: build for the other platforms if one fails; else its error is raised as it is.
    :raises CliError: if an input would be lost: then nothing is built.
    """
    for request in requests:
        check_outputs(request.plan, request.materials, out_dir)
    results, faults = [], []
    for request in requests:
        if len(requests) > 1:
            request.console.say(f"building for {request.plan.platform}")
        try:
            results.append(build_artifacts(request.plan, request.materials, out_dir, request.console))
        except (CliError, StampError, BundleError) as error:
            if not keep_going:
                raise
            faults.append(PlatformFault(platform=request.plan.platform, error=error))
    return Outcome(out_dir=out_dir, results=tuple(results), faults=tuple(faults))
