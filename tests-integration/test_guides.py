"""The other guides, as a reader follows them: their files, and each command of a ``console`` block."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.channel.locks import write_lock
from support.channel.solve import solve
from support.commands import Command, Home
from support.guides import follow, write_files
from support.servers import Server
from support.tested_platform import FOR_THIS_MACHINE, PLATFORM
from support.workshop import Workshop

pytestmark = pytest.mark.only(FOR_THIS_MACHINE, "the guides are about one")

READ_ONLY = 'mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"; exec "$@"'


def write_workspace(page: str, directory: Path, channel: Server, *specs: str) -> None:
    """Write the files of a page, and lock its workspace."""
    write_files(page, directory)
    records = solve(channel.url, list(specs))
    write_lock(directory / "conda.lock", {"ship": {PLATFORM: records}}, channel_url=channel.url, version="conda-1")


def test_a_conda_like_distribution_is_shipped_as_the_guide_says(
    tmp_path: Path, channel: Server, home: Home, cache_directory: Path
) -> None:
    page = "how-to/conda-distribution.md"
    write_workspace(page, tmp_path, channel, "python", "conda", "conda-rattler-solver", "conda-spawn", "conda-self")
    assert len(follow(page, tmp_path, home, cache_directory)) == 5
    assert not list((home.directory / ".conda" / "acme" / "conda-meta").glob("conda-libmamba-solver-*"))


def test_options_are_shared_as_the_guide_says(
    make_workspace: Callable[..., Path], home: Home, cache_directory: Path, cs: Callable[..., Command]
) -> None:
    workspace = make_workspace(layout='"online"')
    cs("build", cwd=workspace)
    assert len(follow("how-to/shared-options.md", workspace, home, cache_directory)) == 10


def test_machines_without_a_network_are_served_as_the_guide_says(
    make_workspace: Callable[..., Path], home: Home, cache_directory: Path
) -> None:
    workspace = make_workspace()
    assert len(follow("how-to/air-gapped.md", workspace, home, cache_directory)) == 12


def test_a_mirror_and_its_login_are_set_up_as_the_guide_says(
    workshop: Workshop, home: Home, cache_directory: Path, channel: Server
) -> None:
    page, conda_forge = "how-to/behind-a-firewall.md", "https://conda.anaconda.org/conda-forge"
    records = [{**one, "url": str(one["url"]).replace(channel.url, conda_forge)} for one in workshop.records]
    elsewhere = replace(workshop, directory=home.directory / "built", records=records, built={})
    mirror = {"https://mirror.example.com/conda-forge": channel.url, "mirror.example.com": "127.0.0.1"}
    write_files(page, home.directory, mirror)
    asked = len(channel.asked)
    runtime = elsewhere.build(layout='"online"')
    follow(page, runtime.parents[1], home, cache_directory)
    assert {one.headers.get("authorization") for one in channel.asked[asked:]} == {"Bearer TOKEN"}


@pytest.mark.root
@pytest.mark.tools("setpriv", "unshare")
def test_the_dockerfile_of_the_guide_installs_for_another_user(
    make_workspace: Callable[..., Path], home: Home, cache_directory: Path, tmp_path: Path
) -> None:
    import dockerfile

    page = "how-to/containers.md"
    workspace = make_workspace()
    write_files(page, workspace)
    follow(page, workspace, home, cache_directory)
    instructions = {one.cmd.upper(): one for one in dockerfile.parse_file(str(workspace / "Dockerfile"))}
    prefix = tmp_path / "opt" / "demo"
    home.extra["CONDA_SHIP_PREFIX"] = str(prefix)
    assert dict([instructions["ENV"].value[:2]]) == {"CONDA_SHIP_PREFIX": "/opt/demo"}
    assert instructions["RUN"].flags == ("--mount=type=bind,source=dist/demo.bundle.tar.zst,target=/bundle",)
    words = instructions["RUN"].value[0].replace("/bundle", str(workspace / "dist" / "demo.bundle.tar.zst")).split()
    installed = home.run(workspace / "dist" / words[0], *words[1:])
    assert installed.returncode == 0, installed.stderr
    (user,) = instructions["USER"].value
    program = ("setpriv", f"--reuid={user}", "--clear-groups", workspace / "dist" / "demo", "-c", "print('hello')")
    run = home.run("unshare", "--mount", "sh", "-ec", READ_ONLY, prefix, *program)
    assert (run.returncode, run.stdout, run.stderr) == (0, "hello\n", "")


def test_a_manifest_of_conda_ship_is_built_as_the_guide_says(
    tmp_path: Path, channel: Server, home: Home, cache_directory: Path
) -> None:
    page = "how-to/migrate-from-conda-ship.md"
    write_workspace(page, tmp_path, channel, "python", "conda", "conda-rattler-solver", "conda-spawn")
    assert len(follow(page, tmp_path, home, cache_directory)) == 6


def test_the_workspace_for_a_construct_yaml_is_built_as_the_guide_says(
    tmp_path: Path, channel: Server, home: Home, cache_directory: Path
) -> None:
    page = "how-to/migrate-from-constructor.md"
    write_workspace(page, tmp_path, channel, "python", "click", "jinja2")
    assert len(follow(page, tmp_path, home, cache_directory)) == 4
