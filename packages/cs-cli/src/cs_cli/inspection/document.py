"""The inspection as the document of ``--json``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from cs_lock import PackageRecord, Requirement, Wheel, redact_url
from cs_manifest import mask_credentials

from ..companions.dependencies import key_of
from ..wheels.supplies import Supply
from .diff import Comparison
from .reasons import Reasons
from .summary import Inspection, LicenseGroup, PlatformSummary, Size
from .why import Answer

SCHEMA_VERSION = 1
"""Version of ``cs inspect --json``; ``schemas/inspect.schema.json`` is its schema."""


def compose_document(
    inspection: Inspection,
    reasons: Mapping[str, Reasons],
    *,
    answers: Sequence[Answer] | None = None,
    comparison: Comparison | None = None,
) -> dict[str, Any]:
    """Return an inspection as JSON values.

    :param reasons: of its packages, by platform.
    :param answers: to ``--why``.
    :param comparison: with what ``--diff`` names.
    """
    derivation = inspection.derivation
    project, config, lock = derivation.project, derivation.config, derivation.lock
    return {
        "schema_version": SCHEMA_VERSION,
        "can_ship": inspection.can_ship,
        "manifest": str(project.manifest_path),
        "source_lock": str(project.source_lock_path),
        "lock_version": derivation.source.version,
        "source_environment": config.source_environment,
        "environments": list(derivation.source.environments),
        "runtime": config.runtime,
        "runtime_version": config.runtime_version,
        "artifact_name": config.artifact_name,
        "delegate": config.delegate,
        "layout": config.layout,
        "bytecode": config.bytecode,
        "bytecode_cost": [asdict(cost) for cost in inspection.bytecode],
        "channels": [redact_url(channel.url) for channel in lock.channels],
        "runtime_lock_sha256": lock.sha256 if derivation.can_ship and not derivation.is_pending else None,
        "platforms": [describe_platform(one, reasons[one.name]) for one in inspection.platforms],
        "exclusions": [asdict(exclusion) for exclusion in inspection.exclusions],
        "delegate_checks": [asdict(check) for check in inspection.delegate_checks],
        "problems": [problem.to_dict() for problem in inspection.problems],
        "why": None if answers is None else [answer.to_dict() for answer in answers],
        "diff": None if comparison is None else comparison.to_dict(),
    }


def describe_platform(platform: PlatformSummary, reasons: Reasons) -> dict[str, Any]:
    """Return a platform as JSON values."""
    requirements = platform.requirements
    groups = platform.license_groups
    return {
        "name": platform.name,
        "subdir": platform.subdir,
        "package_count": platform.package_count,
        "wheel_count": platform.wheel_count,
        "download_size_bytes": platform.download_size_bytes,
        "unsized_count": platform.unsized_count,
        "runtime_file": _describe_size(platform.file),
        "installed": _describe_size(platform.installed),
        "licenses": platform.licenses,
        "license_groups": None if groups is None else [_describe_group(one) for one in groups],
        "requirements": [
            {**_describe_requirement(one), "is_checked": is_checked}
            for is_checked, some in ((True, requirements.checked), (False, requirements.unchecked))
            for one in some
        ],
        "packages": [{**_describe_record(one), **_explain(key_of(one), reasons)} for one in platform.packages],
        "wheels": [{**_describe_wheel(one), **_explain(key_of(one), reasons)} for one in platform.wheels],
        "pending": [{**_describe_supply(one), **_explain(one.entry.label, reasons)} for one in platform.supplies],
    }


def _describe_size(size: Size | None) -> dict[str, Any] | None:
    return None if size is None else asdict(size)


def _describe_group(group: LicenseGroup) -> dict[str, Any]:
    names = ("license", "expression", "is_read", "is_denied")
    return {**{name: getattr(group, name) for name in names}, "packages": list(group.packages)}


def _describe_requirement(one: Requirement) -> dict[str, Any]:
    return {"package": one.package, "spec": one.spec, "is_needed": one.is_needed}


def _explain(key: str, reasons: Reasons) -> Mapping[str, Any]:
    """Say what asks for a package, what needs it, and which other one is the only way to it."""
    return {
        "key": key,
        "features": list(reasons.graph.requested.get(key, ())),
        "needed_by": list(reasons.needed_by[key]),
        "owner": reasons.owners[key],
    }


def _describe_record(record: PackageRecord) -> dict[str, Any]:
    return {
        "name": record.name,
        "version": record.version,
        "build": record.build,
        "subdir": record.subdir,
        "noarch": record.noarch,
        "url": redact_url(record.url),
        "sha256": record.sha256 or None,
        "size_bytes": record.size_bytes,
        "license": record.license,
        "depends": [mask_credentials(spec) for spec in record.depends],
    }


def _describe_wheel(wheel: Wheel) -> dict[str, Any]:
    return {
        "name": wheel.name,
        "version": wheel.version,
        "file_name": wheel.file_name,
        "is_pure": wheel.is_pure,
        "url": None if wheel.url is None else redact_url(wheel.url),
        "sha256": wheel.sha256,
        "size_bytes": wheel.size_bytes,
        "requires_dist": [mask_credentials(requirement) for requirement in wheel.requires_dist],
    }


def _describe_supply(supply: Supply) -> dict[str, Any]:
    entry = supply.entry
    return {
        **supply.to_dict(),
        "kind": entry.kind,
        "name": entry.name,
        "version": entry.version,
        "reason": entry.reason,
        "wanted_by": list(entry.wanted_by),
    }
