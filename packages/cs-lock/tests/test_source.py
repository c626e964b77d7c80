from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cs_lock import Channel, LockError, Platform, derive, read_lock

Make = Callable[..., Any]


@pytest.mark.parametrize("version", [1, 4, 5, 6, 7])
def test_reads_every_version(version: int, write_lock: Make, workspace: Any) -> None:
    source = read_lock(write_lock(workspace, version))
    assert (source.kind, source.version) == ("conda.lock" if version == 1 else "pixi.lock", version)
    assert source.environments == ("default", "ship")
    assert source.channels("ship") == (Channel(url="https://conda.example.com/forge/"),)
    assert [platform.name for platform in source.platforms("ship")] == ["linux-64", "osx-arm64"]


def test_unknown_environment_names_the_nearest_first(write_lock: Make) -> None:
    source = read_lock(write_lock({"default": {}, "ship": {}, "shop": {}, "docs": {}}))
    with pytest.raises(LockError, match="the lock has no environment 'shipp'") as caught:
        source.environment("shipp")
    error = caught.value
    assert (error.kind, error.key, error.line) == ("missing-environment", "environments", 3)
    assert (error.expected, error.hint) == ("one of: ship, shop, docs, default", "did you mean 'ship'?")


def test_an_environment_that_is_not_there_is_not_taken_for_another(write_lock: Make) -> None:
    with pytest.raises(LockError) as caught:
        read_lock(write_lock({"default": {}, "docs": {}})).environment("ship")
    assert caught.value.hint == "if it is new in the manifest, lock the workspace again"
    assert caught.value.expected is not None
    assert "default" in caught.value.expected


def test_platform_names_of_their_own_get_their_subdir_from_the_packages(write_lock: Make, package: Make) -> None:
    packages = {"gpu": [package("a", subdir="win-64"), package("b", subdir="noarch")]}
    assert read_lock(write_lock({"default": packages}, 1)).platforms("default") == (
        Platform(name="gpu", subdir="win-64"),
    )


def test_platform_names_of_their_own_get_their_subdir_from_their_beginning(write_lock: Make, package: Make) -> None:
    packages = {"linux-ppc64le-old": [package("b", subdir="noarch")]}
    assert read_lock(write_lock({"default": packages}, 1)).platforms("default") == (
        Platform(name="linux-ppc64le-old", subdir="linux-ppc64le"),
    )


def test_platform_that_could_be_anything_is_refused_when_it_is_asked_for(write_lock: Make, package: Make) -> None:
    source = read_lock(write_lock({"odd": {"gpu": [package("b", subdir="noarch")]}, "fine": {"linux-64": []}}, 1))
    assert source.platforms("fine")
    with pytest.raises(LockError, match="does not say which conda subdir the platform 'gpu' has") as caught:
        source.environment("odd")
    assert (caught.value.kind, caught.value.key) == ("unknown-subdir", "environments.odd.packages.gpu")


def test_noarch_is_not_a_platform(write_lock: Make, package: Make) -> None:
    source = read_lock(write_lock({"default": {"noarch": [package("b", subdir="noarch")]}}))
    with pytest.raises(LockError, match="noarch") as caught:
        source.platforms("default")
    assert "noarch packages run on a platform" in f"{caught.value.hint} {caught.value.expected}"


def test_version_7_maps_platform_names(write_lock: Make, package: Make) -> None:
    platforms = [
        {"name": "cuda", "subdir": "linux-64", "virtual-packages": ["__cuda >=12", "__glibc >=2.28"]},
        {"name": "linux-64"},
    ]
    environments = {"default": {"cuda": [package("a")], "linux-64": [package("a")]}}
    source = read_lock(write_lock(environments, 7, platforms=platforms))
    assert source.platforms("default") == (
        Platform(name="cuda", subdir="linux-64", virtual_packages=("__cuda >=12", "__glibc >=2.28")),
        Platform(name="linux-64", subdir="linux-64"),
    )


def test_version_7_refuses_a_platform_outside_its_table(write_lock: Make, package: Make) -> None:
    path = write_lock({"default": {"linux-64": [package("a")]}}, 7, platforms=[{"name": "win-64"}])
    with pytest.raises(LockError, match="'linux-64' is not in the lock's table of platforms"):
        read_lock(path).environment("default")


def test_reference_without_a_record_is_a_problem_with_its_position(write_lock: Make, package: Make) -> None:
    path = write_lock({"default": {"linux-64": [package("a"), package("b")]}}, packages=[])
    with pytest.raises(LockError) as caught:
        derive(read_lock(path), environment="default")
    first = caught.value.problems[0]
    assert (first.kind, first.package) == ("missing-package", "a")
    assert first.key == "environments.default.packages.linux-64[0]"
    assert (first.line, first.column) == (8, 9)
    assert caught.value.line is None, "two problems have no common place"


def test_records_that_old_pixi_wrote_twice_are_merged(write_text: Make, write_lock: Make, package: Make) -> None:
    text = write_lock({"default": {"linux-64": [package("a")]}}, 5).read_text()
    entry = text[text.index("- kind") :]
    path = write_text(text + entry + "  purls:\n  - pkg:pypi/a\n")
    assert derive(read_lock(path), environment="default").packages("linux-64")[0].purls == ("pkg:pypi/a",)


def test_records_that_contradict_each_other_are_a_problem(write_text: Make, write_lock: Make, package: Make) -> None:
    a = package("a")
    text = write_lock({"default": {"linux-64": [a]}}, 5).read_text()
    path = write_text(text + text[text.index("- kind") :].replace(a["sha256"], "0" * 64))
    with pytest.raises(LockError, match="cannot ship") as caught:
        derive(read_lock(path), environment="default")
    assert "twice, with different digests" in caught.value.problems[0].message
    assert caught.value.problems[0].kind == "conflicting-records"
    assert caught.value.key == "packages[1].sha256"


def test_damaged_entry_matters_only_to_environments_that_have_it(write_lock: Make, package: Make) -> None:
    damaged = package("bad", sha256="xyz")
    path = write_lock({"good": {"linux-64": [package("b")]}, "bad": {"linux-64": [package("a", "bad"), damaged]}})
    source = read_lock(path)
    assert derive(source, environment="good").packages("linux-64")
    with pytest.raises(LockError, match="cannot ship") as caught:
        derive(source, environment="bad")
    (problem,) = caught.value.problems
    message = "bad: sha256 has the wrong type or form; expected 64 hex digits, found 'xyz' (a needs it)"
    assert problem.message == message
    assert [r.name for r in derive(source, environment="bad", exclude=["bad"]).packages("linux-64")] == ["a"]


def test_channels_without_a_list_are_refused(write_text: Make) -> None:
    path: Path = write_text("version: 6\nenvironments:\n  default:\n    packages: {}\npackages: []\n")
    with pytest.raises(LockError, match="channels is not a list") as caught:
        read_lock(path).environment("default")
    assert (caught.value.key, caught.value.line) == ("environments.default.channels", 4)
