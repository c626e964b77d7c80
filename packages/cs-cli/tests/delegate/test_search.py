"""``cs inspect --check-delegate``."""

from __future__ import annotations

import json
import re
import shutil
from itertools import combinations
from pathlib import Path

import pytest

from cli_samples import Cs, Workspace


def cached_names(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "cache").glob("*/*/*.conda"))


def test_the_package_of_the_delegates_name_is_looked_into_first(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    outcome = cs("inspect", "--check-delegate", "--layout", "online")
    assert outcome.status == 0, outcome.err
    assert "Delegate     bin/python\n" in outcome.out
    assert cached_names(tmp_path) == ["python-3.11.7-0.conda"]


def test_then_those_that_were_asked_for(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    document = json.loads(cs("inspect", "--check-delegate", "--delegate", "hello", "--json").out)
    assert document["delegate_checks"] == [{"platform": "linux-64", "checked": True, "found": "bin/hello"}]
    assert cached_names(tmp_path) == ["hello-1.0-pyhd_0.conda"]


def test_a_package_that_is_refused_may_be_the_one_with_the_delegate(workspace: Workspace, cs: Cs) -> None:
    assert cs("inspect", "--check-delegate", "--delegate", "pyton").status == 1  # all archives are in the cache now
    lock = workspace.directory / "conda.lock"
    lock.write_text(re.sub("(?m)^  sha256: .*", "  sha256: abc", lock.read_text()))
    outcome = cs("inspect")
    assert "sha256 has the wrong type" in outcome.out
    assert "provides the delegate" not in outcome.out
    (check,) = json.loads(cs("inspect", "--json").out)["delegate_checks"]
    assert not check["checked"]


def test_a_delegate_that_no_package_has_is_a_problem(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    outcome = cs("inspect", "--check-delegate", "--delegate", "pyton")
    assert outcome.status == 1
    assert "no package of the environment provides the delegate 'pyton'" in outcome.out
    assert "did you mean 'python'?" in outcome.out
    assert len(cached_names(tmp_path)) == 3


def test_nothing_but_the_cache_is_written(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    cs("inspect", "--check-delegate")
    assert [path for path in sorted(tmp_path.rglob("*")) if tmp_path / "cache" not in (path, *path.parents)] == before


def test_a_package_that_cannot_be_had_is_an_error(workspace: Workspace, cs: Cs) -> None:
    for path in workspace.channel.directory.glob("*/python-*"):
        path.unlink()
    outcome = cs("inspect", "--check-delegate")
    assert outcome.status == 1
    assert "python-3.11.7-0.conda" in outcome.err


@pytest.mark.parametrize("flag", [("--offline",), ()])
def test_what_is_in_the_cache_is_enough(flag: tuple[str, ...], workspace: Workspace, cs: Cs) -> None:
    cs("inspect", "--check-delegate")
    for path in workspace.channel.directory.glob("*/*"):
        path.unlink()
    shown = json.loads(cs("inspect", "--check-delegate", "--json", *flag).out)
    assert [check["checked"] for check in shown["delegate_checks"]] == [True]
    assert {problem["kind"] for problem in shown["problems"]} == {"missing-archive"}  # of what no check has fetched


NAMES = ("hello", "libz", "python")


@pytest.mark.parametrize("layout", ["online", "embedded"])
@pytest.mark.parametrize("cached", [names for count in range(4) for names in combinations(NAMES, count)])
@pytest.mark.parametrize(("delegate", "owner"), [("python", "python"), ("hello", "hello"), ("pyton", None)])
def test_what_the_cache_holds_is_looked_at(
    delegate: str,
    owner: str | None,
    cached: tuple[str, ...],
    layout: str,
    workspace: Workspace,
    template: Path,
    cs: Cs,
    tmp_path: Path,
) -> None:
    cs("build", "--out-dir", tmp_path / "other")
    for path in (tmp_path / "cache").glob("*/*/*.conda"):
        if not path.name.startswith(cached):
            shutil.rmtree(path.parent)
    flags = ("--delegate", delegate, "--layout", layout)
    outcome, document = cs("inspect", *flags), json.loads(cs("inspect", *flags, "--json").out)
    is_found, is_known = owner in cached, owner in cached or len(cached) == len(NAMES)
    (check,) = document["delegate_checks"]
    assert (check["found"] is not None, check["checked"]) == (is_found, is_known)
    assert ("Ready to ship." in outcome.out) == is_found
    assert ("the delegate was not checked" in outcome.out) == (not is_known)
    assert outcome.status == (1 if is_known and not is_found else 0)
    assert cached_names(tmp_path) == sorted(name for name in cached_names(tmp_path) if name.startswith(cached))
    if layout == "online":
        built = cs("build", *flags)
        assert built.status == outcome.status
        assert ("was not checked" in built.err) == (not is_known)
        assert ("no package of the environment provides the delegate" in built.err) == (built.status == 1)


def test_nothing_is_written_without_the_flag(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    cs("inspect", "--check-delegate")
    for path in (tmp_path / "cache").glob("*/*/contents-1.json"):
        path.unlink()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert "Ready to ship." in cs("inspect").out
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_a_damaged_archive_in_the_cache_proves_nothing(workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    cs("inspect", "--check-delegate")
    (path,) = (tmp_path / "cache").glob("*/*/python-*.conda")
    path.with_name("contents-1.json").unlink()
    path.write_bytes(bytes(path.stat().st_size))
    outcome = cs("inspect")
    assert outcome.status == 0
    assert "the delegate was not checked" in outcome.out
