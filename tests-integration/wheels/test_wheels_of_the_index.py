"""Real wheels: the prefix is the one that uv makes, except for the name of the installer."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

import pytest

from support.pypi.comparing import Tree, compare_with_pip, compare_with_uv
from support.pypi.index import WHERE_THEY_FIT, fetch_wheels
from support.pypi.installing import Site

pytestmark = pytest.mark.only(WHERE_THEY_FIT)


@pytest.fixture(scope="module")
def wheels() -> list[Path]:
    """Have the wheels of the list."""
    return fetch_wheels()


@pytest.fixture(scope="module")
def own(site: Site, wheels: list[Path]) -> Tree:
    """What a runtime makes of all of them."""
    return site.describe_bootstrapped(wheels)


def test_there_are_wheels_of_all_shapes(wheels: list[Path]) -> None:
    members = [name for wheel in wheels for name in ZipFile(wheel).namelist()]
    schemes = {name.split("/")[1] for name in members if name.partition("/")[0].endswith(".data")}
    assert schemes >= {"data", "headers", "platlib", "scripts"}
    assert any(name.endswith(".pth") for name in members)
    assert sum("-abi3-" in wheel.name for wheel in wheels) > 5
    assert len(wheels) >= 60


def test_the_prefix_is_the_one_that_uv_makes(site: Site, wheels: list[Path], own: Tree) -> None:
    completed = site.install_with_uv(wheels)
    assert completed.returncode == 0, completed.stderr
    assert compare_with_uv(own, site.describe_new()) == []
    assert len(own) > 10_000


def test_the_prefix_is_the_one_that_pip_makes(site: Site, wheels: list[Path], own: Tree) -> None:
    completed = site.install_with_pip(wheels)
    assert completed.returncode == 0, completed.stderr
    assert compare_with_pip(own, site.describe_new()) == []
