"""Where the package cache is."""

from __future__ import annotations

from pathlib import Path

import pytest

from cs_cli.cache import default_cache_directory


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
    monkeypatch.setattr(Path, "home", lambda: Path("/home/u"))
    assert default_cache_directory(environ) == expected
