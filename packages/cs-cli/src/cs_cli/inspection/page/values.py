"""What the page shows, as JSON values: everything is text for people, masked and escaped."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from cs_lock import Exclusion, Problem, redact_url
from cs_manifest import mask_credentials

from ...problem_text import fold_problems
from ...terminal.escaping import escape_line
from ..packages import ListedPackage, list_packages
from ..reasons import Reasons, find_reasons
from ..summary import Inspection, LicenseGroup, PlatformSummary


def describe_inspection(
    inspection: Inspection, wheel_licenses: Mapping[str, str | None] | None = None
) -> dict[str, Any]:
    """Return everything that the page shows.

    It holds no time: the same lock and cache give the same page. Credentials are masked, and
    characters that would mislead a reader are shown as escapes.

    :param inspection: with its packages grouped by licence.
    :param wheel_licenses: what wheels that could be read state, by file name.
    """
    licenses = wheel_licenses or {}
    shown: dict[str, Any] = _clean(
        {
            "facts": _describe_facts(inspection),
            "can_ship": inspection.can_ship,
            "unchecked": list(inspection.unchecked),
            "problems": [_describe_problem(one) for one in fold_problems(inspection.problems)],
            "platforms": [_describe_platform(inspection, one, licenses) for one in inspection.platforms],
        }
    )
    return shown


def _clean(value: Any) -> Any:
    """Mask credentials and escape what would mislead a reader, in every text."""
    if isinstance(value, str):
        return escape_line(mask_credentials(value))
    if isinstance(value, dict):
        return {key: _clean(one) for key, one in value.items()}
    return [_clean(one) for one in value] if isinstance(value, list) else value


def _describe_facts(inspection: Inspection) -> dict[str, Any]:
    derivation = inspection.derivation
    config = derivation.config
    return {
        "runtime": config.runtime,
        "version": config.runtime_version,
        "layout": config.layout,
        "delegate": config.delegate,
        "environment": config.source_environment,
        "manifest": derivation.project.manifest_path.name,
        "lock": derivation.project.source_lock_path.name,
        "channels": [redact_url(channel.url) for channel in derivation.lock.channels],
    }


def _describe_problem(problem: Problem) -> dict[str, Any]:
    return {
        "severity": problem.severity,
        "message": problem.message,
        "hint": problem.hint,
        "platforms": list(problem.platforms),
    }


def _describe_platform(
    inspection: Inspection, platform: PlatformSummary, wheel_licenses: Mapping[str, str | None]
) -> dict[str, Any]:
    exclusions = inspection.derivation.lock.exclusions
    sizes = {"file": platform.file, "installed": platform.installed}
    return {
        "name": platform.name,
        **{name: size and asdict(size) for name, size in sizes.items()},
        "packages": list(_describe_packages(platform, find_reasons(inspection.derivation, platform), wheel_licenses)),
        "exclusions": [_describe_exclusion(one) for one in exclusions if one.platform == platform.name],
        "licenses": [_describe_licenses(one) for one in _sort_groups(platform.license_groups or ())],
    }


def _describe_packages(
    platform: PlatformSummary, reasons: Reasons, wheel_licenses: Mapping[str, str | None]
) -> Iterator[dict[str, Any]]:
    """Describe the packages of a platform; they name each other by their places in this list."""
    packages = list_packages(platform, wheel_licenses)
    places = {one.key: place for place, one in enumerate(packages)}
    everywhere = {f"conda:{one.name}" for one in platform.packages if one.noarch}
    everywhere |= {f"pypi:{one.name}" for one in platform.wheels if one.is_pure}
    for one in packages:
        owner = reasons.owners[one.key]
        described = {
            "key": one.key,
            "kind": _name_kind(one, everywhere),
            "name": one.name,
            "version": one.version,
            "build": one.build,
            "size_bytes": one.size_bytes,
            "license": one.license,
            "is_requested": one.key in reasons.graph.requested,
            "needs": sorted(places[key] for key in reasons.graph.needs[one.key]),
            "owner": None if owner is None else places[owner],
        }
        yield {name: value for name, value in described.items() if value not in (None, False, [])}


def _name_kind(package: ListedPackage, everywhere: Collection[str]) -> str:
    if package.build is None:
        return "source"
    if package.kind == "pypi":
        return "pypi"
    return "noarch" if package.key in everywhere else "conda"


def _describe_exclusion(exclusion: Exclusion) -> dict[str, Any]:
    return {
        "name": exclusion.name,
        "removed": list(exclusion.removed),
        "kept": [
            {"name": one.name, "is_requested": one.requested, "users": list(one.needed_by)} for one in exclusion.kept
        ],
        "broken": [{"package": one.package, "dependency": one.dependency} for one in exclusion.broken],
    }


def _sort_groups(groups: Iterable[LicenseGroup]) -> list[LicenseGroup]:
    return sorted(groups, key=lambda group: (not group.is_denied, -len(group.packages), group.label))


def _describe_licenses(group: LicenseGroup) -> dict[str, Any]:
    return {"label": group.label, "is_denied": group.is_denied, "packages": list(group.packages)}
