"""What a person reads of an error: its place, the line of the file, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import DOCUMENTATION
from .errors import EXPLAINED, GUESS, Diagnosed, advise, describe_error
from .terminal.lines import Block, Excerpt, Line, Piece, paint, whole
from .terminal.paths import shorten_paths

if TYPE_CHECKING:
    from cs_lock import Problem

_LISTED = 20
"""Problems that are listed, unless all are asked for."""

_SHORT = 60
_FEW = 2
_DIGEST = 64
"""Characters and commas of an expectation that is not a long list; characters of what is still short in a list."""

_ONE_OF = "one of "


def page_of(kind: str) -> str | None:
    """Return the address of what the documentation says about a kind, if that is more than a hint can say."""
    return f"{DOCUMENTATION}reference/errors/#{kind}" if kind in EXPLAINED else None


def render_error(error: Diagnosed, *, links: bool = False, is_long: bool = False) -> list[Block]:
    """Render an error as what a person reads; paths are as short as they can be.

    :param links: name the page that says more.
    :param is_long: give each of its problems lines of its own.
    """
    whole_paths = describe_error(error)
    described, excerpt = _shorten(whole_paths), _quote(whole_paths)
    blocks: list[Block] = [_render_head(described)]
    blocks += [] if excerpt is None else [excerpt]
    blocks += _render_facts(described, shown=excerpt.text if excerpt else "")
    blocks += [block for block in _render_problems(error, described, is_long=is_long) if block != excerpt]
    blocks += _render_advice(described, links=links)
    return blocks


def _find_page(described: Mapping[str, Any]) -> str | None:
    """Return the page about an error, or about the first of its problems that has one; a likely name needs none."""
    if described.get("hint", "").startswith(GUESS):
        return None
    kinds = [described["kind"], *(problem.get("kind", "") for problem in described.get("problems", []))]
    return next(filter(None, map(page_of, kinds)), None)


def name_place(described: Mapping[str, Any]) -> str:
    """Name the place that an error or a problem is about, ``PATH:LINE:COLUMN``, as far as it is known."""
    return ":".join(str(described[name]) for name in ("path", "line", "column") if described.get(name))


def _render_head(described: Mapping[str, Any]) -> Line:
    place = name_place(described)
    key = f"{described['key']}: " if "key" in described else ""
    message = f" {key}{described['message']}"
    start = paint("error:", "bold red")
    return (start, " ", Piece(f"{place}:", "bold", whole=True), message) if place else (start, message)


def _render_facts(described: Mapping[str, Any], *, shown: str) -> Iterator[Line]:
    """Render what was expected and found, unless it is seen already.

    :param shown: the line of the file that is shown.
    """
    expected = _find_expectation(described)
    if expected and not _is_long_list(expected):
        yield f"  expected: {expected}"
    actual = str(described.get("actual", ""))
    if actual and actual not in described["message"] and actual.strip("'") not in shown:
        yield f"  found: {actual}"


def _find_expectation(described: Mapping[str, Any]) -> str:
    """Return what was expected, unless message, hint or lines to paste say the same; a likely name needs no list."""
    expected, hint = str(described.get("expected", "")), described.get("hint", "")
    is_said = expected.removeprefix("a ") in described["message"] or hint.startswith(GUESS) or "lines" in described
    is_listed = expected.startswith(_ONE_OF) and expected.removeprefix(_ONE_OF) in hint
    return "" if is_said or is_listed else expected


def _is_long_list(expected: str) -> bool:
    return len(expected) > _SHORT and expected.count(", ") > _FEW


def _render_advice(described: Mapping[str, Any], *, links: bool) -> Iterator[Line]:
    """Render what to do; a long list of what there is comes after that."""
    if "hint" in described:
        yield "  ", paint("hint:", "cyan"), f" {described['hint']}"
    expected = _find_expectation(described)
    if _is_long_list(expected):
        yield f"  expected: {expected}"
    if links and (page := _find_page(described)):
        yield "  ", paint("more:", "cyan"), " ", whole(page)
    if "lines" in described:
        yield ""
        yield from (("    ", whole(line)) for line in described["lines"])


def _render_problems(error: Diagnosed, described: Mapping[str, Any], *, is_long: bool) -> Iterator[Block]:
    """Render several problems: those of a lock as all commands show them, without what the error itself advises."""
    if not described.get("problems"):
        return
    from cs_lock import Problem

    from .problem_text import Setting, render_problems

    hint, problems = described.get("hint", ""), getattr(error, "problems", ())
    if all(isinstance(one, Problem) for one in problems):
        setting = Setting(path=error.path or Path(), platforms=getattr(error, "platforms", ()), is_list=True)
        yield from render_problems(_drop_hints(problems, hint), setting, is_long=is_long)
        return
    shown = described["problems"]
    count = len(shown) if is_long else _LISTED
    for one in shown[:count]:
        # The hint of the error itself is for all of them.
        yield f"  - {_render_fault(one, with_hint=is_long or not hint)}"
    if len(shown) > count:
        yield f"  and {len(shown) - count} more; {advise('long-list')}"


def _render_fault(fault: Mapping[str, Any], *, with_hint: bool) -> str:
    """Render an error that is one of several: what it would say alone, in one line."""
    key = f"{fault['key']}: " if fault.get("key") else ""
    message = f"{key}{fault['message']}{_compare(fault)}"
    return render_problem({**fault, "message": message, "hint": fault.get("hint") if with_hint else None})


def _drop_hints(problems: Iterable[Problem], said: str) -> Iterator[Problem]:
    """Mask problems, and leave out the hints that the error itself gives."""
    from .problem_text import mask_problem

    for one in map(mask_problem, problems):
        is_said = shorten_paths(one.hint or "") in said
        yield replace(one, hint=None, plural_hint=None) if is_said else one


def _quote(described: Mapping[str, Any]) -> Excerpt | None:
    """Read the line that an error or a problem is about."""
    if not ("line" in described and described.get("path")):
        return None
    from .quoting import quote_line

    return quote_line(Path(described["path"]), described["line"], described.get("column") or 1)


def _shorten(value: Any) -> Any:
    """Shorten the paths in every text of a JSON value."""
    if isinstance(value, str):
        return shorten_paths(value)
    if isinstance(value, dict):
        return {name: inner if name in ("line", "column") else _shorten(inner) for name, inner in value.items()}
    return [_shorten(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def render_problem(problem: Mapping[str, Any]) -> str:
    """Render one of several things that are wrong.

    :param problem: what its ``to_dict`` says.
    """
    platforms = problem.get("platforms") or [problem[key] for key in ("platform",) if problem.get(key)]
    path = shorten_paths(name_place(problem)) if problem.get("path") else ""
    place = "".join(f"{name}: " for name in (", ".join(platforms), path) if name)
    hint = f" ({problem['hint']})" if problem.get("hint") else ""
    return f"{place}{problem['message']}{hint}"


def _compare(problem: Mapping[str, Any]) -> str:
    """Put what was expected and what was found beside each other, if there is room for both."""
    pair = [str(problem.get(name, "")) for name in ("expected", "actual")]
    if not all(pair) or any(len(text) > _DIGEST or text in problem["message"] for text in pair):
        return ""
    return f" (expected {pair[0]}, found {pair[1]})"
