"""What a build is asked to do, before anything is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_samples import Workspace, build_options, inspect_options, make_template
from cs_cli.archives.store import open_store
from cs_cli.building.preparation import BuildRequest, prepared_build
from cs_cli.options import BuildOptions
from cs_stamp import TemplateNotFoundError


def prepare(options: BuildOptions) -> BuildRequest:
    """Prepare a build that needs no wheels."""
    with prepared_build(options) as request:
        return request


def test_plan_template_and_store_are_made_ready(workspace: Workspace, template: Path, tmp_path: Path) -> None:
    request = prepare(build_options("-q", "--offline", "--target-label", "x"))
    assert request.plan.stem == "demoz-x"
    assert request.materials.template.path == template
    assert (request.materials.store.cache, request.materials.store.offline) == (tmp_path / "cache", True)


def test_a_template_that_is_named_wins(workspace: Workspace, template: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(template.read_bytes())
    request = prepare(build_options("-q", "--template", str(other)))
    assert request.materials.template.path == other


def test_the_variable_comes_before_the_template_beside_cs(
    workspace: Workspace, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = tmp_path / "scripts" / "cs-template"
    beside.parent.mkdir()
    beside.write_bytes(template.read_bytes())
    monkeypatch.setattr("sys.argv", [str(beside.parent / "cs")])
    assert prepare(build_options("-q")).materials.template.path == template
    monkeypatch.delenv("CONDA_SHIP_TEMPLATE")
    assert prepare(build_options("-q")).materials.template.path == beside


def test_a_wheel_for_another_platform_is_found(
    workspace: Workspace, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = make_template(tmp_path / "site" / "cs_templates" / "linux-64" / "cs-template")
    monkeypatch.delenv("CONDA_SHIP_TEMPLATE")
    monkeypatch.setattr("sys.argv", [str(tmp_path / "scripts" / "cs")])
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert prepare(build_options("-q")).materials.template.path == installed


def test_without_a_template_nothing_is_ready(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", [str(tmp_path / "cs")])  # there may be one next to the program that runs the tests
    with pytest.raises(TemplateNotFoundError):
        prepare(build_options("-q"))


def test_a_cache_that_is_named_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert open_store(inspect_options("--cache-dir", "mine")).cache == tmp_path / "mine"
