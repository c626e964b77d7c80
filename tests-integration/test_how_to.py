"""The guides on releases, as a reader follows them: each command of a ``console`` block, and what it prints."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from repositories import commit_all, git

from support import guides
from support.commands import SCRIPTS, Command, Home, run_command
from support.tested_platform import FOR_THIS_MACHINE, PLATFORM

pytestmark = [
    pytest.mark.only(FOR_THIS_MACHINE, "the guides are about one"),
    pytest.mark.tools("openssl", "sha256sum"),
]

ADDRESS = "https://github.com/OWNER/demo"
EXAMPLES = Path(__file__).parents[1] / "examples"
LABEL = f"demoz-{PLATFORM}"


def follow(page: str, directory: Path, home: Home, cache: Path, repository: Path) -> list[str]:
    """Follow a page.

    :param repository: stands for the one at GitHub that the page clones.
    :returns: the commands.
    """
    clones = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{repository.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
    }
    return guides.follow(page, directory, home, cache, **clones)


def commit(directory: Path) -> None:
    """Commit a workspace as in a clone of its repository at GitHub, and tag it."""
    commit_all(directory)
    git(directory, "remote", "add", "origin", ADDRESS)
    git(directory, "tag", "v2.1")


@pytest.fixture
def workspace(make_workspace: Callable[..., Path]) -> Path:
    """A committed workspace of version 2.1."""
    directory = make_workspace(runtime_version='"2.1"')
    commit(directory)
    return directory


def test_a_release_is_signed_as_the_guide_says(workspace: Path, home: Home, cache_directory: Path) -> None:
    commands = follow("how-to/sign-a-release.md", workspace, home, cache_directory, workspace)
    assert len([one for one in commands if one.startswith("cs ")]) == 4


def test_a_download_is_verified_as_the_guide_says(
    workspace: Path, home: Home, cache_directory: Path, tmp_path: Path, cs: Callable[..., Command]
) -> None:
    follow("how-to/sign-a-release.md", workspace, home, cache_directory, workspace)
    download = tmp_path / "download"
    download.mkdir()
    shutil.copy(workspace / "release.pub", download)
    shutil.copytree(workspace / "dist", download / "release")
    for name in (LABEL, f"{LABEL}.sha256"):
        shutil.copy(workspace / "dist" / name, download)
    commands = follow("how-to/verify-a-download.md", download, home, cache_directory, workspace)
    assert {"cs verify release --against demo", "cs verify release --rebuild demo"} <= set(commands)


def test_package_manager_files_are_made_as_the_guide_says(
    workspace: Path, home: Home, cache_directory: Path, cs: Callable[..., Command]
) -> None:
    shutil.copytree(EXAMPLES, workspace / "examples")
    cs("build", "--target-label", PLATFORM, cwd=workspace)
    commands = follow("how-to/package-managers.md", workspace, home, cache_directory, workspace)
    assert len(commands) == 3
    assert {path.suffix for path in workspace.glob("demo.*")} == {".deb", ".rpm"}


def find_step(workflow: dict[str, Any], job: str, name: str) -> dict[str, Any]:
    """Find a step of a workflow by its name."""
    (step,) = (one for one in workflow["jobs"][job]["steps"] if one.get("name") == name)
    return dict(step)


def test_the_release_workflow_signs_and_verifies_what_was_built(
    workspace: Path, home: Home, cache_directory: Path, cs: Callable[..., Command]
) -> None:
    workflow = yaml.safe_load((EXAMPLES / "github" / "release.yml").read_text(encoding="utf-8"))
    follow("how-to/release.md", workspace, home, cache_directory, workspace)
    cs("build", "--target-label", PLATFORM, cwd=workspace)
    temporary = home.directory / "temporary"
    temporary.mkdir()
    variables = {
        **home.environment,
        "PATH": f"{SCRIPTS}:{os.environ['PATH']}",
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
