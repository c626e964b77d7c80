from __future__ import annotations

from collections.abc import Callable

import pytest

from cs_manifest import Platform, Project
from cs_manifest.platforms import match_selector, read_platforms


def test_platforms_are_strings_or_tables(make_project: Callable[..., Project]) -> None:
    project = make_project("""
        [workspace]
        platforms = [
            "win-64",
            { platform = "osx-arm64", osx = "14.5" },
            { name = "gpu", platform = "linux-64", cuda = "12.0", __archspec = "x" },
            { name = "linux-aarch64", libc = { family = "glibc", version = "2.28" } },
        ]
        """)
    assert read_platforms(project) == (
        Platform(name="win-64", subdir="win-64"),
        Platform(name="osx-arm64-macos-14-5", subdir="osx-arm64", virtual_packages=(("__osx", "14.5"),)),
        Platform(name="gpu", subdir="linux-64", virtual_packages=(("__cuda", "12.0"), ("__archspec", "x"))),
        Platform(name="linux-aarch64", subdir="linux-aarch64", virtual_packages=(("__glibc", "2.28"),)),
    )


@pytest.mark.parametrize(
    ("selectors", "subdir"),
    [
        (["linux-*", "unix", "linux", "linux-64", "gpu"], "linux-64"),
        (["*", "unix", "macos", "osx-arm64"], "osx-arm64"),
        (["win-??", "win", "win-64"], "win-64"),
    ],
)
def test_the_more_specific_selector_ranks_higher(selectors: list[str], subdir: str) -> None:
    platform = Platform(name="gpu" if subdir == "linux-64" else subdir, subdir=subdir)
    ranks = [match_selector(selector, platform) for selector in selectors]
    assert ranks == sorted(set(ranks))
    assert ranks[0] > 0


@pytest.mark.parametrize("selector", ["win", "osx", "macos", "linux-aarch64", "win-*", "nonsense", ""])
def test_a_selector_for_others_does_not_match(selector: str) -> None:
    assert match_selector(selector, Platform(name="linux-64", subdir="linux-64")) == 0


def test_windows_is_not_unix() -> None:
    assert match_selector("unix", Platform(name="win-64", subdir="win-64")) == 0
