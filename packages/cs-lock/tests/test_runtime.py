from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml
from rattler import LockFile

from cs_lock import LockError, PackageRecord, derive, python_of, read_lock

Make = Callable[..., Any]


def derive_naively(path: Path, environment: str) -> dict[str, dict[str, dict[str, Any]]]:
    """Derive records in the plainest way, from PyYAML's text: for each platform and URL, the written fields."""
    document = yaml.load(path.read_text(), Loader=yaml.BaseLoader)
    entries = {entry.get("conda") or entry["url"]: entry for entry in document["packages"]}
    platforms = document["environments"][environment]["packages"]
    return {name: {line["conda"]: entries[line["conda"]] for line in lines} for name, lines in platforms.items()}


@pytest.mark.parametrize("version", [1, 4, 5, 6, 7])
def test_every_field_of_every_record_is_kept(version: int, write_lock: Make, workspace: Any) -> None:
    path = write_lock(workspace, version)
    lock = derive(read_lock(path), environment="ship")
    expected = derive_naively(path, "ship")
    assert [platform.name for platform in lock.platforms] == sorted(expected)
    for platform, records in expected.items():
        own = {record.url: record.to_record_json() for record in lock.packages(platform)}
        assert own.keys() == records.keys()
        for url, fields in records.items():
            for key, value in fields.items():
                if key not in ("conda", "kind"):
                    found = own[url][key]
                    wanted = " ".join(value) if key == "track_features" else value
                    assert (found if isinstance(found, list) else str(found)) == wanted


def test_every_version_gives_the_same_lock_as_far_as_it_knows(write_lock: Make, workspace: Any) -> None:
    rendered = {v: derive(read_lock(write_lock(workspace, v)), environment="ship").render() for v in (1, 4, 5, 6, 7)}
    assert rendered[4] == rendered[5] == rendered[6] == rendered[7]
    without_times = [line for line in rendered[7].splitlines() if b"timestamp" not in line]
    # conda.lock drops the noarch kind; a package that needs Python is then taken for a Python package.
    assert without_times == rendered[1].splitlines()


def test_a_runtime_lock_derives_to_itself(write_lock: Make, workspace: Any, tmp_path: Path) -> None:
    lock = derive(read_lock(write_lock(workspace)), environment="ship")
    path = tmp_path / "runtime.lock"
    path.write_bytes(lock.render())
    again = derive(read_lock(path), environment="default")
    assert again.render() == lock.render()
    assert again.packages("osx-arm64") == lock.packages("osx-arm64")
    assert lock.sha256 == sha256(lock.render()).hexdigest()


def test_rattler_reads_what_is_written(write_lock: Make, workspace: Any, tmp_path: Path) -> None:
    path = tmp_path / "runtime.lock"
    path.write_bytes(derive(read_lock(write_lock(workspace, 1)), environment="ship").render())
    environment = LockFile.from_path(path).environment("default")
    assert environment is not None
    assert {name: len(records) for name, records in environment.conda_repodata_records().items()} == {
        "linux-64": 8,
        "osx-arm64": 8,
    }


def test_packages_are_in_install_order(write_lock: Make, workspace: Any) -> None:
    lock = derive(read_lock(write_lock(workspace)), environment="ship")
    names = [record.name for record in lock.packages("linux-64")]
    assert names == ["data", "lib-b", "lib-a", "viewer-data", "viewer", "python", "app", "pip-circle"]


def test_only_the_platforms_asked_for_ship(write_lock: Make, workspace: Any) -> None:
    source = read_lock(write_lock(workspace))
    lock = derive(source, environment="ship", platforms=["osx-arm64"])
    assert [platform.name for platform in lock.platforms] == ["osx-arm64"]
    assert b"linux-64" not in lock.render()
    with pytest.raises(LockError, match="is not solved for 'win-64'") as caught:
        derive(source, environment="ship", platforms=["win-64"])
    assert str(caught.value.expected).startswith("one of:")
    with pytest.raises(LockError, match="is not solved for 'linux-64'"):
        lock.packages("linux-64")


def test_a_platform_can_be_named_by_a_subdir_that_only_it_has(write_lock: Make, package: Make) -> None:
    lock = derive(read_lock(write_lock({"default": {"linux-64-cuda": [package("a")]}}, 1)), environment="default")
    assert [record.name for record in lock.packages("linux-64")] == ["a"]
    assert lock.packages(lock.platforms[0]) == lock.packages("linux-64-cuda")


