"""Whether a lock has what its workspace asks for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rattler import MatchSpec, Version
from rattler import PackageRecord as RattlerRecord
from rattler.package import BuildString

from cs_lock import Mismatch, PackageRecord, find_mismatches, read_lock
from cs_lock._satisfaction import satisfies

NUMPY = PackageRecord(
    name="numpy",
    version="2.1.3",
    build="py312_openblas_2",
    build_number=2,
    subdir="linux-64",
    url="https://conda.example.com/t/tok/forge/linux-64/numpy-2.1.3-py312_openblas_2.conda",
    channel="https://conda.example.com/forge/",
    file_name="numpy-2.1.3-py312_openblas_2.conda",
    sha256="ab" * 32,
    md5="cd" * 16,
    license="BSD-3-Clause",
)
RIGHT = [
    "numpy",
    "numpy *",
    "numpy >=2,<3",
    "numpy ==2.1.3",
    "numpy 2.1.*",
    "numpy ~=2.1",
    "numpy >=3|2.*",
    "numpy 2.* *openblas*",
    "numpy * py312_openblas_2",
    "forge::numpy >=2",
    "FORGE/linux-64::numpy",
    "defaults::numpy",
    'numpy[channel="https://conda.example.com/forge"]',
    'numpy[channel="http://user:word@Conda.example.com/t/other/forge/"]',
    'numpy >=2[channel="file:///somewhere/else"]',
    'numpy[channel="./here"]',
    'numpy >=2[url="./numpy-2.1.3-py312_openblas_2.conda"]',
    'numpy[subdir="linux-64"]',
    "numpy[build_number=2]",
    'numpy[build_number=">=1",license="BSD-3-Clause"]',
    'numpy[fn="numpy-2.1.3-py312_openblas_2.conda"]',
    f'numpy[sha256="{"ab" * 32}"]',
    f'numpy[md5="{"cd" * 16}"]',
    'numpy[url="https://conda.example.com/forge/linux-64/numpy-2.1.3-py312_openblas_2.conda"]',
    # The solver could read these; neither rattler nor the lock can tell more.
    'numpy[features="mkl"]',
    'numpy[track_features="mkl"]',
    'numpy[license_family="BSD"]',
    "numpy ===2.1.3",
]
WRONG = [
    "scipy",
    "numpy >=3",
    "numpy ==2.1",
    "numpy 2.* *mkl*",
    "numpy * py313*",
    "conda-forge::numpy",
    "orge::numpy",
    'numpy[channel="https://conda.example.com/other"]',
    'numpy[channel="https://example.com/forge"]',
    'numpy >=3[url="./numpy-2.1.3-py312_openblas_2.conda"]',
    'numpy >=3[channel="file:///somewhere/else"]',
    'numpy[subdir="osx-64"]',
    "numpy[build_number=1]",
    'numpy[license="MIT"]',
    'numpy[fn="numpy-2.1.3-0.conda"]',
    f'numpy[sha256="{"ac" * 32}"]',
    f'numpy >=2[md5="{"ce" * 16}"]',
    'numpy[url="https://conda.example.com/forge/linux-64/numpy-2.1.2-py312_openblas_2.conda"]',
]


@pytest.mark.parametrize("spec", RIGHT)
def test_a_package_satisfies(spec: str) -> None:
    assert satisfies(NUMPY, spec)


@pytest.mark.parametrize("spec", WRONG)
def test_a_package_does_not_satisfy(spec: str) -> None:
    assert not satisfies(NUMPY, spec)


@pytest.mark.parametrize("field", ["sha256", "md5", "license"])
def test_what_a_lock_leaves_out_is_held_against_nobody(field: str) -> None:
    record = replace(NUMPY, **dict[str, Any]({field: "" if field == "sha256" else None}))
    value = {"sha256": "ac" * 32, "md5": "ce" * 16, "license": "MIT"}[field]
    assert satisfies(record, f'numpy[{field}="{value}"]')


NUMBERS = st.lists(st.integers(0, 3), min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))


@given(NUMBERS, NUMBERS, st.sampled_from([">=", ">", "<=", "<", "==", "!="]))
def test_versions_are_ordered_as_rattler_orders_them(locked: str, wanted: str, operator: str) -> None:
    have, want = Version(locked), Version(wanted)
    results = {">=": have >= want, ">": have > want, "<=": have <= want, "<": have < want, "==": have == want}
    expected = results.get(operator, have != want)
    assert satisfies(replace(NUMPY, version=locked), f"numpy {operator}{wanted}") == expected


@given(NUMBERS, st.from_regex(r"\*?[ab_0]+\*?", fullmatch=True), st.text("ab_0", min_size=1, max_size=4))
def test_builds_match_as_in_rattler(version: str, wanted: str, build: str) -> None:
    record = RattlerRecord("numpy", version, BuildString(build), 0, "linux-64")
    expected = MatchSpec(f"numpy * {wanted}").matches(record)
    assert satisfies(replace(NUMPY, version=version, build=build), f"numpy * {wanted}") == expected


def test_a_name_alone_needs_no_rattler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rattler", None)
    assert satisfies(NUMPY, "numpy")
    with pytest.raises(ImportError):
        satisfies(NUMPY, "numpy >=2")


@pytest.mark.parametrize("version", [1, 4, 6, 7])
def test_mismatches_name_platform_spec_and_what_is_there(
    version: int, workspace: Mapping[str, Any], write_lock: Callable[..., Path]
) -> None:
    lock = read_lock(write_lock(workspace, version=version))
    both = ["python >=3.11", "python >=3.12", "new", "Viewer", "lib-a ==1.0"]
    found = find_mismatches(lock, "ship", {"linux-64": both, "osx-arm64": ["python"], "win-64": ["anything"]})
    assert [(one.platform, one.spec, one.found and one.found.version) for one in found] == [
        ("linux-64", "python >=3.12", "3.11.7"),
        ("linux-64", "new", None),
    ]


def test_a_source_or_damaged_package_counts_by_its_name(
    package: Callable[..., Any], write_lock: Callable[..., Path]
) -> None:
    damaged = package("damaged")
    damaged["depends"] = 7
    refused = package("refused")
    refused["url"] = refused["url"].replace("/linux-64/", "/%74/token/linux-64/")  # masked, it says no name
    source = {"conda_source": "made[0123abcd] @ ./made"}
    lock = read_lock(write_lock({"default": {"linux-64": [damaged, refused]}}, version=7, foreign=[source]))
    specs = {"linux-64": ["damaged >=9", "refused >=9", "made >=9", "pypi-only"]}
    assert find_mismatches(lock, "default", specs) == [Mismatch(platform="linux-64", spec="pypi-only", found=None)]


def test_a_pypi_package_is_no_conda_package(package: Callable[..., Any], write_lock: Callable[..., Path]) -> None:
    wheel = {"pypi": "https://example.com/flask-1.0-py3-none-any.whl", "name": "flask", "version": "1.0"}
    lock = read_lock(write_lock({"default": {"linux-64": [package("a")]}}, foreign=[wheel]))
    assert [one.spec for one in find_mismatches(lock, "default", {"linux-64": ["flask", "a"]})] == ["flask"]


def test_platforms_can_be_called_as_the_workspace_calls_them(
    workspace: Mapping[str, Any], write_lock: Callable[..., Path]
) -> None:
    lock = read_lock(write_lock(workspace, version=7))
    lock.rename_platforms("ship", {"osx-arm64": "a-mac"})
    assert [(one.name, one.subdir) for one in lock.platforms("ship")] == [
        ("a-mac", "osx-arm64"),
        ("linux-64", "linux-64"),
    ]
    assert find_mismatches(lock, "ship", {"a-mac": ["new"]})[0].platform == "a-mac"
    assert [one.name for one in lock.platforms("default")] == ["linux-64"]


@pytest.mark.parametrize("folder", ["file:///elsewhere/archives/", "./archives/", "/elsewhere/", "D:\\archives\\"])
@pytest.mark.parametrize("location", [NUMPY.file_name, "numpy.conda"])
def test_a_local_archive_is_known_by_its_file_name(folder: str, location: str) -> None:
    local = replace(NUMPY, url=f"./{NUMPY.file_name}", channel=None, location=f"./{location}")
    assert satisfies(local, f'numpy[url="{folder}{location}"]')
    assert not satisfies(local, f'numpy[url="{folder}numpy-2.1.2-py312_openblas_2.conda"]')
    assert not satisfies(local, f'numpy[url="https://conda.example.com/forge/linux-64/{location}"]')
