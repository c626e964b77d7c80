from __future__ import annotations

from collections.abc import Callable

from cs_manifest import Channel, Project, list_environments, read_environment

Make = Callable[..., Project]


def test_environments_are_listed_with_the_implicit_one(make_project: Make) -> None:
    assert list_environments(make_project("[workspace]\n[environments]\nz = []\na = []\n")) == ("a", "default", "z")


def test_channels_are_inherited_and_ordered_by_priority(make_project: Make) -> None:
    project = make_project("""
        [workspace]
        channels = ["conda-forge", { channel = "nvidia", priority = 1 }]
        [feature.a]
        channels = ["pytorch", { channel = "nvidia", priority = 2 }]
        [feature.b]
        [environments]
        a = { features = ["a"], no-default-feature = true }
        ab = ["a", "b"]
        """)
    assert read_environment(project, "a").channels == (Channel(name="nvidia", priority=2), Channel(name="pytorch"))
    names = [channel.name for channel in read_environment(project, "ab").channels]
    assert names == ["nvidia", "pytorch", "conda-forge"]


def test_features_restrict_the_platforms(make_project: Make) -> None:
    project = make_project("""
        [workspace]
        platforms = ["linux-64", { name = "gpu", platform = "linux-64", cuda = "12" }, "osx-arm64"]
        [feature.gpu]
        platforms = ["gpu"]
        [feature.linux]
        platforms = ["linux-64"]
        [environments]
        gpu = ["gpu"]
        linux = { features = ["linux"], solve-group = "x" }
        """)
    assert [platform.name for platform in read_environment(project, "gpu").platforms] == ["gpu"]
    linux = read_environment(project, "linux")
    assert [platform.name for platform in linux.platforms] == ["linux-64"]
    assert linux.solve_group == "x"


def test_a_feature_may_name_a_subdir_that_the_workspace_only_has_under_another_name(make_project: Make) -> None:
    project = make_project("""
        [workspace]
        platforms = [{ name = "gpu", platform = "linux-64", cuda = "12" }]
        [feature.a]
        platforms = ["linux-64"]
        [feature.b]
        platforms = ["osx-64"]
        [environments]
        a = ["a"]
        b = ["b"]
        """)
    assert [platform.name for platform in read_environment(project, "a").platforms] == ["gpu"]
    assert [platform.name for platform in read_environment(project, "b").platforms] == ["osx-64"]
