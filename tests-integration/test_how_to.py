"""The documentation, as a reader follows it: each command of each page, and what it prints."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.channel.index import index_settings
from support.commands import Home, run_command
from support.pages import ROOT, find_blocks, find_commands, read_page
from support.pixi import Pixi
from support.scenes import LABEL, SCENES, list_followed_pages, set_scene, set_workspace
from support.servers import Server
from support.stage import Stage
from support.tested_platform import FOR_THIS_MACHINE, PLATFORM

pytestmark = [
    pytest.mark.only(FOR_THIS_MACHINE, "the pages are about one"),
    pytest.mark.tools("openssl", "sha256sum"),
]


@pytest.fixture
def stage(
    make_workspace: Callable[..., Path],
    home: Home,
    cache_directory: Path,
    tmp_path: Path,
    channel: Server,
    channel_directory: Path,
) -> Stage:
    """A reader in an empty directory."""
    programs, directory = tmp_path / "programs", tmp_path / "empty"
    programs.mkdir()
    directory.mkdir()
    variables = index_settings(channel.url)
    pixi = Pixi(channel.url, channel_directory)
    return Stage(make_workspace, pixi, home, cache_directory, directory, programs, variables)


@pytest.mark.parametrize("page", list_followed_pages())
def test_a_page_is_followed(page: str, stage: Stage) -> None:
    set_scene(page, stage)
    shown = [one.command for block in find_blocks(read_page(page)) if block.is_run for one in find_commands(block)]
    assert len(stage.follow(page)) == len(shown)


def test_each_scene_is_that_of_a_page() -> None:
    assert set(SCENES) <= set(list_followed_pages())


def find_step(workflow: dict[str, Any], job: str, name: str) -> dict[str, Any]:
    """Find a step of a workflow by its name."""
    (step,) = (one for one in workflow["jobs"][job]["steps"] if one.get("name") == name)
    return dict(step)


def test_the_release_workflow_signs_and_verifies_what_was_built(stage: Stage, home: Home) -> None:
    workflow = yaml.safe_load((ROOT / "examples" / "github" / "release.yml").read_text(encoding="utf-8"))
    set_workspace(stage)
    stage.follow("docs/how-to/release.md")
    stage.run(f"cs build --target-label {PLATFORM}")
    workspace = stage.directory
    temporary = home.directory / "temporary"
    temporary.mkdir()
    variables = {
        **stage.environment,
        "RUNNER_TEMP": str(temporary),
        "GITHUB_OUTPUT": str(home.directory / "output"),
        "SIGNING_KEY": (home.directory / "key.pem").read_text().rstrip("\n"),
        "CONDA_SHIP_SIGN_PASSPHRASE": (home.directory / "passphrase").read_text().rstrip("\n"),
    }
    steps = {
        "sign": ("Sign the provenance with your key", "Check what is about to be attested"),
        "verify": ("Compare checksums", "Check contents and signatures"),
    }
    for job, names in steps.items():
        for step in (find_step(workflow, job, name) for name in names):
            place = workspace / step.get("working-directory", ".")
            done = run_command(["bash", "-e", "-c", step["run"]], cwd=place, env=variables)
            assert done.returncode == 0, f"{step['name']}\n{done.stdout}{done.stderr}"
        shutil.copytree(workspace / "dist", workspace / "download", dirs_exist_ok=True)
    outputs = dict(line.split("=") for line in (home.directory / "output").read_text().splitlines())
    assert outputs == {"sbom": f"dist/{LABEL}.cdx.json", "runtime": LABEL}
    assert not list(temporary.iterdir())
