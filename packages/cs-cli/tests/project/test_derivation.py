"""From the command line to a runtime lock."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from cli_samples import Channel, Cs, Workspace, inspect_options, make_workspace
from cs_cli.errors import CliError
from cs_cli.project.derivation import derive_project
from cs_manifest import ManifestError


def test_flags_name_manifest_lock_and_environment(workspace: Workspace, channel: Channel) -> None:
    other = make_workspace(workspace.directory.parent / "other", channel)
    other.environments["second"] = {"linux-64": channel.records[:1]}
    other.specs = ("libz",)
    root = other.write()
    words = ["--manifest", str(root / "conda.toml"), "--source-lock", str(root / "conda.lock")]
    derivation = derive_project(inspect_options(*words, "--source-environment", "second"))
    assert derivation.project.manifest_path == root / "conda.toml"
    assert [record.name for record in derivation.lock.packages("linux-64")] == ["libz"]


def test_an_environment_that_cannot_ship_is_an_error_only_when_strict(workspace: Workspace) -> None:
    arguments = inspect_options("--require", "numpy")
    with pytest.raises(CliError, match="cannot ship"):
        derive_project(arguments)
    assert len(derive_project(arguments, strict=False).lock.errors) == 1


def test_what_the_workspace_asks_for_is_known_by_platform(workspace: Workspace) -> None:
    derivation = derive_project(inspect_options())
    assert sorted(derivation.requested_on("linux-64")) == ["hello", "python"]


def test_a_missing_environment_names_those_there_are(workspace: Workspace) -> None:
    with pytest.raises(CliError, match="--source-environment: the workspace has no environment 'shop'") as caught:
        derive_project(inspect_options("--source-environment", "shop"))
    assert (caught.value.expected, caught.value.hint) == ("one of ship", "did you mean 'ship'?")


def test_a_missing_environment_of_the_manifest_is_shown_there(workspace: Workspace) -> None:
    workspace.ship["source-environment"] = '"other"'
    workspace.write()
    with pytest.raises(ManifestError, match="the workspace has no environment 'other'") as caught:
        derive_project(inspect_options())
    lines = Path("conda.toml").read_text(encoding="utf-8").splitlines()
    assert lines[(caught.value.line or 0) - 1] == 'source-environment = "other"'
    assert caught.value.hint == "the environments are: ship"


def write(directory: Path, manifest: str, lock: dict[str, Any]) -> None:
    (directory / "pixi.toml").write_text(dedent(manifest) + SHIP, encoding="utf-8")
    (directory / "pixi.lock").write_text(yaml.safe_dump(lock, sort_keys=False), encoding="utf-8")


SHIP = """
[tool.conda-ship]
runtime = "demo"
runtime-version = "1"
delegate = "app"
source-environment = "default"
exclude = ["plugin"]
"""
CHANNEL = "https://conda.example.com/forge"
MACHINE = ["__unix=0=0", "__linux=4.18", "__archspec=0=x86_64"]


def make_lock(**platforms: list[str]) -> dict[str, Any]:
    """Return a lock of version 7 in which every platform has app, plugin, tool and gputool for linux-64."""
    needs = {"app": ["plugin"], "plugin": ["tool", "gputool"], "tool": [], "gputool": []}
    urls = {name: f"{CHANNEL}/linux-64/{name}-1.0-0.conda" for name in needs}
    return {
        "version": 7,
        "platforms": [
            {"name": name.replace("_", "-"), "subdir": "linux-64", "virtual-packages": [*virtual, *MACHINE]}
            for name, virtual in platforms.items()
        ],
        "environments": {
            "default": {
                "channels": [{"url": f"{CHANNEL}/"}],
                "packages": {name.replace("_", "-"): [{"conda": url} for url in urls.values()] for name in platforms},
            }
        },
        "packages": [{"conda": urls[name], "sha256": "ab" * 32, "depends": needs[name]} for name in needs],
    }


RICH = """
    [workspace]
    channels = ["https://conda.example.com/forge"]
    platforms = [{ name = "gpu", platform = "linux-64", cuda = "12" }, "linux-64"]
    [dependencies]
    app = "*"
    [target.linux-64.dependencies]
    tool = "1.*"
    [target.gpu.dependencies]
    gputool = "1.*"
"""
REQUIREMENTS = """
    [workspace]
    channels = ["https://conda.example.com/forge"]
    platforms = ["linux-64"]
    [system-requirements]
    libc = "2.34"
    [dependencies]
    app = "*"
    [target.linux-64.dependencies]
    tool = "1.*"
