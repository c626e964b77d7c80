"""``cs verify --against``: what a workspace gives, compared with a runtime."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from python_projects import PythonProject

from cli_projects import add_pypi, use_own_python
from cli_samples import Channel, Cs, Workspace, list_passed, list_unchecked, seal, verify
from cs_cli.verification.checks import Result


@pytest.fixture
def dist(workspace: Workspace, template: Path, cs: Cs) -> Path:
    """Build a runtime and return its folder."""
    assert cs("build").status == 0
    return Path("dist").absolute()


def against(dist: Path, workspace: Workspace, *words: str | Path) -> Result:
    return verify(dist, "--against", workspace.directory, *words)


def differences(result: Result) -> list[tuple[str, str, str, str]]:
    found = [(one.check, one.error.to_dict()) for one in result.checks if one.error is not None]
    return [(check, said["key"], said["expected"], said["actual"]) for check, said in found]


def test_the_source_of_a_build_gives_it(dist: Path, workspace: Workspace) -> None:
    result = against(dist, workspace)
    assert result.problems == ()
    names = {one.check for one in result.checks if one.ok and one.check.startswith("against-")}
    assert names == {f"against-{one}" for one in ("workspace", "inputs", "header", "condarc", "lock", "plan")}


@pytest.mark.parametrize("layout", ["online", "external"])
def test_settings_of_the_command_line_are_given_again(
    layout: str, workspace: Workspace, template: Path, cs: Cs
) -> None:
    assert cs("build", "--layout", layout, "--target-label", "linux").status == 0
    keys = {key for _, key, _, _ in differences(against(Path("dist"), workspace))}
    assert "layout" in keys
    assert against(Path("dist"), workspace, "--layout", layout).problems == ()


def test_each_changed_setting_is_named(dist: Path, workspace: Workspace) -> None:
    workspace.ship |= {"runtime-version": '"2.0"', "docs-url": '"https://example.org"'}
    workspace.write()
    assert differences(against(dist, workspace)) == [
        ("against-header", "docs_url", "https://example.org", "null"),
        ("against-header", "runtime_version", "2.0", "1.0"),
    ]


def test_a_changed_condarc_has_a_check_of_its_own(dist: Path, workspace: Workspace) -> None:
    (workspace.directory / "condarc").write_text("channels: []\n")
    workspace.ship["condarc-file"] = '"condarc"'
    workspace.write()
    found = differences(against(dist, workspace))
    assert [one[:2] for one in found] == [("against-condarc", "condarc")]


def test_added_removed_and_changed_packages_are_named(dist: Path, workspace: Workspace, channel: Channel) -> None:
    records = workspace.environments["ship"]["linux-64"]
    libz = next(one for one in records if "libz" in one["conda"])
    libz["license"] = "MIT"
    workspace.environments["ship"]["linux-64"] = [one for one in records if "hello" not in one["conda"]]
    records = workspace.environments["ship"]["linux-64"]
    records.append(channel.add("extra", {"bin/extra": b"#!"}))
    workspace.specs = ("python", "extra")
    workspace.write()
    found = {one[:2]: one[2:] for one in differences(against(dist, workspace))}
    assert found["against-lock", "linux-64/hello"][0] == "nothing"
    assert found["against-lock", "linux-64/extra"][1] == "nothing"
    assert found["against-lock", "linux-64/libz.license"] == ("MIT", "Zlib")
    assert found["against-plan", "conda:hello"][0] == "nothing"
    assert ("against-plan", "conda:libz.record") in found


def test_each_difference_says_what_it_is_about(dist: Path, workspace: Workspace, channel: Channel, cs: Cs) -> None:
    workspace.environments["ship"]["linux-64"].append(channel.add("extra", {"bin/extra": b"#!"}))
    workspace.ship["runtime-version"] = '"2.0"'
    workspace.write()
    err = cs("verify", "dist", "--against", ".").err
    assert "runtime_version: the source gives another value (expected 2.0, found 1.0)" in err
    assert "linux-64/extra: only the source has this" in err
    listed = [line for line in err.splitlines() if line.startswith("  - ")]
    assert len(listed) == len(set(listed)) >= 2


@pytest.mark.parametrize("flag", ["--against", "--rebuild"])
@pytest.mark.parametrize(
    ("place", "problem"), [("nope", "does not exist"), ("dist", "is a directory without a manifest")]
)
def test_a_place_without_a_workspace_is_refused_before_anything_is_checked(
    flag: str, place: str, problem: str, dist: Path, cs: Cs
) -> None:
    outcome = cs("verify", "dist", flag, place)
    assert (outcome.status, outcome.out) == (2, "")
    assert outcome.err.splitlines() == [
        f"error: {flag}: {place} {problem}",
        "  hint: give the directory of a workspace, or its manifest",
    ]


def test_the_place_of_the_workspace_is_shown_as_a_person_writes_it(dist: Path, cs: Cs) -> None:
    assert "derived from conda.toml" in cs("verify", "dist", "--against", ".").out


def test_another_manifest_that_gives_the_same_is_no_difference(dist: Path, workspace: Workspace) -> None:
    manifest = workspace.directory / "conda.toml"
    manifest.write_text(manifest.read_text() + "# a comment\n")
    result = against(dist, workspace)
    assert result.problems == ()
    assert "demoz: not the files that the build read: manifest" in list_unchecked(result)


@pytest.mark.parametrize("inputs", [None, {}, {"manifest": "x"}, {"manifest": [], "source_lock": {"sha256": 1}}])
def test_stated_inputs_may_be_anything(inputs: dict[str, Any] | None, dist: Path, workspace: Workspace) -> None:
    path = next(dist.glob("*.info.json"))
    info = json.loads(path.read_bytes())
    template = info["inputs"]["template"]
    info["inputs"] = inputs if inputs is None else {**inputs, "template": template}
    path.write_text(json.dumps(info))
    seal(next(dist.glob("*.sha256")))
    result = against(dist, workspace)
    left = [one.detail for one in result.checks if one.check == "against-inputs"]
    assert left == ([] if inputs is None else ["not the files that the build read: manifest, source_lock"])
    assert result.problems


def test_a_workspace_may_be_named_by_its_manifest_and_lock(dist: Path, workspace: Workspace, tmp_path: Path) -> None:
    shutil.move(workspace.directory / "conda.toml", tmp_path / "conda.toml")
    shutil.move(workspace.directory / "conda.lock", tmp_path / "elsewhere.lock")
    lock = tmp_path / "elsewhere.lock"
    result = verify(dist, "--against", tmp_path / "conda.toml", "--source-lock", lock)
    assert result.problems == ()


def test_a_lone_runtime_is_compared(dist: Path, workspace: Workspace, tmp_path: Path) -> None:
    alone = Path(shutil.copy(dist / "demoz", tmp_path / "alone"))
    result = verify(alone, "--against", workspace.directory)
    assert result.problems == ()
    assert any(line.startswith("alone: derived from") for line in list_passed(result))


def test_a_directory_without_a_workspace_fails(dist: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "pyproject.toml").write_text("[project]\n")
    result = verify(dist, "--against", tmp_path / "empty")
    assert [(one.check, one.ok) for one in result.checks if one.check.startswith("against")] == [
        ("against-workspace", False)
    ]


def test_what_is_built_from_source_is_named_and_nothing_is_run(
    workspace: Workspace, template: Path, cs: Cs, offline_pip: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_own_python(workspace)
    add_pypi(workspace, ".", "tool")
    PythonProject().write(workspace.write())
    assert cs("build").status == 0
    started: list[object] = []
    monkeypatch.setattr("cs_manifest.build_wheel", lambda *words, **_: started.append(words))
    result = against(Path("dist"), workspace)
    assert (result.problems, started) == ((), [])
    unchecked = list_unchecked(result)
    assert "demoz: built from source, not compared: wheel:tool; --rebuild builds them" in unchecked
    assert any(line.startswith("demoz: not derived without building: it lists archives") for line in unchecked)
