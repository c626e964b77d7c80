"""From a solved lock to the delegate's output: every manifest, every lock version, every layout."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.channel.locks import VERSIONS
from support.commands import SCRIPTS, Command, Home, run_command
from support.inspection import unpack_bundle
from support.servers import Server
from support.tested_platform import FOR_THIS_MACHINE
from support.workspaces import FORMS

COMBINATIONS = [(form, lock) for form in FORMS for lock in VERSIONS if ("conda" in form) == (lock == "conda-1")]
PROGRAM = "import sys, click, jinja2, markupsafe; print(sys.prefix); print(*sys.argv[1:])"


@pytest.mark.parametrize(("form", "lock_version"), COMBINATIONS)
def test_every_manifest_and_lock_version_ships(
    form: str, lock_version: str, make_workspace: Callable[..., Path], cs: Callable[..., Command], home: Home
) -> None:
    workspace = make_workspace(form=form, lock_version=lock_version)
    cs("build", cwd=workspace)
    completed = home.run(workspace / "dist" / "demoz", "-c", PROGRAM, "a b", "")
    assert completed.returncode == 0, completed.stderr
    assert completed.stdout.splitlines() == [str(home.prefix), "a b "]


@pytest.mark.parametrize("lock_version", VERSIONS)
def test_every_lock_version_gives_the_same_packages(
    lock_version: str, make_workspace: Callable[..., Path], cs: Callable[..., Command]
) -> None:
    form = "conda.toml" if lock_version == "conda-1" else "pixi.toml"
    first = make_workspace(form=form, lock_version=lock_version)
    reference = make_workspace(form="pixi.toml", lock_version="pixi-7", name="reference")
    documents = [json.loads(cs("inspect", "--json", cwd=one).stdout) for one in (first, reference)]
    assert documents[0]["platforms"] == documents[1]["platforms"]
    assert len(documents[0]["platforms"][0]["packages"]) == 12


def test_an_online_runtime_fetches_what_it_needs(
    make_workspace: Callable[..., Path], cs: Callable[..., Command], home: Home, channel: Server
) -> None:
    workspace = make_workspace(layout='"online"')
    cs("build", cwd=workspace)
    asked_before = len(channel.asked)
    first = home.run(workspace / "dist" / "demo", "-c", "print('hello')")
    assert (first.returncode, first.stdout) == (0, "hello\n"), first.stderr
    assert any(asked.path.endswith(".tar.bz2") for asked in channel.asked[asked_before:])
    asked_after = len(channel.asked)
    second = home.run(workspace / "dist" / "demo", "-c", "print('again')")
    assert (second.stdout, second.stderr) == ("again\n", "")
    assert len(channel.asked) == asked_after


def test_an_external_runtime_takes_the_bundle_beside_it(
    make_workspace: Callable[..., Path], cs: Callable[..., Command], home: Home
) -> None:
    workspace = make_workspace(layout='"external"')
    cs("build", cwd=workspace)
    home.extra["DEMO_OFFLINE"] = "1"
    completed = home.run(workspace / "dist" / "demo", "-c", "print('hello')")
    assert (completed.returncode, completed.stdout) == (0, "hello\n"), completed.stderr


def test_a_bundle_can_be_a_folder_of_archives(
    make_workspace: Callable[..., Path], cs: Callable[..., Command], home: Home, tmp_path: Path
) -> None:
    workspace = make_workspace(layout='"external"')
    cs("build", cwd=workspace)
    folder = tmp_path / "folder"
    folder.mkdir()
    bundle = workspace / "dist" / "demo.bundle.tar.zst"
    unpack_bundle(bundle, folder)
    bundle.unlink()
    (folder / "unrelated.txt").write_text("not an archive")
    completed = home.run(workspace / "dist" / "demo", "bootstrap", "--offline", "--bundle", folder)
    assert completed.returncode == 0, completed.stderr
    assert home.run(workspace / "dist" / "demo", "-c", "print(1)").stdout == "1\n"


def test_an_embedded_runtime_needs_nothing_but_itself(embedded_runtime: Path, home: Home, tmp_path: Path) -> None:
    alone = tmp_path / "elsewhere" / "my tool"
    alone.parent.mkdir()
    shutil.copy2(embedded_runtime, alone)
    home.extra["DEMO_OFFLINE"] = "1"
    completed = home.run(alone, "-m", "cowsay", "-t", "moo")
    assert completed.returncode == 0, completed.stderr
    assert "moo" in completed.stdout


def test_two_builds_give_the_same_bytes(make_workspace: Callable[..., Path], cs: Callable[..., Command]) -> None:
    workspace = make_workspace()
    cs("build", "--out-dir", "one", cwd=workspace)
    cs("build", "--out-dir", "two", cwd=workspace)
    names = sorted(path.name for path in (workspace / "one").iterdir())
    assert names == [
        "demoz",
        "demoz.cdx.json",
        "demoz.info.json",
        "demoz.notices.txt",
        "demoz.packages.txt",
        "demoz.provenance.json",
        "demoz.runtime.lock",
        "demoz.sha256",
    ]
    for name in names:
        assert (workspace / "one" / name).read_bytes() == (workspace / "two" / name).read_bytes(), name


def test_checksums_are_those_of_sha256sum(make_workspace: Callable[..., Path], cs: Callable[..., Command]) -> None:
    workspace = make_workspace(layout='"external"')
    cs("build", cwd=workspace)
    subprocess.run(["sha256sum", "--check", "--strict", "demo.sha256"], cwd=workspace / "dist", check=True)
    assert "ok: demo.bundle.tar.zst" in cs("verify", "dist", cwd=workspace).stdout


@pytest.mark.only(FOR_THIS_MACHINE, "cs run runs what it builds for it")
def test_run_builds_installs_and_runs(make_workspace: Callable[..., Path], cs: Callable[..., Command]) -> None:
    workspace = make_workspace()
    completed = cs("run", "--", "-c", "import sys; print(sys.argv); sys.exit(7)", "--help", cwd=workspace, check=False)
    assert completed.returncode == 7, completed.stderr
    assert completed.stdout == "['-c', '--help']\n"
    assert not (workspace / "dist").exists()


@pytest.mark.only(FOR_THIS_MACHINE, "cs starts in other ways than the command of the tests")
@pytest.mark.parametrize("start", ["link", "module"])
def test_cs_has_its_template_however_it_is_started(start: str, tmp_path: Path) -> None:
    program: list[str | Path] = [sys.executable, "-m", "cs_cli"]
    if start == "link":
        program = [tmp_path / "cs"]
        (tmp_path / "cs").symlink_to(SCRIPTS / "cs")
    completed = run_command([*program, "version", "--json"])
    assert Path(json.loads(completed.stdout)["template"]["path"]).parent == SCRIPTS
