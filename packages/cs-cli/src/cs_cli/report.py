"""The inspection as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator

from cs_lock import Exclusion, Problem

from .console import format_bytes
from .inspection import Inspection, PlatformSummary

_LARGEST = 5
_LICENSES = 4


def render_inspection(inspection: Inspection) -> str:
    """Render an inspection as text: the project, platforms, exclusions, problems."""
    sections = [_render_project(inspection), _render_platforms(inspection.platforms)]
    sections += [_render_platform(platform) for platform in inspection.platforms]
    lock = inspection.derivation.lock
    if lock.exclusions:
        sections.append(["Exclusions", *(line for one in lock.exclusions for line in _render_exclusion(one))])
    if lock.problems:
        sections.append(["Problems", *(line for problem in lock.problems for line in _render_problem(problem))])
    return "\n\n".join("\n".join(section) for section in sections)


def _render_project(inspection: Inspection) -> list[str]:
    derivation = inspection.derivation
    project, config = derivation.project, derivation.config
    rows = {
        "Runtime": f"{config.runtime} {config.runtime_version} ({config.layout}, as {config.artifact_name})",
        "Delegate": config.delegate,
        "Manifest": str(project.manifest_path),
        "Lock": f"{project.source_lock_path} (version {derivation.source.version})",
        "Environment": f"{config.source_environment} (of {', '.join(derivation.source.environments)})",
        "Channels": ", ".join(channel.url for channel in derivation.lock.channels) or "none",
    }
    return [f"{name + ':':<13}{value}" for name, value in rows.items()]


def _render_platforms(platforms: tuple[PlatformSummary, ...]) -> list[str]:
    width = max((len(platform.name) for platform in platforms), default=0)
    width = max(width, len("Platform"))
    lines = [f"{'Platform':<{width}}  Packages  Packed size"]
    for platform in platforms:
        size = format_bytes(platform.packed_size_bytes)
        lines.append(f"{platform.name:<{width}}  {len(platform.packages):>8}  {size:>11}")
    return lines


def _render_platform(platform: PlatformSummary) -> list[str]:
    largest = [
        f"{record.name} {record.version} {format_bytes(record.size_bytes or 0)}"
        for record in platform.largest(_LARGEST)
    ]
    licenses = [f"{count} {name}" for name, count in list(platform.licenses.items())[:_LICENSES]]
    more = len(platform.licenses) - _LICENSES
    lines = [platform.name, f"  largest:   {', '.join(largest)}"]
    return [*lines, f"  licences:  {', '.join(licenses)}{f' and {more} more' if more > 0 else ''}"]


def _render_exclusion(exclusion: Exclusion) -> Iterator[str]:
    """Render what an exclusion did as a small tree."""
    branches = [f"{name} goes too: nothing else needs it" for name in exclusion.removed]
    for kept in exclusion.kept:
        reasons = ["the workspace asks for it"] if kept.requested else []
        reasons += [f"{', '.join(kept.needed_by)} needs it"] if kept.needed_by else []
        branches.append(f"{kept.name} stays: {'; '.join(reasons)}")
    branches += [f"{lost.package} stays without {lost.dependency}" for lost in exclusion.broken]
    yield f"  {exclusion.name} ({exclusion.platform})"
    for index, branch in enumerate(branches):
        yield f"  {'└─' if index == len(branches) - 1 else '├─'} {branch}"


def _render_problem(problem: Problem) -> Iterator[str]:
    place = f"{problem.platform}: " if problem.platform else ""
    yield f"  {problem.severity}: {place}{problem.message}"
    if problem.hint:
        yield f"    hint: {problem.hint}"