"""


def test_requests_for_a_rich_platform_are_found_under_pixi_s_alias(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, RICH, make_lock(linux_64=["__glibc=2.28"], p1=["__cuda=12", "__glibc=2.28"]))
    monkeypatch.chdir(tmp_path)
    derivation = derive_project(inspect_options())
    assert [(one.name, one.subdir) for one in derivation.lock.platforms] == [
        ("gpu", "linux-64"),
        ("linux-64", "linux-64"),
    ]
    shipped = {one.name: {record.name for record in derivation.lock.packages(one)} for one in derivation.lock.platforms}
    assert shipped == {"gpu": {"app", "tool", "gputool"}, "linux-64": {"app", "tool"}}
    assert derivation.requested_on("gpu") == {"app": "app", "gputool": "gputool 1.*", "tool": "tool 1.*"}
    assert b"p1" not in derivation.lock.render()
    assert {one.kind for one in derivation.problems} == {"lost-dependency"}  # of the excluded plugin


@pytest.mark.parametrize("alias", ["p1", "linux-64-glibc-2-34"])
def test_system_requirements_make_a_platform_that_the_workspace_calls_by_its_subdir(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alias: str
) -> None:
    write(tmp_path, REQUIREMENTS, make_lock(**{alias.replace("-", "_"): ["__glibc=2.34"]}))
    monkeypatch.chdir(tmp_path)
    derivation = derive_project(inspect_options())
    assert [one.name for one in derivation.lock.platforms] == ["linux-64"]
    assert {record.name for record in derivation.lock.packages("linux-64")} == {"app", "tool"}
    assert {one.kind for one in derivation.problems} == {"lost-dependency"}  # of the excluded plugin


@pytest.mark.parametrize("flag", ["gpu", "linux-64"])
def test_the_workspace_s_names_are_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cs: Cs, flag: str) -> None:
    write(tmp_path, RICH, make_lock(linux_64=["__glibc=2.28"], p1=["__cuda=12", "__glibc=2.28"]))
    monkeypatch.chdir(tmp_path)
    document = json.loads(cs("inspect", "--json", "--platform", flag).out)
    assert [platform["name"] for platform in document["platforms"]] == [flag]
    assert {one["platform"] for one in document["exclusions"]} == {flag}


@pytest.mark.parametrize("strict", [True, False])
def test_an_environment_that_was_not_locked_yet_is_named_as_that(workspace: Workspace, strict: bool) -> None:
    path = workspace.directory / "conda.toml"
    path.write_text(path.read_text().replace("[environments]", '[environments]\nnew = ["ship"]'))
    with pytest.raises(CliError, match="environment 'new' is in the manifest but not in the lock") as caught:
        derive_project(inspect_options("--source-environment", "new"), strict=strict)
    assert (caught.value.kind, caught.value.hint) == ("missing-environment", "run `conda workspace lock`")


BACKEND = """
from pathlib import Path
Path("ran").touch()

def get_requires_for_build_wheel(config_settings=None):
    return []

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    path = Path(metadata_directory, "demo-3.4.dist-info")
    path.mkdir()
    (path / "METADATA").write_text("Metadata-Version: 2.1\\nName: demo\\nVersion: 3.4\\n")
    return path.name
"""


def ask_backend(workspace: Workspace, *requires: str) -> None:
    """Leave the version to a build backend in the project."""
    root = workspace.directory
    (root / "be.py").write_text(BACKEND)
    needs = json.dumps(requires)
    (root / "pyproject.toml").write_text(
        f'[build-system]\nrequires = {needs}\nbuild-backend = "be"\nbackend-path = ["."]\n'
        '[project]\nname = "demo"\ndynamic = ["version"]\n'
    )
    manifest = root / "conda.toml"
    version = 'runtime-version = { from = "project-metadata" }'
    manifest.write_text(manifest.read_text().replace('runtime-version = "1.0"', version))


@pytest.mark.parametrize("words", [("inspect", "--json"), ("build", "--dry-run", "--json"), ("inspect",)])
def test_looking_runs_no_code_of_the_project(
    workspace: Workspace, cs: Cs, template: Path, words: tuple[str, ...]
) -> None:
    ask_backend(workspace, "not-there-xyz")
    outcome = cs(*words, "--exclude", "libz")
    assert outcome.status == 0
    assert "the runtime's version is not known yet" in outcome.out + outcome.err
    assert "--runtime-version" in outcome.out + outcome.err
    assert not (workspace.directory / "ran").exists()
    if words == ("inspect", "--json"):
        assert json.loads(outcome.out)["runtime_version"] is None
    given = cs(*words, "--runtime-version", "9")
    assert "not known yet" not in given.out + given.err


def test_a_build_asks_the_backend(workspace: Workspace, cs: Cs, template: Path) -> None:
    ask_backend(workspace)
    assert json.loads(cs("build", "--offline", "--json").out)["builds"][0]["runtime_version"] == "3.4"
    assert (workspace.directory / "ran").exists()


def test_an_offline_build_installs_nothing_for_the_backend(workspace: Workspace, cs: Cs, template: Path) -> None:
    ask_backend(workspace, "not-there-xyz")
    error = json.loads(cs("build", "--offline", "--error-format", "json").err)
    assert (error["kind"], error["key"]) == ("version-metadata", "tool.conda-ship.runtime-version")
    assert "not-there-xyz" in error["message"]


def test_a_stale_lock_is_found_before_the_backend_runs(workspace: Workspace, cs: Cs, template: Path) -> None:
    ask_backend(workspace)
    manifest = workspace.directory / "conda.toml"
    manifest.write_text(manifest.read_text().replace('hello = "*"', 'hello = ">=99"'))
    assert json.loads(cs("build", "--error-format", "json").err)["kind"] == "stale-lock"
    assert not (workspace.directory / "ran").exists()
