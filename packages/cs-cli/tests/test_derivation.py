"""From the command line to a runtime lock."""

from __future__ import annotations

import pytest
from cli_samples import Channel, Workspace, make_workspace

from cs_cli.arguments import parse_arguments
from cs_cli.derivation import derive_project
from cs_lock import LockError
from cs_manifest import ManifestError


def test_flags_name_manifest_lock_and_environment(workspace: Workspace, channel: Channel) -> None:
    other = make_workspace(workspace.directory.parent / "other", channel)
    other.environments["second"] = {"linux-64": channel.records[:1]}
    root = other.write()
    words = ["inspect", "--manifest", str(root / "conda.toml"), "--source-lock", str(root / "conda.lock")]
    derivation = derive_project(parse_arguments([*words, "--source-environment", "second"]))
    assert derivation.project.manifest_path == root / "conda.toml"
    assert [record.name for record in derivation.lock.packages("linux-64")] == ["libz"]


def test_an_environment_that_cannot_ship_is_an_error_only_when_strict(workspace: Workspace) -> None:
    arguments = parse_arguments(["inspect", "--require", "numpy"])
    with pytest.raises(LockError, match="cannot ship"):
        derive_project(arguments)
    assert len(derive_project(arguments, strict=False).lock.errors) == 1


def test_what_the_workspace_asks_for_is_known_by_platform(workspace: Workspace) -> None:
    derivation = derive_project(parse_arguments(["inspect"]))
    assert sorted(derivation.requested_on("linux-64")) == ["hello", "python"]


def test_a_missing_environment_names_those_there_are(workspace: Workspace) -> None:
    with pytest.raises((ManifestError, LockError), match="ship") as caught:
        derive_project(parse_arguments(["inspect", "--source-environment", "shop"]))
    assert "shop" in str(caught.value)
