"""Problems as a person reads them: each once, with the platforms that have it at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from cs_lock import Problem

from ..terminal.lines import Excerpt, Hanging, Line, paint, whole
from ..terminal.paths import shorten_paths
from .folding import group_by_platforms, name_platforms
from .summary import Inspection

_COLORS = {"error": "bold red", "warning": "bold yellow"}
_SHOWN = 3
"""Problems of one kind that have lines of their own, if there are more than one more."""


def render_problems(inspection: Inspection, *, is_long: bool) -> Iterator[Hanging | Line | Excerpt]:
    """Render warnings and then errors: what must change is next to the verdict.

    A problem that is the only one of its kind shows the line that it is about.

    :param is_long: give every problem a line of its own; otherwise those of one kind share one beyond the first few,
        with the names of their packages.
    """
    ordered = sorted(fold_problems(inspection.problems), key=lambda problem: problem.severity, reverse=True)
    groups: dict[tuple[str, str, str | None], list[Problem]] = {}
    for problem in ordered:
        groups.setdefault((problem.severity, problem.kind, problem.hint), []).append(problem)
    for group in groups.values():
        names = [problem for problem in group if problem.package]
        folds = not is_long and len(names) == len(group) > _SHOWN + 1
        shown = group[:_SHOWN] if folds else group
        for problem in shown:
            yield _render_problem(problem, inspection)
        if len(group) == 1 and (excerpt := _quote(group[0], inspection)):
            yield excerpt
        if folds:
            yield _render_rest(group[_SHOWN:], inspection)
        if group[0].hint:
            yield Hanging(("  ", paint("hint:", "cyan"), f" {shorten_paths(group[0].hint)}"), 8)


def fold_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Make one of problems that say the same of different platforms; it has the place of the first."""
    alike: dict[tuple[object, ...], list[Problem]] = {}
    for one in problems:
        alike.setdefault((one.severity, one.kind, one.message, one.hint, one.path), []).append(one)
    return [
        replace(some[0], platform=None, platforms=tuple(dict.fromkeys(name for one in some for name in one.platforms)))
        for some in alike.values()
    ]


def _render_problem(problem: Problem, inspection: Inspection) -> Hanging:
    severity = f"{problem.severity}:"
    path = shorten_paths(str(_find_file(problem, inspection)))
    place = (whole(f"{path}:{problem.line}:"), " ") if problem.line else ()
    where = name_platforms(problem.platforms, inspection.platforms)
    text = f"{shorten_paths(problem.message)}{where}"
    return Hanging((paint(severity, _COLORS[problem.severity]), " ", *place, text), len(severity) + 1)


def _find_file(problem: Problem, inspection: Inspection) -> Path:
    return problem.path or inspection.derivation.project.source_lock_path


def _quote(problem: Problem, inspection: Inspection) -> Excerpt | None:
    from ..quoting import quote_line

    if problem.line is None:
        return None
    return quote_line(_find_file(problem, inspection), problem.line, problem.column or 1)


def _render_rest(problems: Sequence[Problem], inspection: Inspection) -> Hanging:
    """Name the packages of further problems of one kind; each platform is named with its packages."""
    places: dict[str, list[str]] = {}
    for problem in problems:
        places.setdefault(problem.package or "", []).extend(problem.platforms)
    groups = group_by_platforms(places, [platform.name for platform in inspection.platforms])
    texts = [f"{', '.join(names)}{name_platforms(where, inspection.platforms)}" for where, names in groups.items()]
    severity = f"{problems[0].severity}:"
    text = f" {len(problems)} more like these: {'; '.join(texts)} "
    return Hanging((paint(severity, _COLORS[problems[0].severity]), text, paint("(-v)", "dim")), len(severity) + 1)
