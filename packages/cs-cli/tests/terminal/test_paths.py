"""Paths as a person writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cs_cli.terminal.paths import shorten_paths

pytestmark = pytest.mark.only("on Unix", "paths of Windows have drives, and no home that is written as ~")


@pytest.fixture(autouse=True)
def _places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home" / "work").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "home" / "work")


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("HOME/work/conda.toml", "conda.toml"),
        ("HOME/work/dist/a b", "dist/a b"),
        ("HOME/.cache/x", "~/.cache/x"),
        ("no manifest in HOME/work or above it", "no manifest in ~/work or above it"),
        ("HOME", "HOME"),
        ("HOME/work/a (HOME/work/b), 'HOME/c'", "a (b), '~/c'"),
        ("file://HOME/work/a", "file://HOME/work/a"),
        ("/elsewhereHOME/work/a", "/elsewhereHOME/work/a"),
        ("HOMER/work/a", "HOMER/work/a"),
        ("HOME/work//a", "~/work//a"),
    ],
)
def test_paths_are_short_and_addresses_stay(text: str, short: str) -> None:
    home = str(Path.cwd().parent)
    assert shorten_paths(text.replace("HOME", home)) == short.replace("HOME", home)


@pytest.mark.parametrize("home", ["", "/", "relative"])
def test_a_home_that_is_none_shortens_nothing(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", home)
    assert shorten_paths("/etc/x relative/x") == "/etc/x relative/x"


def test_a_current_directory_that_is_gone_shortens_nothing() -> None:
    work = Path.cwd()
    work.rmdir()
    assert shorten_paths("/etc/x") == "/etc/x"
