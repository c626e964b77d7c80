"""Wheels that careless tools make: the prefix is the one of uv and, except for known differences, the one of pip."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.channel.host_python import SITE_PACKAGES
from support.pypi.awkward import AWKWARD, DANGLING, NOT_FOR_PIP
from support.pypi.comparing import Tree, compare_with_pip, compare_with_uv
from support.pypi.installing import Site

KEPT_BY_UV = (f"{SITE_PACKAGES}/brings-1.0.dist-info/direct_url.json", f"{SITE_PACKAGES}/folders/empty")
"""What the wheel's builder says of where it was built, and an empty folder."""


@pytest.fixture(scope="module")
def own(site: Site, awkward_wheels: list[Path]) -> Tree:
    """What a runtime makes of all of them."""
    return site.describe_bootstrapped(awkward_wheels)


def test_the_prefix_is_the_one_that_uv_makes(site: Site, awkward_wheels: list[Path], own: Tree) -> None:
    completed = site.install_with_uv(awkward_wheels)
    assert completed.returncode == 0, completed.stderr
    assert compare_with_uv(own, site.describe_new(), DANGLING) == [f"only uv's: {path}" for path in KEPT_BY_UV]
    assert len(own) > 3000


def test_the_prefix_is_the_one_that_pip_makes(site: Site, awkward_wheels: list[Path]) -> None:
    wheels = [wheel for wheel, recipe in zip(awkward_wheels, AWKWARD, strict=True) if recipe.name not in NOT_FOR_PIP]
    assert len(wheels) > 15
    completed = site.install_with_pip(wheels)
    assert completed.returncode == 0, completed.stderr
    pips = site.describe_new()
    assert site.bootstrap(wheels).returncode == 0
    assert compare_with_pip(site.describe_new(), pips) == []
