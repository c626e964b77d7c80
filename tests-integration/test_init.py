"""From a workspace without ``[tool.conda-ship]`` to a runtime that runs, with ``cs init``."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from support.commands import SCRIPTS, Command, Home
from support.terminal import Dialogue
from support.tested_platform import FOR_THIS_MACHINE, HOST, name_program
from support.workspaces import FORMS

pytestmark = pytest.mark.only(FOR_THIS_MACHINE, "cs looks for its programs")


@pytest.fixture
def bare(make_workspace: Callable[..., Path]) -> Callable[..., Path]:
    """Make a workspace, and take the table out of its manifest."""

    def make(**options: object) -> Path:
        workspace = make_workspace(**options)
        (manifest,) = workspace.glob("*.toml")
        text = manifest.read_text(encoding="utf-8")
        manifest.write_text(text[: text.index("[tool.conda-ship]")], encoding="utf-8")
        return workspace

    return make


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_manifest_gets_a_table_that_builds(
    form: str, bare: Callable[..., Path], cs: Callable[..., Command], home: Home
) -> None:
    workspace = bare(form=form)
    cs("init", "--delegate", "cowsay", "--layout", "embedded", cwd=workspace)
    cs("inspect", cwd=workspace)
    cs("build", cwd=workspace)
    completed = home.run(workspace / "dist" / name_program("demoz"), "-t", "moo")
    assert "moo" in completed.stdout, completed.stderr


@pytest.mark.only("on Unix", "it has pseudo-terminals")
def test_a_person_answers_three_questions(bare: Callable[..., Path], cache_directory: Path) -> None:
    workspace = bare()
    environment = {**os.environ, "CONDA_SHIP_CACHE_DIR": str(cache_directory), "COLUMNS": "100", "TERM": "dumb"}
    with Dialogue([SCRIPTS / name_program("cs", HOST), "init"], cwd=workspace, env=environment) as dialogue:
        shown = dialogue.read("Number or name [ship]:")
        dialogue.type("\n")
        shown += dialogue.read("Number or name [")
        dialogue.type("cowsay\n")
        shown += dialogue.read("[online]:")
        dialogue.type("embedded\n")
        shown += dialogue.read()
        assert dialogue.wait() == 0, shown
    text = (workspace / "conda.toml").read_text(encoding="utf-8")
    assert re.search(r'^delegate = "cowsay"\nlayout = "embedded"\nsource-environment = "ship"\n\Z', text, re.MULTILINE)
