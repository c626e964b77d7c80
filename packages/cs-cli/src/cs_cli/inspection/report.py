"""The inspection as a person reads it, in one screen: facts, a line for each platform, problems, the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from cs_bundle import format_bytes
from cs_lock import list_names, redact_url

from ..problem_text import Setting, name_platforms, render_problems
from ..terminal.lines import Block, Column, Hanging, Line, Piece, Table, paint, whole
from ..terminal.paths import shorten_paths
from .folding import fold_delegates, fold_exclusions, fold_licenses, fold_needs, fold_pypi, list_largest
from .summary import BytecodeCost, Inspection, PlatformSummary, Size
from .verdict import BUILD, NextStep, render_verdict

_LABEL = 13
_LONG = 30
"""Characters of an item that every terminal has room for beside a label."""
_ENVIRONMENTS = 6
_LARGEST = 5
_LICENSES = 5
_HOME = "https://conda.anaconda.org/"


def render_inspection(
    inspection: Inspection,
    *,
    more: Sequence[Sequence[Block]] = (),
    is_long: bool = False,
    step: NextStep = BUILD,
) -> list[Block]:
    """Render an inspection as lines.

    :param more: sections between facts and problems.
    :param is_long: show every problem on lines of its own, and what ``more`` has in full only there.
    :param step: what to do next if the environment can ship.
    """
    sections: list[Sequence[Block]] = [
        list(_render_project(inspection)),
        list(_render_platforms(inspection)),
        list(_render_facts(inspection, is_long=is_long)),
        *more,
        list(_render_problems(inspection, is_long=is_long)),
        list(render_verdict(inspection, step)),
    ]
    return list(join_sections(sections))


def join_sections(sections: Iterable[Sequence[Block]]) -> Iterator[Block]:
    """Put an empty line between sections; those without lines are left out."""
    for number, section in enumerate(section for section in sections if section):
        if number:
            yield ""
        yield from section


def _label(name: str, *pieces: str | Piece) -> Hanging:
    return Hanging((paint(name, "bold"), " " * (_LABEL - len(name)), *pieces), _LABEL)


def _render_project(inspection: Inspection) -> Iterator[Hanging]:
    derivation = inspection.derivation
    project, config = derivation.project, derivation.config
    version = config.runtime_version or "(version not known yet)"
    named = "" if config.artifact_name == config.runtime else f", as {config.artifact_name}"
    yield _label("Runtime", f"{config.runtime} {version} ({config.layout}{named}), runs {config.delegate}")
    manifest, lock = (whole(shorten_paths(str(path))) for path in (project.manifest_path, project.source_lock_path))
    yield _label("Workspace", manifest, ", ", lock, f" (version {derivation.source.version})")
    others = [name for name in derivation.source.environments if name != config.source_environment]
    rest = f" (not {list_names(others, _ENVIRONMENTS)})" if others else ""
    yield _label("Environment", config.source_environment, rest)
    channels = [redact_url(channel.url) for channel in derivation.lock.channels]
    yield _label("Channels", ", ".join(map(_shorten_channel, channels)) or "none")


def _shorten_channel(url: str) -> str:
    name = url.removeprefix(_HOME).rstrip("/")
    return name if url.startswith(_HOME) and name else url


def _render_platforms(inspection: Inspection) -> Iterator[Block]:
    """Render a line for each platform; columns of which nothing is known are left out."""
    platforms = inspection.platforms
    columns = [Column("Platform"), Column("Packages", right=True), Column("Download", right=True)]
    cells: list[list[Line]] = [
        [(whole(one.name),), str(one.package_count), (whole(_show_download(one)),)] for one in platforms
    ]
    costs = {cost.platform: cost for cost in inspection.bytecode}
    sizes: dict[str, list[Size | None]] = {
        "Runtime file": [one.file for one in platforms],
        "On disk": [one.installed for one in platforms],
        "Bytecode": [_to_size(costs.get(one.name)) for one in platforms],
    }
    known = {head: column for head, column in sizes.items() if any(column)}
    for head, column in known.items():
        columns.append(Column(head, right=True, optional=True))
        for row, size in zip(cells, column, strict=True):
            row.append((whole(_show_size(size)),))
    yield Table(tuple(columns), tuple(map(tuple, cells)))
    if any(size is not None and size.basis == "estimated" for column in known.values() for size in column):
        yield (paint("~ is an estimate", "dim"),)


def _to_size(cost: BytecodeCost | None) -> Size | None:
    return Size(size_bytes=cost.size_bytes, basis=cost.basis) if cost else None


def _show_download(platform: PlatformSummary) -> str:
    size = format_bytes(platform.download_size_bytes)
    if platform.unsized_count:
        return f"over {size}" if platform.download_size_bytes else "unknown"
    return size


def _show_size(size: Size | None) -> str:
    if size is None:
        return "unknown"
    return f"{'~' if size.basis == 'estimated' else ''}{format_bytes(size.size_bytes)}"


def _render_facts(inspection: Inspection, *, is_long: bool) -> Iterator[Hanging]:
    platforms = inspection.platforms
    yield from _render_items("Largest", platforms, _name_largest, "--list", is_long=is_long)
    if not is_long:
        for text in fold_pypi(platforms):
            yield _label("PyPI", text)
        if needs := list(fold_needs(platforms)):
            yield _label("Needs", ", ".join(needs))
    if any(one.license_groups is None for one in platforms):  # otherwise all of them follow
        yield from _render_items("Licences", platforms, _name_licenses, "--licenses", is_long=is_long)
    if delegates := list(fold_delegates(inspection)):
        yield _label("Delegate", ", ".join(delegates))
    for text in fold_exclusions(inspection):
        yield _label("Excluded", text, *([] if is_long else _refer("-v")))


def _render_items(
    name: str,
    platforms: Sequence[PlatformSummary],
    list_items: Callable[[Sequence[PlatformSummary]], Iterator[str]],
    flag: str,
    *,
    is_long: bool,
) -> Iterator[Hanging]:
    """Render the first items of a list: of all platforms together, or of each; those with the same share a line.

    :param flag: lists all of them.
    """
    groups = [(one,) for one in platforms] if is_long else [tuple(platforms)]
    alike: dict[tuple[str, ...], list[str]] = {}
    for group in groups:
        alike.setdefault(tuple(list_items(group)), []).extend(one.name for one in group)
    for items, names in alike.items():
        where = name_platforms(names, [one.name for one in platforms]) if is_long else ""
        if items:
            yield _label(name, *_separate(items), where, *_refer(flag))


def _name_largest(platforms: Sequence[PlatformSummary]) -> Iterator[str]:
    return (f"{name} {format_bytes(size)}" for name, size in list_largest(platforms)[:_LARGEST])


def _name_licenses(platforms: Sequence[PlatformSummary]) -> Iterator[str]:
    licenses = fold_licenses(platforms)
    yield from (f"{name} {count}" for name, count in licenses[:_LICENSES])
    if len(licenses) > _LICENSES:
        yield f"{len(licenses) - _LICENSES} more"


def _render_problems(inspection: Inspection, *, is_long: bool) -> Iterator[Block]:
    path = inspection.derivation.project.source_lock_path
    setting = Setting(path=path, platforms=tuple(one.name for one in inspection.platforms))
    return render_problems(inspection.problems, setting, is_long=is_long)


def _separate(items: Sequence[str]) -> Iterator[Piece | str]:
    """Join items so that each stays on one line, unless it is long."""
    for number, item in enumerate(items):
        text = item if number == len(items) - 1 else f"{item},"
        if number:
            yield " "
        yield whole(text) if len(text) <= _LONG else text


def _refer(flag: str) -> tuple[str, Piece]:
    """Name the flag that shows more."""
    return "  ", Piece(f"({flag})", "dim", whole=True)
