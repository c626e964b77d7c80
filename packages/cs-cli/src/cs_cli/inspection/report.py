"""The inspection as a person reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from cs_lock import Exclusion, Problem, list_names, redact_url

from ..terminal.console import format_bytes
from ..terminal.escaping import escape_line
from ..terminal.style import Line, TextStyle, paint
from .summary import Inspection, PlatformSummary

_LARGEST = 4
_LICENSES = 4
_PLATFORMS_SHOWN = 4
_COLORS = {"error": "red", "warning": "yellow"}


def render_inspection(inspection: Inspection, style: TextStyle) -> list[Line]:
    """Render an inspection as lines: the project, the platforms, exclusions, problems, the verdict."""
    sections: list[list[Line]] = [
        _render_project(inspection),
        _render_table(inspection.platforms, style),
        list(_render_bytecode(inspection)),
        list(_render_delegates(inspection)),
        list(_render_exclusions(inspection.derivation.lock.exclusions, style)),
        list(_render_problems(inspection.problems)),
        list(_render_verdict(inspection)),
    ]
    return list(_join_sections(section for section in sections if section))


def _join_sections(sections: Iterable[list[Line]]) -> Iterator[Line]:
    for number, section in enumerate(sections):
        if number:
            yield ""
        yield from section


def _render_project(inspection: Inspection) -> list[Line]:
    derivation = inspection.derivation
    project, config = derivation.project, derivation.config
    others = [name for name in derivation.source.environments if name != config.source_environment]
    version = config.runtime_version or "(version not known yet)"
    rows = {
        "Runtime": f"{config.runtime} {version} ({config.layout}, as {config.artifact_name})",
        "Delegate": config.delegate,
        "Manifest": str(project.manifest_path),
        "Lock": f"{project.source_lock_path} (version {derivation.source.version})",
        "Environment": config.source_environment + (f" (not {', '.join(others)})" if others else ""),
        "Channels": ", ".join(redact_url(channel.url) for channel in derivation.lock.channels) or "none",
    }
    return [(paint(f"{name}:", "bold"), " " * (12 - len(name)), value) for name, value in rows.items()]


def _render_table(platforms: Sequence[PlatformSummary], style: TextStyle) -> list[Line]:
    """Render one row for each platform; the last two columns share the width that is left, and wrap."""
    heads = ("Platform", "Packages", "Packed size", "Largest", "Licences")
    rows = [_table_row(platform) for platform in platforms]
    widths = [max(len(head), *(len(row[column]) for row in rows)) for column, head in enumerate(heads[:3])]
    room = None if style.width is None else style.width - sum(widths) - 8
    largest = max((len(row[3]) for row in rows), default=0)
    split = (largest, None) if room is None else (min(largest, max(room * 3 // 5, 16)), 0)
    texts = (max(split[0], len(heads[3])), None if room is None else max(room - max(split[0], len(heads[3])), 12))
    lines: list[Line] = [(paint(_join_cells([*heads], widths, texts[0]), "bold"),)]
    for row in rows:
        lines += _wrap_row(row, widths, texts)
    return lines


def _table_row(platform: PlatformSummary) -> list[str]:
    """Return the cells of a row, escaped before they are measured and wrapped."""
    largest = [f"{one.name} {format_bytes(one.size_bytes)}" for one in platform.largest(_LARGEST) if one.size_bytes]
    licenses = [f"{name} {count}" for name, count in list(platform.licenses.items())[:_LICENSES]]
    if (more := len(platform.licenses) - _LICENSES) > 0:
        licenses.append(f"{more} more")
    size = format_bytes(platform.packed_size_bytes)
    if platform.unsized_count:
        size = f"over {size}" if platform.packed_size_bytes else "unknown"
    cells = (platform.name, str(len(platform.packages)), size, ", ".join(largest), ", ".join(licenses))
    return list(map(escape_line, cells))


def _wrap_row(row: Sequence[str], widths: Sequence[int], texts: tuple[int, int | None]) -> Iterator[str]:
    columns = [_wrap(cell, width) for cell, width in zip(row[3:], texts, strict=True)]
    for number in range(max(map(len, columns))):
        first = row[:3] if number == 0 else ("", "", "")
        yield _join_cells(
            [*first, *(column[number] if number < len(column) else "" for column in columns)], widths, texts[0]
        )


def _wrap(text: str, width: int | None) -> list[str]:
    if width is None or len(text) <= width:
        return [text]
    from textwrap import wrap

    # A no-break space inside an item keeps it on one line: the wrapping knows ASCII spaces only.
    whole = text.replace(" ", "\xa0").replace(",\xa0", ", ")
    return [line.replace("\xa0", " ") for line in wrap(whole, width, break_on_hyphens=False)]


def _join_cells(cells: Sequence[str], widths: Sequence[int], text_width: int) -> str:
    name, count, size, *texts = cells
    parts = [name.ljust(widths[0]), count.rjust(widths[1]), size.rjust(widths[2]), texts[0].ljust(text_width), texts[1]]
    return "  ".join(parts).rstrip()


def _render_bytecode(inspection: Inspection) -> Iterator[str]:
    for cost in inspection.bytecode:
        size = format_bytes(cost.size_bytes)
        how = "measured by the last build" if cost.basis == "measured" else "estimated; the first build measures it"
        yield f"Shipped bytecode adds {'' if cost.basis == 'measured' else 'about '}{size} on {cost.platform} ({how})."


def _render_delegates(inspection: Inspection) -> Iterator[str]:
    for check in inspection.delegate_checks:
        if check.found is not None:
            yield f"The delegate on {check.platform} is {check.found}."


def _render_exclusions(exclusions: Sequence[Exclusion], style: TextStyle) -> Iterator[Line]:
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
        inner, last = ("├─", "└─") if style.unicode else ("|-", "`-")
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
        line = f" (line {problem.line})" if problem.line else ""
        severity = paint(f"{problem.severity}:", _COLORS[problem.severity])
        yield "  ", severity, f" {place}{problem.message}{line}"
        if problem.hint:
            yield "    ", paint("hint:", "dim"), f" {problem.hint}"


def _render_verdict(inspection: Inspection) -> Iterator[Line]:
    if inspection.can_ship and not inspection.unchecked:
        yield (paint("Ready to ship.", "green"),)
    elif inspection.can_ship:
        known = len(inspection.unchecked) < len(inspection.platforms)
        where = f" on {list_names(inspection.unchecked)}" if known else ""
        verdict = f"No problems found, but the delegate was not checked{where}."
        yield (paint(verdict, "yellow"),)
        yield "Not all packages are in the cache: --check-delegate downloads what the check needs."
    else:
        count = sum(problem.severity == "error" for problem in inspection.problems)
        yield (paint(f"Cannot ship: {'one error' if count == 1 else f'{count} errors'}.", "red"),)
