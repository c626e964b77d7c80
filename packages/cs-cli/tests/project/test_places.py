"""What is wrong with a setting is shown where the setting stands, also if it is found out late."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_samples import Cs, Workspace, build_options, inspect_options
from cs_cli.errors import CliError
from cs_cli.project.derivation import derive_project


def read_place(path: Path | None, line: int | None, column: int | None) -> str:
    """Return what stands at a place, to the end of its line."""
    assert path is not None
    assert line is not None
    assert column is not None
    return path.read_text(encoding="utf-8").splitlines()[line - 1][column - 1 :]


@pytest.mark.parametrize(
    ("settings", "kind", "key", "shown"),
    [
        ({"require": '["libz",\n  "Numpy"]'}, "missing-required", "require[1]", '"Numpy"]'),
        ({"require": '["conda:numpy"]'}, "missing-required", "require[0]", '"conda:numpy"]'),
        ({"exclude": '["hallo"]'}, "unmatched-exclude", "exclude[0]", '"hallo"]'),
        ({"archives": '[".", "nowhere"]'}, "archive-folder", "archives[1]", '"nowhere"]'),
        ({"archives": '"./nowhere"'}, "archive-folder", "archives", '"./nowhere"'),
    ],
)
def test_a_problem_of_a_setting_points_at_it(
    workspace: Workspace, settings: dict[str, str], kind: str, key: str, shown: str
) -> None:
    workspace.ship |= settings
    workspace.write()
    (problem,) = derive_project(inspect_options(), strict=False).problems
    assert (problem.kind, problem.key) == (kind, f"tool.conda-ship.{key}")
    assert read_place(problem.path, problem.line, problem.column) == shown


def test_a_build_points_at_it_too(workspace: Workspace) -> None:
    workspace.ship["require"] = '["numpy"]'
    workspace.write()
    with pytest.raises(CliError, match="cannot ship: one problem") as caught:
        derive_project(build_options())
    (problem,) = caught.value.problems
    assert problem.to_dict()["key"] == "tool.conda-ship.require[0]"


def test_a_flag_is_named_and_the_manifest_is_left_alone(workspace: Workspace) -> None:
    workspace.ship["require"] = '["numpy"]'
    workspace.write()
    (problem,) = derive_project(inspect_options("--require", "scipy"), strict=False).problems
    assert (problem.key, problem.path, problem.line) == ("--require", None, None)


def test_a_default_has_no_place(workspace: Workspace) -> None:
    places = derive_project(inspect_options()).places
    assert places.find("docs-url") == {"key": "tool.conda-ship.docs-url"}


def test_an_alias_is_found(workspace: Workspace) -> None:
    workspace.ship["runtime-name"] = workspace.ship.pop("runtime")
    workspace.write()
    assert derive_project(inspect_options()).places.find("runtime")["key"] == "tool.conda-ship.runtime-name"


def test_a_licence_that_does_not_exist_is_shown_in_its_list(workspace: Workspace, cs: Cs) -> None:
    workspace.ship["deny-licenses"] = '["MIT",\n  "GPL-9"]'
    workspace.write()
    with pytest.raises(CliError, match="'GPL-9' is not a licence of the SPDX list") as caught:
        derive_project(inspect_options())
    error = caught.value
    assert read_place(error.path, error.line, error.column) == '"GPL-9"]'
    assert str(error).startswith(f"{error.path}:{error.line}:{error.column}: tool.conda-ship.deny-licenses[1]: ")
    result = cs("inspect", "--deny-licenses", "MIT", "--deny-licenses", "GPL-8")
    assert result.status == 2
    assert result.err.startswith("error: --deny-licenses: 'GPL-8' is not a licence of the SPDX list")


def test_a_missing_delegate_points_at_its_name(workspace: Workspace, cs: Cs) -> None:
    workspace.ship["delegate"] = '"hallo"'
    workspace.write()
    result = cs("inspect", "--check-delegate")
    assert "the delegate 'hallo'" in result.out + result.err
    line = next(line for line in Path("conda.toml").read_text(encoding="utf-8").splitlines() if "hallo" in line)
    assert line in result.out + result.err
