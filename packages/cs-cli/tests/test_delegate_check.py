"""``cs inspect --check-delegate``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_samples import Cs, Workspace


def cached_names(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache").glob("*/*/*.conda"))


def test_the_package_of_the_delegates_name_is_looked_into_first(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    outcome = cs("inspect", "--check-delegate", "--layout", "online")
    assert outcome.status == 0, outcome.err
    assert "The delegate on linux-64 is bin/python." in outcome.out
    assert cached_names(tmp_path) == ["python-3.11.7-0.conda"]


def test_then_those_that_were_asked_for(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    document = json.loads(cs("inspect", "--check-delegate", "--delegate", "hello", "--json").out)
    assert document["delegate_checks"] == [{"platform": "linux-64", "found": "bin/hello"}]
    assert cached_names(tmp_path) == ["hello-1.0-pyhd_0.conda"]


def test_a_delegate_that_no_package_has_is_a_problem(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    outcome = cs("inspect", "--check-delegate", "--delegate", "pyton")
    assert outcome.status == 1
    assert "no package of the environment provides the delegate 'pyton'" in outcome.out
    assert "did you mean 'python'?" in outcome.out
    assert len(cached_names(tmp_path)) == 3


def test_nothing_but_the_cache_is_written(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    cs("inspect", "--check-delegate")
    assert [path for path in sorted(tmp_path.rglob("*")) if tmp_path / "cache" not in (path, *path.parents)] == before


def test_a_package_that_cannot_be_had_is_an_error(workspace: Workspace, cs: Cs) -> None:
    for path in workspace.channel.directory.glob("*/python-*"):
        path.unlink()
    outcome = cs("inspect", "--check-delegate")
    assert outcome.status == 1
    assert "python-3.11.7-0.conda" in outcome.err


@pytest.mark.parametrize("flag", [("--offline",), ()])
def test_what_is_in_the_cache_is_enough(flag: tuple[str, ...], workspace: Workspace, cs: Cs) -> None:
    cs("inspect", "--check-delegate")
    for path in workspace.channel.directory.glob("*/*"):
        path.unlink()
    assert cs("inspect", "--check-delegate", *flag).status == 0
