"""What ``cs inspect -v`` adds: everything that the report folds, in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cs_lock import Exclusion, list_names

from ..terminal.lines import Block, Line, paint
from .pypi import render_pypi
from .summary import Inspection, PlatformSummary


def render_details(inspection: Inspection, *, unicode: bool) -> list[list[Block]]:
    """Render sections: what comes from PyPI, what the packages need, exclusions.

    :param unicode: whether the lines of a tree may be other characters than ASCII.
    """
    return [
        list(render_pypi(inspection.platforms)),
        list(_render_requirements(inspection.platforms)),
        list(_render_exclusions(inspection.exclusions, unicode=unicode)),
    ]


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
        yield f"{head} {text} on {', '.join(names)}."


def _render_exclusions(exclusions: Sequence[Exclusion], *, unicode: bool) -> Iterator[Line]:
    """Render each exclusion as a small tree; platforms on which it does the same share one."""
    alike: dict[tuple[object, ...], list[Exclusion]] = {}
    for one in exclusions:
        alike.setdefault((one.name, one.removed, one.kept, one.broken), []).append(one)
    if alike:
        yield (paint("Exclusions", "bold"),)
    for group in alike.values():
        platforms = ", ".join(one.platform for one in group)
        yield "  ", paint(group[0].name, "cyan"), " ", paint(f"({platforms})", "dim")
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
