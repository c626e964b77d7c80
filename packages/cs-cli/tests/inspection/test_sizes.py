"""How large a runtime is."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cli_samples import Cs, Workspace


@pytest.fixture
def large(workspace: Workspace) -> Workspace:
    """Let the workspace have a package of a megabyte, beside which nothing else counts."""
    record = workspace.channel.add("large", {"share/large": os.urandom(1_000_000)}, "python")
    workspace.environments["ship"]["linux-64"].append(record)
    workspace.write()
    return workspace


def inspect(cs: Cs, *flags: str) -> dict[str, Any]:
    document = json.loads(cs("inspect", "--json", *flags).out)
    (platform,) = document["platforms"]
    found: dict[str, Any] = platform
    return found


@pytest.mark.parametrize(("layout", "name"), [("embedded", "demoz"), ("online", "demo")])
def test_a_runtime_has_the_size_that_was_built_and_about_that_before(
    layout: str, name: str, large: Workspace, template: Path, cs: Cs
) -> None:
    estimate = inspect(cs, "--layout", layout)["runtime_file"]
    assert estimate["basis"] == "estimated"
    assert cs("build", "--layout", layout).status == 0
    size = Path("dist", name).stat().st_size
    assert inspect(cs, "--layout", layout)["runtime_file"] == {"basis": "measured", "size_bytes": size}
    assert abs(estimate["size_bytes"] - size) < 20_000


def test_a_build_with_another_layout_or_lock_measures_nothing(large: Workspace, template: Path, cs: Cs) -> None:
    assert cs("build").status == 0
    assert inspect(cs, "--layout", "online")["runtime_file"]["basis"] == "estimated"
    assert inspect(cs, "--exclude", "large")["runtime_file"]["basis"] == "estimated"
    assert inspect(cs, "--out-dir", "elsewhere")["runtime_file"]["basis"] == "estimated"


def test_without_a_template_the_size_of_the_runtime_is_not_known(large: Workspace, cs: Cs) -> None:
    assert inspect(cs)["runtime_file"] is None
    assert "Runtime file" not in cs("inspect").out


def test_what_is_installed_is_measured_in_archives_that_were_looked_into(
    large: Workspace, template: Path, cs: Cs
) -> None:
    assert inspect(cs)["installed"] is None
    assert cs("build").status == 0
    installed = inspect(cs)["installed"]
    assert installed["basis"] == "measured"
    assert installed["size_bytes"] > 1_000_000
    for path in large.directory.parent.rglob("contents-1.json"):
        if not list(path.parent.glob("large-*")):
            path.unlink()
    assert inspect(cs)["installed"]["basis"] == "estimated"
