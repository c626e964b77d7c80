"""What ``cs build`` says at its end."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cli_samples import Channel, Cs, Workspace
from cs_bundle import format_bytes
from cs_cli.building.preparation import prepared_builds
from cs_cli.building.report import render_outcome
from cs_cli.building.several import Outcome, build_several
from terminals import COLORS, show, to_plain

TIME = re.compile(r"\d+(\.\d)? m?s")


@pytest.fixture
def outcome(workspace: Workspace, template: Path) -> Outcome:
    """Return what became of a build for this machine."""
    from cli_samples import build_options

    with prepared_builds(build_options("-q")) as requests:
        return build_several(requests, Path("dist"), keep_going=False)


def test_the_end_says_what_was_built_what_lies_beside_it_and_what_to_do_next(outcome: Outcome) -> None:
    size = format_bytes(Path("dist/demoz").stat().st_size)
    lines = [TIME.sub("N s", line) for line in to_plain(render_outcome(outcome))]
    assert lines[:5] == [
        f"Built dist/demoz  {size}, linux-64, 3 packages, in N s",
        "  beside it: lock, package list, SBOM, notices, metadata, provenance, checksums (dist/demoz.*)",
        "",
        "Try it:    dist/demoz",
        "Check it:  cs verify dist",
    ]


@pytest.mark.parametrize("columns", [50, 80, 140])
@pytest.mark.usefixtures("xterm")
def test_it_fits_its_terminal(columns: int, outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text = COLORS.sub("", show(*render_outcome(outcome)))
    assert max(map(len, text.splitlines())) <= columns
    assert "\nTry it:    dist/demoz\n" in text


def test_what_to_try_can_be_pasted_into_a_shell(workspace: Workspace, template: Path, cs: Cs) -> None:
    assert "Try it:    ./demoz" in cs("build", "--out-dir", ".").out.splitlines()
    lines = cs("build", "--out-dir", "my runtimes").out.splitlines()
    assert "Try it:    'my runtimes/demoz'" in lines
    assert "Check it:  cs verify 'my runtimes'" in lines


def test_a_runtime_for_another_machine_is_not_to_be_tried_here(
    workspace: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cs_cli.building.report.host_platform", lambda: "osx-arm64")
    out = cs("build").out
    assert "Try it" not in out
    assert "Check it:  cs verify dist" in out


@pytest.mark.parametrize(("commands", "is_told"), [("direct", True), ("self", False)])
def test_options_that_the_runtime_takes_are_told_once(
    commands: str, is_told: bool, workspace: Workspace, template: Path, cs: Cs
) -> None:
    first, second = (cs("build", "--commands", commands).out for _ in range(2))
    assert ("note: -h, -V, -v and -q are options of demoz itself" in first) == is_told
    assert "note: " not in second


@pytest.mark.parametrize("commands", ["direct", "self"])
def test_inspect_names_these_options_among_all_details(commands: str, workspace: Workspace, cs: Cs) -> None:
    note = "note: -h, -V, -v and -q are options of demoz itself"
    assert (note in cs("inspect", "-v", "--commands", commands).out) == (commands == "direct")
    assert note not in cs("inspect", "--commands", commands).out


def test_json_has_no_words_for_people(workspace: Workspace, template: Path, cs: Cs) -> None:
    document = json.loads(cs("build", "--json").out)
    assert [build["runtime"] for build in document["builds"]] == ["demo"]


def test_a_dry_run_says_what_is_to_download(workspace: Workspace, channel: Channel, template: Path, cs: Cs) -> None:
    for record in channel.records:
        record["conda"] = record["conda"].replace("file://", "https://example.invalid")
    workspace.write()
    planned = json.loads(cs("build", "--dry-run", "--json").out)["builds"][0]
    assert planned["download"] == {"package_count": 3, "size_bytes": sum(one["size"] for one in channel.records)}
    assert planned["layout"] == "embedded"
    assert planned["package_count"] == 3
    total = format_bytes(planned["download"]["size_bytes"])
    assert f"  download: 3 packages of 3, {total}" in cs("build", "--dry-run").out.splitlines()
    assert "  download: nothing; users download the packages" in cs("build", "--dry-run", "--layout", "online").out


def test_the_estimated_size_is_near_the_real_one(workspace: Workspace, template: Path, cs: Cs) -> None:
    planned = json.loads(cs("build", "--dry-run", "--json").out)["builds"][0]
    assert cs("build").status == 0
    assert abs(Path("dist/demoz").stat().st_size - planned["estimated_size_bytes"]) < 20_000


def test_what_was_fetched_is_told_with_size_and_time(
    workspace: Workspace, channel: Channel, template: Path, cs: Cs
) -> None:
    size = format_bytes(sum(record["size"] for record in channel.records))
    first, second = (TIME.sub("N s", cs("build").err).splitlines() for _ in range(2))
    assert first == [f"copying 3 local archives ({size})", f"copied 3 local archives, {size} in N s"]
    assert second == []
