"""The documentation, as a reader follows it: each command of each page, and what it prints."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from support.commands import Home, run_command
from support.pages import ROOT, find_blocks, find_commands, read_page
from support.scenes import LABEL, SCENES, list_followed_pages, set_scene, set_version
from support.stage import Stage
from support.tested_platform import FOR_THIS_MACHINE, PLATFORM

pytestmark = [
    pytest.mark.only(FOR_THIS_MACHINE, "the pages are about one"),
    pytest.mark.tools("openssl", "sha256sum"),
]


PROGRAMS = {"docs/how-to/air-gapped.md": ("tar", "zstd")}
"""What a page runs that a machine may lack."""


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=pytest.mark.tools(*PROGRAMS.get(page, ()))) for page in list_followed_pages()]
)
def test_a_page_is_followed(page: str, stage: Stage) -> None:
    set_scene(page, stage)
    shown = [one.command for block in find_blocks(read_page(page)) if block.is_run for one in find_commands(block)]
    assert len(stage.follow(page)) == len(shown)
    if (check := CHECKS.get(page)) is not None:
        check(stage)


def check_distribution(stage: Stage) -> None:
    """The solver that the page leaves out is not installed."""
    assert not list((stage.home.directory / ".conda" / "acme" / "conda-meta").glob("conda-libmamba-solver-*"))


def check_mirror(stage: Stage) -> None:
    """The mirror was asked, and each time with the login of the page."""
    assert {one.headers.get("authorization") for one in stage.channel.asked} == {"Bearer TOKEN"}


CHECKS: dict[str, Callable[[Stage], None]] = {
    "docs/how-to/behind-a-firewall.md": check_mirror,
    "docs/how-to/conda-distribution.md": check_distribution,
}
"""What is true after a page, and not seen in what its commands print."""


def test_each_scene_is_that_of_a_page() -> None:
    assert {*SCENES, *CHECKS} <= set(list_followed_pages())


def find_step(workflow: dict[str, Any], job: str, name: str) -> dict[str, Any]:
    """Find a step of a workflow by its name."""
    (step,) = (one for one in workflow["jobs"][job]["steps"] if one.get("name") == name)
    return dict(step)


def test_the_release_workflow_signs_and_verifies_what_was_built(stage: Stage, home: Home) -> None:
    workflow = yaml.safe_load((ROOT / "examples" / "github" / "release.yml").read_text(encoding="utf-8"))
    set_version(stage)
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
