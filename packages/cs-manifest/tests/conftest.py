"""Projects are built in code; this fills in what a test does not care about."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from cs_manifest import Project, discover

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SHIP = """
    [tool.conda-ship]
    runtime = "demo"
    runtime-version = "1.0"
    delegate = "python"
    source-environment = "ship"
"""


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[..., Project]:
    """Write a manifest with its source lock and discover it."""

    def make(text: str, name: str = "conda.toml") -> Project:
        (tmp_path / name).write_text(dedent(text), encoding="utf-8")
        for lock in ("conda.lock", "pixi.lock"):
            (tmp_path / lock).touch()
        return discover(manifest=tmp_path / name)

    return make


@pytest.fixture
def make_ship(make_project: Callable[..., Project]) -> Callable[..., Project]:
    """Write a manifest whose ``[tool.conda-ship]`` has what is required, and more lines of its own."""

    def make(extra: str = "", name: str = "conda.toml") -> Project:
        return make_project("[workspace]\n" + dedent(SHIP) + dedent(extra), name)

    return make
