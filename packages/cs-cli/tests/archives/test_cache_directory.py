"""Where the package cache is."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli_samples import Cs, Workspace
from cs_cli.archives.cache_directory import default_cache_directory
from cs_cli.errors import CliError, describe_error


def test_the_variable_wins() -> None:
    environ = {"CONDA_SHIP_CACHE_DIR": "/c", "XDG_CACHE_HOME": "/x"}
    assert default_cache_directory(environ) == Path("/c")


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, Path("/x/conda-ship")),
        ("linux", {"XDG_CACHE_HOME": "relative"}, Path("/home/u/.cache/conda-ship")),
        ("linux", {}, Path("/home/u/.cache/conda-ship")),
        ("darwin", {}, Path("/home/u/Library/Caches/conda-ship")),
        ("win32", {"LOCALAPPDATA": "/local"}, Path("/local/conda-ship/Cache")),
        ("win32", {}, Path("/home/u/AppData/Local/conda-ship/Cache")),
    ],
)
def test_else_the_system_decides(
    platform: str, environ: dict[str, str], expected: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setattr("cs_cli.archives.cache_directory.find_home", lambda _: Path("/home/u"))
    assert default_cache_directory(environ) == expected


@pytest.mark.only("on Unix", "it has a users database")
def test_an_empty_home_is_like_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("pwd.getpwuid", lambda _: SimpleNamespace(pw_dir="/home/u"))
    assert default_cache_directory({"HOME": ""}) == Path("/home/u/.cache/conda-ship")


@pytest.fixture
def _unregistered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a user without an entry in the users database, as in a container."""

    def refuse(*_: object) -> Path:
        raise RuntimeError

    def find(uid: int) -> object:
        raise KeyError(uid)

    monkeypatch.setattr(Path, "home", refuse)
    if sys.platform != "win32":
        monkeypatch.setattr("pwd.getpwuid", find)


@pytest.mark.usefixtures("_unregistered")
@pytest.mark.parametrize("environ", [{}, {"HOME": "relative"}, {"XDG_CACHE_HOME": "relative"}])
def test_without_a_home_the_error_says_what_to_set(environ: dict[str, str]) -> None:
    with pytest.raises(CliError, match="no home directory found") as caught:
        default_cache_directory(environ)
    assert caught.value.kind == "no-cache"
    assert "CONDA_SHIP_CACHE_DIR" in describe_error(caught.value)["hint"]


@pytest.fixture
def _homeless(_unregistered: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "CONDA_SHIP_CACHE_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("template", "_homeless")
def test_a_build_without_a_home(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    """As for a uid without an entry in a container; only what needs a cache asks for one."""
    outcome = cs("build")
    assert outcome.status == 1
    assert outcome.err.startswith("error: no home directory found")
    assert "CONDA_SHIP_CACHE_DIR" in outcome.err
    assert cs("build", "--cache-dir", tmp_path / "named").status == 0
    for record in workspace.channel.records:
        record["conda"] = f"https://conda.example/main/{'/'.join(record['conda'].split('/')[-2:])}"
    workspace.write()
    assert cs("build", "--layout", "online").status == 0


@pytest.mark.usefixtures("template", "workspace")
def test_a_cache_that_cannot_be_made_says_what_to_set(cs: Cs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CONDA_SHIP_CACHE_DIR", str(tmp_path / "file"))
    outcome = cs("build")
    assert outcome.status == 1
    assert "cannot write to the cache: Not a directory" in outcome.err
    assert "hint: choose another directory with CONDA_SHIP_CACHE_DIR or --cache-dir" in outcome.err
