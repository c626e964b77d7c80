from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

from conda_ship_plugin import ShipError, find_executable

MakeExecutable = Callable[..., Path]


@pytest.fixture(autouse=True)
def python_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pretend that Python lives in an empty directory."""
    directory = tmp_path / "python" / "bin"
    monkeypatch.setattr(sys, "executable", str(directory / "python"))
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(directory.parent / "Scripts"))
    return directory


def test_the_variable_goes_before_everything(make_executable: MakeExecutable, python_directory: Path) -> None:
    make_executable("", python_directory / "cs")
    named = make_executable("")
    assert find_executable({"CONDA_SHIP_EXECUTABLE": str(named), "PATH": ""}) == named


def test_a_variable_that_names_nothing_is_not_replaced_by_another(
    make_executable: MakeExecutable, python_directory: Path, tmp_path: Path
) -> None:
    make_executable("", python_directory / "cs")
    with pytest.raises(ShipError, match=r"/nothing: the executable does not exist") as caught:
        find_executable({"CONDA_SHIP_EXECUTABLE": str(tmp_path / "nothing")})
    assert caught.value.hint == "Correct or unset CONDA_SHIP_EXECUTABLE"


def test_a_variable_that_names_a_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ShipError, match="the executable does not exist"):
        find_executable({"CONDA_SHIP_EXECUTABLE": str(tmp_path)})


def test_a_file_that_is_not_executable_is_an_error(make_executable: MakeExecutable) -> None:
    path = make_executable("", mode=0o600)
    with pytest.raises(ShipError, match=r"/cs: this file is not executable") as caught:
        find_executable({"CONDA_SHIP_EXECUTABLE": str(path)})
    assert caught.value.path == path


def test_an_empty_variable_is_not_set(make_executable: MakeExecutable, python_directory: Path) -> None:
    path = make_executable("", python_directory / "cs")
    assert find_executable({"CONDA_SHIP_EXECUTABLE": ""}) == path


@pytest.mark.parametrize("directory", ["bin", "Scripts"])
def test_the_one_next_to_python_goes_before_the_path(
    make_executable: MakeExecutable, python_directory: Path, tmp_path: Path, directory: str
) -> None:
    beside = make_executable("", python_directory.parent / directory / "cs")
    make_executable("", tmp_path / "elsewhere" / "cs")
    assert find_executable({"PATH": str(tmp_path / "elsewhere")}) == beside


def test_the_path_comes_last(make_executable: MakeExecutable, tmp_path: Path) -> None:
    path = make_executable("", tmp_path / "elsewhere" / "cs")
    assert find_executable({"PATH": os.pathsep.join([str(tmp_path), str(path.parent)])}) == path


def test_nothing_found_says_how_to_get_it() -> None:
    with pytest.raises(ShipError, match=r"nor on PATH") as caught:
        find_executable({"PATH": ""})
    assert str(caught.value.hint).startswith("Install it with `pip install cs-cli`")
