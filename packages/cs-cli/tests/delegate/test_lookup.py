"""Finding the delegate."""

from __future__ import annotations

import pytest

from cli_samples import Workspace, inspect_options
from cs_cli.archives.contents import ArchiveContents
from cs_cli.delegate.lookup import delegate_paths, find_delegate, require_delegate
from cs_cli.errors import CliError
from cs_cli.project.derivation import derive_project
from cs_cli.project.places import SettingPlaces


def holding(*executables: str, entry_points: tuple[str, ...] = ()) -> ArchiveContents:
    return ArchiveContents(
        executables=executables, entry_points=entry_points, installed_size_bytes=0, installed_file_count=0
    )


@pytest.mark.parametrize(
    ("contents", "platform", "found"),
    [
        (holding("bin/python"), "linux-64", "bin/python"),
        (holding("condabin/python"), "osx-arm64", "condabin/python"),
        (holding(entry_points=("python",)), "linux-64", "bin/python"),
        (holding(entry_points=("python",)), "win-64", "Scripts/python.exe"),
        (holding("python-scripts/python"), "linux-64", "bin/python"),
        (holding("python.exe"), "win-64", "python.exe"),
        (holding("Library/bin/Python.EXE"), "win-64", "Library/bin/Python.EXE"),
        (holding("Scripts/python.bat"), "win-64", "Scripts/python.bat"),
        (holding("bin/python3"), "linux-64", None),
        (holding("bin/Python"), "linux-64", None),
        (holding("python.exe"), "linux-64", None),
    ],
)
def test_the_delegate_is_where_the_platform_looks_for_it(
    contents: ArchiveContents, platform: str, found: str | None
) -> None:
    assert find_delegate([holding(), contents], "python", platform) == found


def test_a_windows_name_may_bear_its_suffix() -> None:
    assert "Scripts/tool.exe" in delegate_paths("tool.exe", "win-64")
    assert find_delegate([holding("Scripts/tool.exe")], "tool.exe", "win-64") == "Scripts/tool.exe"


@pytest.fixture
def places(workspace: Workspace) -> SettingPlaces:
    return derive_project(inspect_options()).places


def test_a_missing_delegate_is_an_error_that_names_the_nearest(places: SettingPlaces) -> None:
    with pytest.raises(CliError, match="no package of the environment provides the delegate 'pyton' on linux-64") as e:
        require_delegate([holding("bin/python", "bin/zstd")], "pyton", "linux-64", places)
    assert (e.value.kind, e.value.key) == ("delegate-missing", "tool.conda-ship.delegate")
    assert e.value.line is not None
    assert e.value.hint is not None
    assert e.value.hint.startswith("did you mean 'python'?")


def test_without_anything_near_the_hint_says_what_to_do(places: SettingPlaces) -> None:
    with pytest.raises(CliError) as caught:
        require_delegate([holding("bin/zstd")], "python", "linux-64", places)
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("name an executable that one of the packages")
