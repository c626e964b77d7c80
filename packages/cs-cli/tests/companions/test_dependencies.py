"""Which package needs which other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_samples import locked_wheel
from cs_cli.companions.dependencies import DependencyGraph, connect_packages
from cs_lock import PackageRecord, Wheel
from cs_manifest import RequestedSpec


def make_record(name: str, *depends: str, version: str = "1", **fields: Any) -> PackageRecord:
    return PackageRecord(
        name=name,
        version=version,
        build="0",
        build_number=0,
        subdir="linux-64",
        url="u",
        channel=None,
        file_name=f"{name}-{version}-0.conda",
        sha256="a" * 64,
        depends=depends,
        **fields,
    )


def ask(name: str, kind: Any = "conda", spec: str = "") -> RequestedSpec:
    return RequestedSpec(
        name=name,
        spec=spec or name,
        kind=kind,
        feature="ship",
        target=None,
        platforms=None,
        is_conditional=False,
        key=(),
    )


PYTHON = make_record("python", version="3.11.7")


def connect(
    wheels: Sequence[Wheel],
    *asked: RequestedSpec,
    records: Sequence[PackageRecord] = (PYTHON,),
    subdir: str = "linux-64",
) -> DependencyGraph:
    return connect_packages(records, wheels, asked, subdir)


@pytest.mark.parametrize(
    ("marker", "subdirs"),
    [
        ("sys_platform == 'win32'", {"win-64"}),
        ("platform_machine == 'aarch64'", {"linux-aarch64"}),
        ("platform_machine == 'arm64' and platform_system == 'Darwin'", {"osx-arm64"}),
        ("os_name == 'posix' and python_version >= '3.11'", {"linux-64", "linux-aarch64", "osx-arm64"}),
        ("python_version < '3.11'", set()),
        ("implementation_name != 'cpython'", set()),
        ("platform_release >= '1'", set()),  # whatever the builder's is
    ],
)
def test_markers_mean_the_platform_that_is_built_for(marker: str, subdirs: set[str]) -> None:
    wheels = [locked_wheel("a", requires_dist=(f"b; {marker}",)), locked_wheel("b")]
    every = ("linux-64", "linux-aarch64", "osx-arm64", "win-64")
    assert {one for one in every if "pypi:b" in connect(wheels, subdir=one).needs["pypi:a"]} == subdirs


@pytest.mark.parametrize(
    ("asked", "other", "is_needed"),
    [("a", "c", False), ("a[fast]", "c", True), ("a", "a[fast]", True), ("a[slow]", "c", False)],
)
def test_an_extra_counts_if_somebody_asks_for_it(asked: str, other: str, is_needed: bool) -> None:
    wheels = [
        locked_wheel("a", requires_dist=("b>=1; extra == 'fast'",)),
        locked_wheel("b"),
        locked_wheel("c", requires_dist=(other,)),
    ]
    assert ("pypi:b" in connect(wheels, ask("a", "pypi", asked)).needs["pypi:a"]) == is_needed


def test_a_wheel_needs_python_and_conda_packages_that_contain_its_projects() -> None:
    yaml = make_record("yaml-lib", purls=("pkg:pypi/PyYAML@6",))
    graph = connect([locked_wheel("a", requires_dist=("pyyaml", "zlib"))], records=(PYTHON, yaml, make_record("zlib")))
    assert graph.needs["pypi:a"] == {"conda:python", "conda:yaml-lib", "conda:zlib"}
    assert graph.broken == frozenset()


def test_what_is_excluded_is_missed_but_not_what_the_machine_provides() -> None:
    records = (
        make_record("a", "__glibc >=2.17", "b"),
        make_record("c", "d; if win"),
        make_record("e", "gone"),
    )
    assert connect([], records=(*records, make_record("b"))).broken == {"conda:e"}
    assert connect([locked_wheel("w", requires_dist=("gone",))]).broken == {"pypi:w"}


def test_the_roots_are_what_the_workspace_asks_for() -> None:
    records = (make_record("a", "b"), make_record("b"), make_record("c", "b"))
    assert connect([], ask("a"), ask("b"), ask("c"), ask("__cuda"), records=records).roots == {
        "conda:a",
        "conda:b",
        "conda:c",
    }


def test_requirements_that_cannot_be_read_count_by_their_name() -> None:
    wheels = [locked_wheel("a", requires_dist=("b (>=1,", "c; nothing == '1'")), locked_wheel("b"), locked_wheel("c")]
    assert "pypi:b" in connect(wheels).needs["pypi:a"]


NAMES = "abcdefgh"
EDGES = st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES)), min_size=1)


@given(EDGES, st.lists(st.sampled_from(NAMES), max_size=3))
def test_every_package_is_reached_from_the_roots(edges: dict[str, list[str]], asked: list[str]) -> None:
    records = [make_record(name, *needs) for name, needs in edges.items()]
    graph = connect([], *map(ask, asked), records=records)
    reached, ahead = set(), list(graph.roots)
    while ahead:
        if (key := ahead.pop()) not in reached:
            reached.add(key)
            ahead += graph.needs[key]
    assert reached == {f"conda:{name}" for name in edges}
    assert {f"conda:{name}" for name in asked if name in edges} <= graph.roots
