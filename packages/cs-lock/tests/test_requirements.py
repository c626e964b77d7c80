"""What packages ask of the machine, judged against rattler."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from rattler import MatchSpec, PackageRecord, Version
from rattler.exceptions import InvalidMatchSpecError
from rattler.package import BuildString

from cs_lock._records import PackageRecord as Record
from cs_lock._requirements import Requirement, find_requirements, reduce_versions

NUMBERS = st.lists(st.integers(0, 13), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))
TAILS = st.sampled_from(["", "", "", ".a0", "a1", ".dev0", "rc1", ".post1", "-1", "+local"])
PREFIXES = st.sampled_from([">=", "<=", ">", "<", "==", "=", "~=", "!="])
TERMS = st.one_of(
    st.builds(str.__add__, PREFIXES, st.builds(str.__add__, NUMBERS, TAILS)),
    st.builds(str.__add__, NUMBERS, st.sampled_from([".*", "*", ""])),
    st.just("*"),
)
ALTERNATIVES = st.lists(TERMS, min_size=1, max_size=3).map(",".join)
SPECS = st.lists(ALTERNATIVES, min_size=1, max_size=2).map("|".join)


def holds(comparison: str, version: str) -> bool:
    """Compare as a runtime does: numbers, the missing ones zero."""
    operator = comparison.rstrip("0123456789.")
    sides = [[*map(int, text.split(".")), 0, 0, 0, 0][:5] for text in (version, comparison[len(operator) :])]
    order = (sides[0] > sides[1]) - (sides[0] < sides[1])
    return {">=": order >= 0, ">": order > 0, "<=": order <= 0, "<": order < 0}[operator]


def accepts(spec: str, version: str) -> bool:
    """Ask rattler."""
    try:
        parsed = MatchSpec(f"__glibc {spec}", strict=False)
    except InvalidMatchSpecError:
        assume(False)
    return bool(parsed.matches(PackageRecord("__glibc", version, BuildString("0"), 0, "linux-64")))


@given(spec=SPECS, version=NUMBERS)
@example(spec=">=2.17,<3.0.a0", version="2.17")
@example(spec="<3.0.a0", version="3.0")
@example(spec="12*", version="12.4")
@example(spec="=12.0", version="12")
def test_no_machine_that_a_solver_accepts_is_refused(spec: str, version: str) -> None:
    comparisons = reduce_versions(spec)
    assume(comparisons is not None)
    if accepts(spec, version):
        assert all(holds(one, version) for one in comparisons or ())


@given(
    spec=st.lists(st.builds(str.__add__, st.sampled_from([">=", "<=", ">", "<", "=="]), NUMBERS), max_size=3),
    version=NUMBERS,
)
def test_plain_comparisons_lose_nothing(spec: list[str], version: str) -> None:
    text = ",".join(spec)
    comparisons = reduce_versions(text)
    assert comparisons is not None
    assert all(holds(one, version) for one in comparisons) == (not spec or accepts(text, version))


@given(numbers=NUMBERS, tail=st.sampled_from([".a0", "a1", ".dev0", "rc1", "b2"]), version=NUMBERS)
def test_a_pre_release_as_a_limit_means_the_version_that_follows_it(numbers: str, tail: str, version: str) -> None:
    for operator in ("<", ">="):
        (comparison,) = reduce_versions(f"{operator}{numbers}{tail}") or ("",)
        assert holds(comparison, version) == (
            Version(version) < Version(numbers + tail)
            if operator == "<"
            else Version(version) >= Version(numbers + tail)
        )


def record(name: str, *depends: str, constrains: tuple[str, ...] = ()) -> Any:
    """Return a record with nothing but its name and what it asks for."""
    return Record(
        name=name,
        version="1",
        build="0",
        build_number=0,
        subdir="linux-64",
        url=f"https://x/{name}-1-0.conda",
        depends=depends,
        constrains=constrains,
        channel=None,
        file_name=f"{name}-1-0.conda",
        sha256="",
    )


def find(*records: Any, subdir: str = "linux-64") -> list[Requirement]:
    """Return what is checked."""
    return list(find_requirements(records, subdir).checked)


def test_the_package_and_its_words_are_kept() -> None:
    assert find(record("numpy", "python >=3.11", "__glibc >=2.28,<3.0.a0")) == [
        Requirement(
            package="numpy",
            spec="__glibc >=2.28,<3.0.a0",
            name="__glibc",
            is_needed=True,
            versions=(">=2.28", "<3.0"),
        )
    ]


def test_what_another_package_implies_is_left_out() -> None:
    loose, strict = record("zlib", "__glibc >=2.17"), record("numpy", "__glibc >=2.28")
    for order in ((loose, strict), (strict, loose), (strict, strict, loose)):
        assert [one.package for one in find(*order)] == ["numpy"]
    upper = record("old", "__glibc <3")
    assert [one.package for one in find(loose, upper)] == ["zlib", "old"]


def test_a_constraint_needs_no_virtual_package_and_implies_none() -> None:
    constrained = record("cuda-version", constrains=("__cuda >=12",))
    assert [one.is_needed for one in find(constrained)] == [False]
    needed = record("torch", "__cuda")
    assert [one.package for one in find(constrained, needed)] == ["cuda-version", "torch"]
    assert [one.package for one in find(constrained, record("torch", "__cuda >=12"))] == ["torch"]


@pytest.mark.parametrize(
    ("subdir", "given"), [("linux-64", "__unix"), ("linux-64", "__linux"), ("win-64", "__win"), ("osx-64", "__osx")]
)
def test_what_every_machine_of_the_platform_has_is_left_out(subdir: str, given: str) -> None:
    found = find_requirements([record("a", given)], subdir)
    assert (found.checked, found.unchecked) == ((), ())


@pytest.mark.parametrize(
    "spec", ["__archspec 1 x86_64_v3", "__archspec =1=x86_64_v3", "__archspec * x86_64_v3", "__archspec=1=x86_64_v3"]
)
def test_a_level_of_the_processor_is_read(spec: str) -> None:
    assert [one.x86_64_level for one in find(record("a", spec))] == [3]


@pytest.mark.parametrize(("name", "level"), [("zen4", 4), ("skylake_avx512", 4), ("haswell", 3), ("nehalem", 2)])
def test_a_microarchitecture_asks_for_its_level(name: str, level: int) -> None:
    assert [one.x86_64_level for one in find(record("a", f"__archspec 1 {name}"))] == [level]


@pytest.mark.parametrize(
    ("subdir", "spec"),
    [
        ("linux-64", "__osx >=11"),
        ("linux-64", "__win"),
        ("osx-arm64", "__linux"),
        ("osx-arm64", "__glibc >=2.17"),
        ("win-64", "__unix"),
    ],
)
def test_what_no_machine_of_the_platform_has_is_checked(subdir: str, spec: str) -> None:
    found = find_requirements([record("a", spec)], subdir)
    assert [one.spec for one in found.checked] == [spec]
    assert found.unchecked == ()


@pytest.mark.parametrize("spec", ["__archspec", "__archspec 1", "__archspec 1 x86_64", "__archspec 1.*"])
def test_what_every_processor_has_is_left_out(spec: str) -> None:
    found = find_requirements([record("a", spec)], "linux-64")
    assert (found.checked, found.unchecked) == ((), ())


@pytest.mark.parametrize(
    "spec",
    [
        "__archspec 1 armv8.2a",
        "__glibc >=2.17 special",
        "__glibc[version='>=2']",
        "__glibc (>=2|>3),<4",
        "__conda >=23",
        "__cuda >=1!2",
    ],
)
def test_what_is_not_understood_is_named_and_not_checked(spec: str) -> None:
    found = find_requirements([record("a", spec)], "linux-64")
    assert found.checked == ()
    assert [(one.package, one.spec) for one in found.unchecked] == [("a", spec)]
