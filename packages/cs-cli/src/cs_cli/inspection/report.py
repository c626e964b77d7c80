"""The inspection as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cs_lock import Exclusion, Problem, list_names, redact_url

from ..errors import advise
from ..terminal.console import format_bytes
from ..terminal.lines import Block, Column, Line, Piece, Table, paint, whole
from .licenses import render_licenses
from .pypi import render_pypi
from .summary import Inspection, PlatformSummary

_LARGEST = 4
_LICENSES = 4
_PLATFORMS_SHOWN = 4
_COLORS = {"error": "red", "warning": "yellow"}
_COLUMNS = (
    Column("Platform"),
    Column("Packages", right=True),
    Column("Packed size", right=True),
    Column("Largest"),
    Column("Licences"),
)


def render_inspection(inspection: Inspection, *, unicode: bool) -> list[Block]:
    """Render an inspection as lines: the project, the platforms, exclusions, problems, the verdict.

    :param unicode: whether the lines of a tree may be other characters than ASCII.
    """
    sections: list[Sequence[Block]] = [
        _render_project(inspection),
        [Table(_COLUMNS, tuple(map(_render_platform, inspection.platforms)))],
        list(render_licenses(inspection.platforms)),
        list(render_pypi(inspection.platforms)),
        list(_render_requirements(inspection.platforms)),
        list(_render_bytecode(inspection)),
        list(_render_delegates(inspection)),
        list(_render_exclusions(inspection.derivation.lock.exclusions, unicode=unicode)),
        list(_render_problems(inspection.problems)),
        list(_render_verdict(inspection)),
    ]
    return list(_join_sections(section for section in sections if section))


def _join_sections(sections: Iterable[Sequence[Block]]) -> Iterator[Block]:
    for number, section in enumerate(sections):
        if number:
            yield ""
        yield from section


def _render_project(inspection: Inspection) -> list[Line]:
    derivation = inspection.derivation
    project, config = derivation.project, derivation.config
    others = [name for name in derivation.source.environments if name != config.source_environment]
    version = config.runtime_version or "(version not known yet)"
    rows: dict[str, tuple[str | Piece, ...]] = {
        "Runtime": (f"{config.runtime} {version} ({config.layout}, as {config.artifact_name})",),
        "Delegate": (config.delegate,),
        "Manifest": (whole(str(project.manifest_path)),),
        "Lock": (whole(str(project.source_lock_path)), f" (version {derivation.source.version})"),
        "Environment": (config.source_environment, f" (not {', '.join(others)})" if others else ""),
        "Channels": (", ".join(redact_url(channel.url) for channel in derivation.lock.channels) or "none",),
    }
    return [(paint(f"{name}:", "bold"), " " * (12 - len(name)), *value) for name, value in rows.items()]


def _render_platform(platform: PlatformSummary) -> tuple[Line, ...]:
    """Render the row of a platform."""
    largest = [f"{one.name} {format_bytes(one.size_bytes)}" for one in platform.largest(_LARGEST) if one.size_bytes]
    licenses = [f"{name} {count}" for name, count in list(platform.licenses.items())[:_LICENSES]]
    if (more := len(platform.licenses) - _LICENSES) > 0:
        licenses.append(f"{more} more")
    size = format_bytes(platform.packed_size_bytes)
    if platform.unsized_count:
        size = f"over {size}" if platform.packed_size_bytes else "unknown"
    return (
        (whole(platform.name),),
        str(platform.package_count),
        (whole(size),),
        _join_items(largest),
        _join_items(licenses),
    )


def _join_items(items: Sequence[str]) -> Line:
    """Join items so that each stays on one line."""
    *others, last = items or [""]
    pieces = [(whole(f"{item},"), " ") for item in others]
    return (*(part for pair in pieces for part in pair), whole(last))


def _render_requirements(platforms: Sequence[PlatformSummary]) -> Iterator[str]:
    """Render what the packages ask of the machine; platforms that ask for the same share a line."""
    alike: dict[tuple[str, str], list[str]] = {}
    for platform in platforms:
        requirements = platform.requirements
        for some, head in ((requirements.checked, "Needs"), (requirements.unchecked, "Not checked by the runtime:")):
            asked: dict[str, list[str]] = {}
            for one in some:
                where = "" if one.is_needed else ", if present"
                asked.setdefault(f"{one.spec}{where}", []).append(one.package)
            texts = [f"{spec} ({list_names(names)})" for spec, names in asked.items()]
            if texts:
                alike.setdefault((head, ", ".join(texts)), []).append(platform.name)
    for (head, text), names in alike.items():
        yield f"{head} {text} on {list_names(names, _PLATFORMS_SHOWN)}."


def _render_bytecode(inspection: Inspection) -> Iterator[str]:
    for cost in inspection.bytecode:
        size = format_bytes(cost.size_bytes)
        how = "measured by the last build" if cost.basis == "measured" else "estimated; the first build measures it"
        yield f"Shipped bytecode adds {'' if cost.basis == 'measured' else 'about '}{size} on {cost.platform} ({how})."


def _render_delegates(inspection: Inspection) -> Iterator[str]:
    for check in inspection.delegate_checks:
        if check.found is not None:
            yield f"The delegate on {check.platform} is {check.found}."


def _render_exclusions(exclusions: Sequence[Exclusion], *, unicode: bool) -> Iterator[Line]:
    """Render each exclusion as a small tree; platforms on which it does the same share one."""
    alike: dict[tuple[object, ...], list[Exclusion]] = {}
    for one in exclusions:
        alike.setdefault((one.name, one.removed, one.kept, one.broken), []).append(one)
    if alike:
        yield (paint("Exclusions", "bold"),)
    for group in alike.values():
        platforms = [one.platform for one in group]
        shown = ", ".join(platforms[:_PLATFORMS_SHOWN])
        more = f" and {len(platforms) - _PLATFORMS_SHOWN} more" if len(platforms) > _PLATFORMS_SHOWN else ""
        yield "  ", paint(group[0].name, "cyan"), " ", paint(f"({shown}{more})", "dim")
        branches = list(_render_branches(group[0]))
        inner, last = ("├─", "└─") if unicode else ("|-", "`-")
        for index, branch in enumerate(branches):
            yield f"  {last if index == len(branches) - 1 else inner} {branch}"


def _render_branches(exclusion: Exclusion) -> Iterator[str]:
    for name in exclusion.removed:
        yield f"{name} also removed: nothing else needs it"
    for kept in exclusion.kept:
        reasons = ["the workspace asks for it"] if kept.requested else []
        if kept.needed_by:
            reasons.append(f"{list_names(kept.needed_by)} {'needs' if len(kept.needed_by) == 1 else 'need'} it")
        yield f"{kept.name} stays: {'; '.join(reasons)}"
    for lost in exclusion.broken:
        yield f"{lost.package} still needs {lost.dependency}"


def _render_problems(problems: Sequence[Problem]) -> Iterator[Line]:
    if problems:
        yield (paint("Problems", "bold"),)
    for problem in problems:
        place = f"{', '.join(problem.platforms)}: " if problem.platforms else ""
        file = "" if problem.path is None else f"{problem.path.name}, "
        line = f" ({file}line {problem.line})" if problem.line else ""
        severity = paint(f"{problem.severity}:", _COLORS[problem.severity])
        yield "  ", severity, f" {place}{problem.message}{line}"
        if problem.hint:
            yield "    ", paint("hint:", "cyan"), f" {problem.hint}"


def _render_verdict(inspection: Inspection) -> Iterator[Line]:
    if inspection.can_ship and not inspection.unchecked:
        yield (paint("Ready to ship.", "green"),)
    elif inspection.can_ship:
        known = len(inspection.unchecked) < len(inspection.platforms)
        where = f" on {list_names(inspection.unchecked)}" if known else ""
        verdict = f"No problems found, but the delegate was not checked{where}."
        yield (paint(verdict, "yellow"),)
        if any(supply.action == "build" for platform in inspection.platforms for supply in platform.supplies):
            yield "Some packages are still to be built: the build looks for the delegate in them."
        else:
            yield f"Not all packages are in the cache: {advise('unread-archives')}."
    else:
        count = sum(problem.severity == "error" for problem in inspection.problems)
        yield (paint(f"Cannot ship: {'one error' if count == 1 else f'{count} errors'}.", "red"),)
