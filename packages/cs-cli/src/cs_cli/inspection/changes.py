"""A comparison as text, at a terminal and in Markdown for release notes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from cs_bundle import format_bytes

from ..terminal.console import format_count
from ..terminal.escaping import escape_line
from ..terminal.lines import Block, Column, Line, Piece, Table, paint, whole
from ..terminal.paths import shorten_paths
from .diff import KINDS, Change, Comparison, PlatformComparison

_COLUMNS = (
    Column(""),
    Column("Package"),
    Column("Before"),
    Column("After"),
    Column("Size", right=True, optional=True),
)
_MARKS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
_MARKUP = re.compile(  # within a line: no text begins one
    r"""
    [`*\[<|~]                      # code, emphasis, links, HTML, cells, strikethrough
    | \\(?=[!-/:-@\[-`{-~]|\Z)     # an escape
    | _(?<![^\W_]_) | _(?![^\W_])  # emphasis; not inside a word
    | &(?=\#?[0-9A-Za-z]+;)       # an entity
    | :(?=//) | (?<=www)\.        # an address, which GitHub and GitLab make a link
    """,
    re.VERBOSE | re.IGNORECASE,
)
_REFERENCE = re.compile(r"(?<=[@#])(?=[^\W_])|(?<=\bGH-)(?=\d)", re.IGNORECASE)
"""Within a person's name or the number of an issue, as GitHub and GitLab find them in what Markdown shows."""

Row = tuple[Change, tuple[str, ...]]
"""A change, and the names of the platforms that have it."""


def render_changes(comparison: Comparison) -> Iterator[Block]:
    """Render what was added, removed and changed; what platforms have in common is one row."""
    rows = _fold(comparison.platforms)
    several = len(comparison.platforms) > 1
    columns = [*_COLUMNS, *([Column("Platforms", optional=True)] if several else [])]
    if rows:
        yield Table(tuple(columns), tuple(_render_row(row, comparison) for row in rows))
        yield ""
    for platform in comparison.platforms:
        name = (paint(f"{platform.platform}: ", "bold"),) if several else ()
        yield *name, _summarise(platform, comparison.earlier)


def render_markdown(comparison: Comparison) -> Iterator[str]:
    """Render the same in Markdown."""
    rows = _fold(comparison.platforms)
    several = len(comparison.platforms) > 1
    for platform in comparison.platforms:
        name = f"- {_escape(platform.platform)}: " if several else ""
        yield f"{name}{_escape(_summarise(platform, comparison.earlier))}"
    for kind in KINDS:
        if some := [row for row in rows if row[0].kind == kind]:
            yield ""
            yield f"**{kind.capitalize()}**"
            yield ""
            heads = ["Package", "Before", "After", "Size", *(["Platforms"] if several else [])]
            yield f"| {' | '.join(heads)} |"
            yield f"|{'|'.join('---:' if head == 'Size' else '---' for head in heads)}|"
            for change, platforms in some:
                cells = [_name(change), *_show_states(change), _show_growth(change)]
                cells += [_name_platforms(platforms, comparison)] if several else []
                yield f"| {' | '.join(map(_escape, cells))} |"


def _escape(text: str) -> str:
    """Make text from outside harmless in Markdown: what would be markup is escaped, and nothing else.

    An empty comment keeps ``@``, ``#`` and ``GH-`` from what follows: no text mentions a person or closes an issue.
    """
    return _REFERENCE.sub("<!-- -->", _MARKUP.sub(r"\\\g<0>", escape_line(text)))


def _fold(platforms: Sequence[PlatformComparison]) -> list[Row]:
    """Fold changes that are the same on several platforms; their sizes may differ."""
    alike: dict[tuple[object, ...], tuple[Change, list[str]]] = {}
    for platform in platforms:
        for change in platform.changes:
            key = (change.kind, change.package.key, *_show_states(change), _show_growth(change))
            alike.setdefault(key, (change, []))[1].append(platform.platform)
    rows = [(change, tuple(names)) for change, names in alike.values()]
    return sorted(rows, key=lambda row: (KINDS.index(row[0].kind), row[0].package.name, row[0].package.key))


def _render_row(row: Row, comparison: Comparison) -> tuple[Line, ...]:
    change, platforms = row
    mark, color = _MARKS[change.kind]
    before, after = _show_states(change)
    cells: list[Line] = [(paint(mark, color),)]
    cells += [(whole(text),) for text in (_name(change), before, after, _show_growth(change))]
    if len(comparison.platforms) > 1:
        cells.append((Piece(_name_platforms(platforms, comparison), "dim"),))
    return tuple(cells)


def _name(change: Change) -> str:
    return change.package.key if change.package.kind == "pypi" else change.package.name


def _show_states(change: Change) -> tuple[str, str]:
    """Show the versions; also the builds if the versions are the same, and the digests if those are too."""
    before, after = change.before, change.after
    if before is None or after is None:
        return ("" if before is None else before.version or "?", "" if after is None else after.version or "?")
    states = [(one.version or "?", one.build or "?", (one.sha256 or "?")[:8]) for one in (before, after)]
    if states[0][0] != states[1][0]:
        return states[0][0], states[1][0]
    if states[0][1] != states[1][1]:
        return " ".join(states[0][:2]), " ".join(states[1][:2])
    return " ".join(states[0]), " ".join(states[1])


def _show_growth(change: Change) -> str:
    return _show_signed(change.growth_bytes)


def _show_signed(size: int | None) -> str:
    if size is None:
        return "?"
    return f"{'-' if size < 0 else '+'}{format_bytes(abs(size))}" if size else "same"


def _name_platforms(names: Sequence[str], comparison: Comparison) -> str:
    return "all" if len(names) == len(comparison.platforms) else ", ".join(names)


def _summarise(platform: PlatformComparison, path: str) -> str:
    """Say in a line what has changed, and what that means for the download.

    :param path: of what it is compared with.
    """
    earlier = shorten_paths(path)
    if not platform.changes:
        return f"no package differs from {earlier} ({format_count(platform.after_count, 'package')})"
    counts = ", ".join(f"{platform.count(kind)} {kind}" for kind in KINDS if platform.count(kind))
    return f"{counts} since {earlier}; {format_count(platform.after_count, 'package')}{_show_total(platform)}"


def _show_total(platform: PlatformComparison) -> str:
    before, after = platform.before_size_bytes, platform.after_size_bytes
    if after is None:
        return ""
    change = "" if before is None else f" ({_show_signed(after - before)})"
    return f", {format_bytes(after)}{change}"
