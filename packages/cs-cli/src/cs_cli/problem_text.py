"""Several problems as a person reads them: each once, those of one kind together, with the platforms at the end."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path

from cs_bundle import redact_text
from cs_lock import Problem, merge_platforms

from .terminal.lines import Block, Excerpt, Hanging, Line, paint, whole
from .terminal.paths import shorten_paths

_COLORS = {"error": "bold red", "warning": "bold yellow"}
_SHOWN = 3
"""Problems of one kind that have lines of their own, if there are more than one more."""
_LISTED = 20
"""The same for problems that are not about a package: nothing can stand for their lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What problems are about, and where they are shown.

    :ivar path: the source lock, which problems with a line but without a file are about.
    :ivar platforms: names of all platforms; none if they are not known.
    :ivar is_list: whether they are the list below an error, which says how severe they are.
    """

    path: Path
    platforms: tuple[str, ...] = ()
    is_list: bool = False

    def start(self, severity: str) -> tuple[Line, int]:
        """Return what the line of a problem starts with, and how wide that is after its margin."""
        if self.is_list:
            return ("  - ",), 2
        return (paint(f"{severity}:", _COLORS[severity]), " "), len(severity) + 2


def render_problems(problems: Iterable[Problem], setting: Setting, *, is_long: bool) -> Iterator[Block]:
    """Render warnings and then errors: what must change is next to the verdict.

    A problem that is the only one of its kind shows the line that it is about.

    :param is_long: give every problem a line of its own. Otherwise those that say the same of several packages share
        one, and those of one kind beyond the first few, each with the names of the packages.
    """
    ordered = sorted(fold_problems(problems), key=lambda problem: problem.severity, reverse=True)
    groups: dict[tuple[str, str, str | None], list[Problem]] = {}
    for problem in ordered:
        groups.setdefault((problem.severity, problem.kind, problem.hint), []).append(problem)
    for group in groups.values():
        yield from _render_all(group, setting) if is_long else _render_short(group, setting)
        if len(group) == 1 and (excerpt := _quote(group[0], setting)):
            yield excerpt
        hint = (group[0].plural_hint if len(group) > 1 else None) or group[0].hint
        if hint:
            margin = " " * (4 if setting.is_list else 2)
            yield Hanging((margin, paint("hint:", "cyan"), f" {shorten_paths(hint)}"), len("hint: "))


def mask_problem(problem: Problem) -> Problem:
    """Return a problem without the secrets of the addresses in its texts."""
    hint, plural_hint = (text and redact_text(text) for text in (problem.hint, problem.plural_hint))
    return replace(problem, message=redact_text(problem.message), hint=hint, plural_hint=plural_hint)


def fold_problems(problems: Iterable[Problem]) -> list[Problem]:
    """Make one of problems that say the same of different platforms; it has the place of the first."""
    return merge_platforms(problems, key=attrgetter("severity", "kind", "message", "hint", "path"))


def name_platforms(names: Sequence[str], platforms: Sequence[str]) -> str:
    """Say on which platforms something holds, in parentheses; nothing if there is only one.

    :param names: of platforms.
    :param platforms: the names of all that are shown.
    """
    if not names or (len(platforms) == 1 and list(names) == list(platforms)):
        return ""
    return " (all platforms)" if set(names) == set(platforms) else f" ({', '.join(names)})"


def _render_all(group: Iterable[Problem], setting: Setting) -> Iterator[Block]:
    return (_render_problem(problem, setting) for problem in group)


def _render_short(group: Sequence[Problem], setting: Setting) -> Iterator[Block]:
    """Render problems of one kind and hint in few lines."""
    single = []
    for some in _find_alike(group):
        if len({problem.package for problem in some}) > 1:
            yield _render_alike(some, setting)
        else:
            single += some
    has_names = all(problem.package for problem in single)
    shown = _SHOWN if has_names and len(single) > _SHOWN + 1 else _LISTED
    yield from _render_all(single[:shown], setting)
    if rest := single[shown:]:
        names = f": {_name_packages(rest, setting)}" if has_names else ""
        yield _render_line(rest, f"{len(rest)} more like these{names}", setting)


def _find_alike(group: Iterable[Problem]) -> Iterable[list[Problem]]:
    """Put problems together that say the same of their packages."""
    alike: dict[object, list[Problem]] = {}
    for problem in group:
        key = problem.message if problem.plural is None or problem.package is None else (problem.plural,)
        alike.setdefault(key, []).append(problem)
    return alike.values()


def _render_alike(problems: Sequence[Problem], setting: Setting) -> Hanging:
    """Render what problems say of their packages: ``17 PyPI packages need an archive: a, b …``."""
    labels = {problem.package or "" for problem in problems}
    prefix = "pypi:" if all(label.startswith("pypi:") for label in labels) else ""
    count = f"{len(labels)} {'PyPI ' if prefix else ''}packages"
    plural = shorten_paths(problems[0].plural or "")
    return _render_line(problems, f"{count} {plural}: {_name_packages(problems, setting, prefix)}", setting)


def _render_line(problems: Sequence[Problem], text: str, setting: Setting) -> Hanging:
    """Render what stands for several problems, and say what its marks and its flag are."""
    start, indent = setting.start(problems[0].severity)
    legend = "(* requested) " if any(problem.is_requested for problem in problems) else ""
    return Hanging((*start, f"{text} ", paint(f"{legend}(-v)", "dim")), indent)


def _render_problem(problem: Problem, setting: Setting) -> Hanging:
    start, indent = setting.start(problem.severity)
    path = shorten_paths(str(problem.path or setting.path))
    place = (whole(f"{path}:{problem.line}:"), " ") if problem.line else ()
    text = f"{shorten_paths(problem.message)}{name_platforms(problem.platforms, setting.platforms)}"
    return Hanging((*start, *place, text), indent)


def _quote(problem: Problem, setting: Setting) -> Excerpt | None:
    from .quoting import quote_line

    if problem.line is None:
        return None
    return quote_line(problem.path or setting.path, problem.line, problem.column or 1)


def _name_packages(problems: Iterable[Problem], setting: Setting, prefix: str = "") -> str:
    """Name the packages of problems, requested ones first and with a mark; each platform is named with its packages.

    :param prefix: what is left out of the labels.
    """
    places: dict[str, list[str]] = {}
    for problem in sorted(problems, key=lambda problem: not problem.is_requested):
        mark = "*" if problem.is_requested else ""
        places.setdefault((problem.package or "").removeprefix(prefix) + mark, []).extend(problem.platforms)
    groups = _group_by_platforms(places, setting.platforms)
    return "; ".join(f"{', '.join(names)}{name_platforms(at, setting.platforms)}" for at, names in groups.items())


def _group_by_platforms(
    places: Mapping[str, Collection[str]], platforms: Sequence[str]
) -> dict[tuple[str, ...], list[str]]:
    """Group things that are on the same platforms.

    :param places: for each thing, the names of its platforms.
    :param platforms: all names, in their order.
    """
    groups: dict[tuple[str, ...], list[str]] = {}
    for thing, names in places.items():
        known = [name for name in platforms if name in names]
        others = sorted(set(names) - set(platforms))
        groups.setdefault((*known, *others), []).append(thing)
    return groups
