from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_manifest import Platform, Project, align_platforms
from cs_manifest._platforms import match_selector, read_platforms


def test_platforms_are_strings_or_tables(make_project: Callable[..., Project]) -> None:
    project = make_project(
        """
        [workspace]
        platforms = [
            "win-64",
            { platform = "osx-arm64", osx = "14.5" },
            { name = "gpu", platform = "linux-64", cuda = "12.0", __archspec = "x" },
            { name = "linux-aarch64", libc = { family = "glibc", version = "2.28" } },
        ]
        """,
        "pixi.toml",
    )
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


def read_platform(make_project: Callable[..., Project], entry: str, name: str = "pixi.toml") -> Platform:
    (platform,) = read_platforms(make_project(f"[workspace]\nplatforms = [{entry}]\n", name))
    return platform


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ('{ platform = "linux-64", linux = "4.18", libc = "2.34", cuda = "12" }', "linux-64-cuda-12-glibc-2-34"),
        ('{ platform = "linux-64", glibc = "2.28", linux = "4.18" }', "linux-64"),
        ('{ platform = "osx-arm64", macos = "13.0", __foo = "1.2", __bar = "3=x_y" }', "osx-arm64-bar-3-x-y-foo-1-2"),
        ('{ platform = "win-64", windows = "10.1", archspec = "x86_64_v3" }', "win-64-archspec-x86-64-v3-windows-10-1"),
        ('{ platform = "linux-64", archspec = "x86_64" }', "linux-64"),
        ('{ platform = "linux-64", cuda = { driver = "12", arch = "9.0" } }', "linux-64-cuda-12-cuda-arch-9-0"),
        ('{ platform = "linux-64", libc = { family = "musl", version = "1.2" } }', "linux-64-musl-1-2"),
    ],
)
def test_a_platform_without_a_name_gets_the_one_that_pixi_gives_it(
    make_project: Callable[..., Project], entry: str, name: str
) -> None:
    assert read_platform(make_project, entry).name == name


def test_conda_workspaces_says_osx_where_pixi_says_macos(make_project: Callable[..., Project]) -> None:
    entry = '{ platform = "osx-arm64", macos = "13.5" }'
    assert read_platform(make_project, entry, "conda.toml").name == "osx-arm64-osx-13-5"
    assert read_platform(make_project, entry, "pixi.toml").name == "osx-arm64-macos-13-5"


def test_cuda_has_a_driver_and_an_architecture(make_project: Callable[..., Project]) -> None:
    platform = read_platform(make_project, '{ platform = "linux-64", cuda = { driver = "12", arch = "9.0" } }')
    assert platform.virtual_packages == (("__cuda", "12"), ("__cuda_arch", "9.0"))


def locked(name: str, subdir: str, *virtual: tuple[str, str]) -> Platform:
    return Platform(name=name, subdir=subdir, virtual_packages=virtual)


DEFAULTS = (("__unix", "0=0"), ("__linux", "4.18"), ("__glibc", "2.28"), ("__archspec", "0=x86_64"))
PLAIN = Platform(name="linux-64", subdir="linux-64")
GPU = Platform(name="gpu", subdir="linux-64", virtual_packages=(("__cuda", "12"),))
NEW = Platform(name="new", subdir="linux-64", virtual_packages=(("__glibc", "2.34"),))


@pytest.mark.parametrize(
    ("declared", "names", "locks"),
    [
        ([PLAIN], {"linux-64": "linux-64"}, [locked("linux-64", "linux-64", *DEFAULTS)]),
        ([GPU], {"p1": "gpu"}, [locked("p1", "linux-64", ("__cuda", "12.0"), *DEFAULTS)]),
        (
            [PLAIN, NEW, GPU],
            {"linux-64": "linux-64", "p1": "new", "p2": "gpu"},
            [
                locked("linux-64", "linux-64", *DEFAULTS),
                locked("p2", "linux-64", ("__cuda", "12"), *DEFAULTS),
                locked("p1", "linux-64", ("__glibc", "2.34"), *DEFAULTS[:2]),
            ],
        ),
        # [system-requirements] makes a platform of the lock rich, not the workspace's: one of a subdir is enough.
        ([PLAIN], {"p1": "linux-64"}, [locked("p1", "linux-64", ("__glibc", "2.34"))]),
        # Which one it is cannot be told: pixi leaves it alone, too.
        ([GPU, NEW], {}, [locked("p1", "linux-64"), locked("p2", "linux-64")]),
        ([GPU], {}, [locked("p1", "osx-64", ("__cuda", "12"))]),
    ],
    ids=["same-name", "identity", "three", "only-one", "ambiguous", "other-subdir"],
)
def test_a_lock_s_platforms_get_the_workspace_s_names(
    declared: list[Platform], names: dict[str, str], locks: list[Platform]
) -> None:
    assert {lock: platform.name for lock, platform in align_platforms(declared, locks).items()} == names


VERSIONS = st.sampled_from(["1", "2.28", "2.34", "12.0"])
PLATFORMS = st.lists(
    st.builds(
        Platform,
        name=st.sampled_from("abcdef"),
        subdir=st.sampled_from(["linux-64", "osx-64"]),
        virtual_packages=st.lists(st.tuples(st.sampled_from(["__cuda", "__glibc"]), VERSIONS), max_size=2).map(tuple),
    ),
    max_size=5,
    unique_by=lambda platform: platform.name,
)


@given(PLATFORMS, PLATFORMS)
def test_no_platform_is_given_away_twice_nor_to_another_subdir(declared: list[Platform], locks: list[Platform]) -> None:
    aligned = align_platforms(declared, locks)
    subdirs = {platform.name: platform.subdir for platform in locks}
    assert len({platform.name for platform in aligned.values()}) == len(aligned)
    same_names = {one.name for one in declared} & set(subdirs)
    assert all(aligned[name].name == name for name in same_names)
    assert all(platform.subdir == subdirs[name] for name, platform in aligned.items() if name not in same_names)


@given(PLATFORMS)
def test_a_workspace_s_own_platforms_come_back_under_any_alias(declared: list[Platform]) -> None:
    """Where subdir and virtual packages tell platforms apart, the names in the lock do not matter."""
    identities = [(one.subdir, one.customs) for one in declared]
    aliases = {f"p{index}": one for index, one in enumerate(declared)}
    locks = [locked(name, one.subdir, *one.virtual_packages, *DEFAULTS) for name, one in aliases.items()]
    aligned = align_platforms(declared, locks)
    for name, one in aliases.items():
        if identities.count((one.subdir, one.customs)) == 1:
            assert aligned[name] == one