@pytest.mark.parametrize("empty", [{}, {"linux-64": [], "osx-64": []}])
def test_an_environment_without_packages_is_reported_as_empty(empty: Any, write_lock: Make, package: Make) -> None:
    environments = {"default": empty, "app": {"linux-64": [package("a")]}, "dev": {}}
    with pytest.raises(LockError) as caught:
        derive(read_lock(write_lock(environments)), environment="default")
    error = caught.value
    assert (error.kind, error.key) == ("empty-environment", "environments.default.packages")
    assert error.message == "the environment 'default' has no packages: it has no dependencies"
    assert error.expected == "an environment with packages: app"
    assert error.line is not None
    with pytest.raises(LockError, match="has no packages") as caught:
        derive(read_lock(write_lock({"default": empty})), environment="default")
    assert caught.value.expected == "an environment with packages: the lock has none"


def test_exclusions_are_explained_for_each_platform(write_lock: Make, workspace: Any) -> None:
    lock = derive(read_lock(write_lock(workspace)), environment="ship", exclude=["viewer", "lib-b"])
    lib_b, viewer = (e for e in lock.exclusions if e.platform == "osx-arm64")
    assert (viewer.name, viewer.removed, viewer.broken) == ("viewer", ("viewer-data",), ())
    assert [(kept.name, kept.needed_by) for kept in viewer.kept] == [("lib-a", ("app",))]
    assert [(lost.package, lost.dependency) for lost in lib_b.broken] == [("lib-a", "lib-b"), ("python", "lib-b")]
    assert "viewer-data" not in lock.render().decode()


@pytest.mark.parametrize(
    "requested", [["viewer-data"], {"linux-64": ["viewer-data"]}, {"linux-64": ("VIEWER-DATA",), "osx-arm64": ()}]
)
def test_requested_packages_stay(requested: Any, write_lock: Make, workspace: Any) -> None:
    lock = derive(read_lock(write_lock(workspace)), environment="ship", exclude=["viewer"], requested=requested)
    assert "viewer-data" in [record.name for record in lock.packages("linux-64")]
    exclusion = next(e for e in lock.exclusions if e.platform == "linux-64")
    assert next(kept.requested for kept in exclusion.kept if kept.name == "viewer-data")


def test_exclude_that_matches_nothing_is_a_warning(write_lock: Make, workspace: Any) -> None:
    lock = derive(read_lock(write_lock(workspace)), environment="ship", exclude=["viewr", "viewer"])
    (warning,) = lock.warnings
    assert (warning.kind, warning.package, warning.severity) == ("unmatched-exclude", "viewr", "warning")
    assert warning.message == "'exclude' names 'viewr', which is not in the environment on any platform"
    assert warning.hint == "did you mean 'viewer'?"
    assert lock.errors == ()


def test_all_problems_are_raised_at_once(write_lock: Make, package: Make) -> None:
    packages = [package("a", "gone >=1", sha256=None), package("b", subdir="win-64")]
    with pytest.raises(LockError) as caught:
        derive(read_lock(write_lock({"default": {"linux-64": packages}})), environment="default", require=["c"])
    assert sorted(problem.kind for problem in caught.value.problems) == [
        "missing-dependency",
        "missing-required",
        "missing-sha256",
        "wrong-subdir",
    ]
    assert str(caught.value).endswith(": the environment 'default' cannot ship: 4 problems")


def test_problems_can_be_looked_at_instead(write_lock: Make, package: Make) -> None:
    packages = [package("a", "gone >=1")]
    source = read_lock(write_lock({"default": {"linux-64": packages}}))
    lock = derive(source, environment="default", strict=False)
    assert [problem.kind for problem in lock.problems] == ["missing-dependency"]
    assert [record.name for record in lock.packages("linux-64")] == ["a"]
    with pytest.raises(LockError, match="cannot ship: one problem"):
        lock.render()


def test_required_packages_that_an_exclusion_took_along_are_explained(write_lock: Make, workspace: Any) -> None:
    with pytest.raises(LockError) as caught:
        derive(
            read_lock(write_lock(workspace)),
            environment="ship",
            exclude=["viewer"],
            require=["viewer-data"],
            platforms=["linux-64"],
        )
    assert [problem.hint for problem in caught.value.problems] == ["it was dropped because 'viewer' is in 'exclude'"]


def test_python_is_found_with_its_site_packages(package: Make) -> None:
    def record(**fields: Any) -> PackageRecord:
        base = {"name": "python", "version": "3.13.1", "build": "h0_cp313", "build_number": 0, "subdir": "linux-64"}
        rest = {"url": "u", "channel": None, "file_name": "f", "sha256": "0"}
        return PackageRecord(**{**base, **rest, **fields})

    assert python_of([record(name="other"), record()]) == ("3.13.1", "lib/python3.13/site-packages")
    assert python_of([record(build="h0_0_cp313t")]) == ("3.13.1", "lib/python3.13t/site-packages")
    assert python_of([record(subdir="win-64")]) == ("3.13.1", "Lib/site-packages")
    assert python_of([record(python_site_packages_path="x/y")]) == ("3.13.1", "x/y")
    assert python_of([record(name="other")]) is None
