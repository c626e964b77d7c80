"""What ``cs build`` says at its end, as lines."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path

from cs_bundle import format_bytes

from ..delegate.options import describe_taken_options
from ..project.platforms import host_platform
from ..terminal.console import format_count, format_seconds
from ..terminal.lines import Block, Column, Line, Piece, Table, paint, whole
from .several import Build, DryRun, Outcome, PlannedBuild

_NAMES = {
    "lock": "lock",
    "packages": "package list",
    "sbom": "SBOM",
    "spdx": "SPDX",
    "notices": "notices",
    "info": "metadata",
    "provenance": "provenance",
    "checksums": "checksums",
}
"""How people call the files beside a runtime, by role."""


def render_paths(outcome: Outcome) -> Iterator[Block]:
    """Render the path of each runtime, for ``--quiet``."""
    yield from ((whole(str(build.result.runtime)),) for build in outcome.builds)


def render_outcome(outcome: Outcome) -> Iterator[Block]:
    """Render what was built, what lies beside it, and what to do next."""
    if not outcome.builds:
        return
    if len(outcome.builds) == 1:
        yield from _render_build(outcome.builds[0])
    else:
        yield (paint(f"Built {len(outcome.builds)} runtimes", "bold green"),)
        yield _list_builds(outcome)
    yield _list_companions(outcome)
    yield from _suggest(outcome)


def _render_build(build: Build) -> Iterator[Line]:
    facts = (*_list_facts(build), f"in {format_seconds(build.seconds)}")
    yield paint("Built", "bold green"), " ", whole(str(build.result.runtime)), f"  {', '.join(facts)}"
    yield from _render_bundles(build)


def _render_bundles(build: Build) -> Iterator[Line]:
    for file in build.result.files:
        if file.role == "bundle":
            path = whole(str(build.result.out_dir / file.name))
            yield "  its packages: ", path, f"  {format_bytes(file.size_bytes)}, to ship with it"


def _list_facts(build: Build) -> tuple[str, ...]:
    runtime = next(file for file in build.result.files if file.role == "runtime")
    info = build.result.info
    return format_bytes(runtime.size_bytes), info["lock_platform"], format_count(info["package_count"], "package")


def _list_builds(outcome: Outcome) -> Table:
    columns = Column("Runtime"), Column("Size", right=True), Column("Platform"), Column("Packages"), Column("Time")
    rows: list[tuple[Line, ...]] = [
        ((whole(str(build.result.runtime)),), *_list_facts(build), format_seconds(build.seconds))
        for build in outcome.builds
    ]
    return Table(columns=columns, rows=tuple(rows))


def _list_companions(outcome: Outcome) -> Line:
    files = outcome.builds[0].result.files
    names = ", ".join(_NAMES[file.role] for file in files if file.role in _NAMES)
    stem = next(file.name for file in files if file.role == "checksums").rpartition(".")[0]
    place = str(outcome.out_dir / (f"{stem}.*" if len(outcome.builds) == 1 else "*"))
    start = "  beside it: " if len(outcome.builds) == 1 else "  beside each: "
    return start, f"{names} (", whole(place), ")"


def _suggest(outcome: Outcome) -> Iterator[Line]:
    """Say what to do next: run it, if it is for this machine, and check it."""
    yield ""
    host = host_platform()
    here = next((build for build in outcome.builds if build.result.info["platform"] == host), None)
    if here is not None:
        yield "Try it:    ", whole(_quote(here.result.runtime))
    yield "Check it:  ", whole(f"cs verify {_quote(outcome.out_dir, is_program=False)}")
    first = outcome.builds[0]
    note = describe_taken_options(first.config) if first.is_first else None
    if note is not None:
        yield from ("", (paint("note:", "bold"), f" {note}"))


def _quote(path: Path, *, is_program: bool = True) -> str:
    """Write a path as a shell takes it; a program in the working directory needs ``./``."""
    text = str(path)
    if is_program and len(path.parts) == 1:
        text = f".{os.sep}{text}"
    return text if os.name == "nt" else shlex.quote(text)


def render_dry_run(dry_run: DryRun) -> Iterator[Block]:
    """Render what was checked, and what a build would do."""
    yield f"Checked: {', '.join(dry_run.checked)}"
    yield f"Not checked: {dry_run.unchecked}"
    for text in dry_run.supplies:
        yield f"Would {text}"
    for build in dry_run.builds:
        yield from _render_planned(build, dry_run.out_dir)
    yield "Nothing was written."


def _render_planned(build: PlannedBuild, out_dir: Path) -> Iterator[Line]:
    plan = build.plan
    path = whole(str(out_dir / plan.runtime_name))
    facts = (
        f"about {format_bytes(build.size_bytes)}",
        plan.platform,
        plan.derivation.config.layout,
        format_count(len(plan.packages), "package"),
    )
    yield "Would build ", path, f"  {', '.join(facts)}"
    yield f"  download: {build.describe_downloads()}"
    yield "  write: ", *_join(str(out_dir / name) for name in plan.artifact_names)


def _join(paths: Iterable[str]) -> Iterator[Piece | str]:
    for number, path in enumerate(paths):
        yield from ((", ", whole(path)) if number else (whole(path),))
