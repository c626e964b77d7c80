"""``deny-licenses`` and ``cs inspect --licenses`` on a workspace."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from cli_projects import add_pypi
from cli_samples import Cs, Workspace, make_wheel, wheel_files


def add_wheel(workspace: Workspace, directory: Path, headers: str) -> None:
    """Add a wheel of a file address to a workspace, and write it."""
    path = make_wheel(
        directory / "plugin-1.0-py3-none-any.whl", wheel_files({"plugin.py": b""}, name="plugin", headers=headers)
    )
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    add_pypi(workspace, path.as_uri(), "plugin", version="1.0", sha256=sha256)
    workspace.write()


@pytest.mark.parametrize("words", [("inspect",), ("build", "--dry-run"), ("build",)])
def test_a_denied_licence_fails_every_command_and_names_the_packages(
    words: tuple[str, ...], workspace: Workspace, template: Path, cs: Cs
) -> None:
    outcome = cs(*words, "--deny-licenses", "Zlib,GPL-3.0")
    assert outcome.status == 1
    assert "the licence 'Zlib' must not ship: libz" in outcome.out + outcome.err
    assert not Path("dist").exists()


def test_the_manifest_denies_as_the_flag_does(workspace: Workspace, template: Path, cs: Cs) -> None:
    workspace.ship["deny-licenses"] = '["BSD-3-Clause", "Zlib"]'
    workspace.write()
    error = json.loads(cs("build", "--error-format", "json").err.splitlines()[-1])
    assert error["kind"] == "license-denied"
    assert [one["message"] for one in error["problems"]] == [
        "the licence 'BSD-3-Clause' must not ship: hello, python",
        "the licence 'Zlib' must not ship: libz",
    ]
    assert cs("build", "--deny-licenses", "GPL-3.0").status == 0


@pytest.mark.parametrize("layout", ["online", "external", "embedded"])
@pytest.mark.parametrize("words", [("inspect",), ("build", "--dry-run"), ("build",)])
def test_a_wheel_is_denied_by_its_metadata(
    layout: str, words: tuple[str, ...], workspace: Workspace, template: Path, cs: Cs, tmp_path: Path
) -> None:
    add_wheel(workspace, tmp_path, "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)\n")
    outcome = cs(*words, "--layout", layout, "--deny-licenses", "GPL-3.0")
    assert outcome.status == 1
    assert "the licence 'GPL-3.0-only' must not ship: plugin" in outcome.out + outcome.err


def test_other_texts_are_a_warning_unless_they_are_denied(workspace: Workspace, template: Path, cs: Cs) -> None:
    workspace.channel.records[0]["license"] = "Own"
    del workspace.channel.records[1]["license"]
    workspace.write()
    text = "these licences are not SPDX, so deny-licenses cannot judge them: libz (Own), python (not stated)"
    assert cs("build").err.count("not SPDX") == 0
    built = cs("build", "--deny-licenses", "GPL-3.0")
    assert (built.status, built.err.count(text)) == (0, 1)
    assert text in " ".join(cs("inspect", "--deny-licenses", "GPL-3.0").out.split())
    assert cs("build", "--deny-licenses", "unknown").status == 1


def test_a_licence_that_nobody_has_read_is_a_warning_before_the_build(workspace: Workspace, cs: Cs) -> None:
    add_pypi(workspace, "https://127.0.0.1:9/far-1.0-py3-none-any.whl", "far", version="1.0", sha256="a" * 64)
    workspace.write()
    outcome = cs("inspect", "--licenses", "--json", "--deny-licenses", "GPL-3.0")
    document = json.loads(outcome.out)
    assert [one["kind"] for one in document["problems"]] == ["license-unread"]
    assert {"license": None, "expression": None, "is_read": False, "is_denied": False, "packages": ["far"]} in (
        document["platforms"][0]["license_groups"]
    )


@pytest.mark.parametrize(("is_flag", "status"), [(True, 2), (False, 1)])
def test_an_unknown_licence_points_at_its_place(is_flag: bool, status: int, workspace: Workspace, cs: Cs) -> None:
    words: tuple[str, ...] = ("--deny-licenses", "GPL-3")
    if not is_flag:
        words = ()
        workspace.ship["deny-licenses"] = '["GPL-3"]'
        workspace.write()
    outcome = cs("inspect", "--error-format", "json", *words)
    error: dict[str, Any] = json.loads(outcome.err)
    assert (outcome.status, error["kind"], error["hint"]) == (status, "value-invalid", "did you mean 'GPL-3.0'?")
    assert error["key"] == ("--deny-licenses" if is_flag else "tool.conda-ship.deny-licenses[0]")
    assert ("line" in error) != is_flag


def test_licences_are_listed_with_their_packages(workspace: Workspace, cs: Cs) -> None:
    workspace.channel.records[1]["license"] = "mit or gpl-3.0-only"
    workspace.environments["ship"]["linux-64-cuda"] = workspace.channel.records[1:]
    workspace.write()
    lines = cs("inspect", "--licenses", "--deny-licenses", "Zlib").out.splitlines()
    start = lines.index("Licences")
    assert lines[start + 1 : start + 4] == [
        "  BSD-3-Clause: hello",
        "  MIT OR GPL-3.0-only: python",
        "  Zlib (denied): libz (linux-64)",
    ]
    assert "Licences" not in cs("inspect").out.splitlines()
    groups = json.loads(cs("inspect", "--licenses", "--json").out)["platforms"][0]["license_groups"]
    assert groups[1] == {
        "license": "mit or gpl-3.0-only",
        "expression": "MIT OR GPL-3.0-only",
        "is_read": True,
        "is_denied": False,
        "packages": ["python"],
    }
    assert json.loads(cs("inspect", "--json").out)["platforms"][0]["license_groups"] is None
