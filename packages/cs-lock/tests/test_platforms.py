from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from rattler import LockFile

from cs_lock import SUBDIRS
from cs_lock._platforms import find_subdir, split_subdir


@pytest.mark.parametrize(
    ("name", "packages", "subdir"),
    [
        ("linux-64", [], "linux-64"),
        ("linux-64", ["win-64"], "linux-64"),
        ("gpu", ["noarch", "linux-64"], "linux-64"),
        ("linux-64-cuda", ["noarch"], "linux-64"),
        ("linux-ppc64le-x", [], "linux-ppc64le"),
        ("linux-64-cuda", ["linux-64", "win-64"], None),
        ("gpu", ["noarch"], None),
        ("noarch", ["noarch"], None),
    ],
)
def test_finds_the_subdir_of_a_platform(name: str, packages: list[str], subdir: str | None) -> None:
    assert find_subdir(name, packages) == subdir


def test_architectures_are_those_of_rattler(tmp_path: Path, write_lock: Any, package: Any) -> None:
    packages = [package(f"p{number}", subdir=subdir) for number, subdir in enumerate(sorted(SUBDIRS))]
    environment = LockFile.from_path(write_lock({"default": {"linux-64": packages}})).environment("default")
    assert environment is not None
    records = [json.loads(record.to_json()) for record in environment.conda_repodata_records()["linux-64"]]
    assert {r["subdir"]: (r["arch"], r["platform"]) for r in records} == {s: split_subdir(s) for s in SUBDIRS}


def test_noarch_and_unknown_subdirs_have_no_architecture() -> None:
    assert split_subdir("noarch") == split_subdir("moon-64") == (None, None)
