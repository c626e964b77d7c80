"""A wheel that ships is for its platform and its Python, and is what its name says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cs_lock import Problem
from cs_lock._wheel_tags import fits_platform, fits_python
from pypi_samples import FILES, built, derive_wheels, located, python, wheel

Make = Callable[..., Any]


@pytest.fixture(name="errors")
def _errors(write_lock: Make, package: Make) -> Callable[..., tuple[Problem, ...]]:
    def find(*foreign: Any, subdir: str = "linux-64", pythons: Any = None, **options: Any) -> tuple[Problem, ...]:
        packages = [python(package, subdir)] if pythons is None else pythons
        path = write_lock({"default": {subdir: [package("x", subdir=subdir), *packages]}}, 6, foreign=foreign)
        return derive_wheels(path, strict=False, **options).errors

    return find


@pytest.mark.parametrize(
    ("subdir", "fitting", "others"),
    [
        (
            "linux-64",
            "any linux_x86_64 manylinux1_x86_64 manylinux2014_x86_64 manylinux_2_17_x86_64 musllinux_1_2_x86_64",
            "linux_i686 manylinux_2_17_aarch64 macosx_11_0_x86_64 win_amd64 manylinux_x86_64 manylinux_2_17_x86_64x",
        ),
        ("linux-aarch64", "any manylinux_2_17_aarch64", "manylinux_2_17_x86_64 macosx_11_0_arm64"),
        ("linux-ppc64le", "manylinux2014_ppc64le", "manylinux2014_ppc64"),
        ("linux-32", "manylinux1_i686 linux_i386", "manylinux1_x86_64"),
        ("osx-64", "any macosx_10_9_x86_64 macosx_10_9_universal2 macosx_10_6_intel", "macosx_11_0_arm64 linux_x86_64"),
        ("osx-arm64", "macosx_11_0_arm64 macosx_10_9_universal2", "macosx_10_9_x86_64 macosx_10_6_intel"),
        ("win-64", "any win_amd64", "win32 win_arm64"),
        ("win-32", "win32", "win_amd64"),
        ("win-arm64", "win_arm64", "win_amd64"),
    ],
)
def test_platform_tags_fit_their_subdir(subdir: str, fitting: str, others: str) -> None:
    assert [tag for tag in fitting.split() if not fits_platform([tag], subdir)] == []
    assert [tag for tag in others.split() if fits_platform([tag], subdir)] == []
    assert fits_platform([*others.split(), fitting.split()[0]], subdir)


@pytest.mark.parametrize(
    ("tag", "normal", "free"),
    [
        ("py3-none", True, True),
        ("py2-none", False, False),
        ("py313-none", True, True),
        ("py314-none", False, False),
        ("cp313-cp313", True, False),
        ("cp313-cp313t", False, True),
        ("cp312-cp312", False, False),
        ("cp37-abi3", True, False),
        ("cp315-abi3", False, False),
        ("cp313-abi3t", False, True),
        ("cp39-none", True, True),
        ("cp314-none", False, False),
        ("pp310-pypy310_pp73", False, False),
        ("cp2-none", False, False),
        ("x-none", False, False),
    ],
)
def test_python_tags_fit_their_python(tag: str, normal: bool, free: bool) -> None:
    pairs = [(tag.partition("-")[0], tag.partition("-")[2])]
    assert fits_python(pairs, "3.13.1") is normal
    assert fits_python(pairs, "3.13.1", is_free_threaded=True) is free


def test_old_pythons_have_an_abi_with_a_letter() -> None:
    assert fits_python([("cp37", "cp37m")], "3.7.12")


@pytest.mark.parametrize(
    ("fields", "kind", "message"),
    [
        ({"tag": "cp312-cp312-win_amd64"}, "wrong-platform", "a-1.0-cp312-cp312-win_amd64.whl is not for linux-64"),
        (
            {"tag": "cp311-cp311-linux_x86_64"},
            "wrong-python",
            "a-1.0-cp311-cp311-linux_x86_64.whl is not for Python 3.12.4",
        ),
        ({"version": "2"}, "wheel-mismatch", "a-1.0-py3-none-any.whl is not version 2 of the PyPI package a"),
        ({"name": "b"}, "wheel-mismatch", "a-1.0-py3-none-any.whl is a wheel of a, not of the PyPI package b"),
        ({"pypi": f"{FILES}/a.whl"}, "invalid-file-name", "'a.whl' is not the file name of a wheel"),
        (
            {"pypi": f"{FILES}/a%2F-1.0-py3-none-any.whl"},
            "invalid-file-name",
            "'a/-1.0-py3-none-any.whl' is not the file name",
        ),
        (
            {"pypi": f"{FILES}/%C3%A9-1.0-py3-none-any.whl"},
            "invalid-file-name",
            "'é-1.0-py3-none-any.whl' is not the file name",
        ),
    ],
)
def test_a_wheel_that_does_not_fit_is_named(fields: dict[str, Any], kind: str, message: str, errors: Make) -> None:
    entry = wheel("a", tag=fields.pop("tag", "py3-none-any")) | fields
    (problem,) = errors(entry)
    assert problem.kind == kind
    assert problem.message.startswith(message)
    assert problem.package == f"pypi:{entry['name']}"
    assert problem.key == "packages[2]"


def test_versions_are_compared_not_their_texts(errors: Make) -> None:
    assert errors(wheel("a", version="1.0") | {"version": "1.0.0"}) == ()


def test_wheels_need_a_cpython(errors: Make, package: Make) -> None:
    for pythons in ([], [package("python", version="3.9.1", build="5_73_pypy")]):
        (problem,) = errors(wheel("b"), located(".", "a"), pythons=pythons)
        assert (problem.kind, problem.package) == ("no-python", "pypi:a")
        assert problem.message == "2 PyPI packages cannot be installed without CPython: a, b"
    assert errors(pythons=[]) == ()


def test_a_python_that_cannot_ship_is_one_problem(errors: Make, package: Make) -> None:
    (problem,) = errors(wheel("a"), pythons=[package("python", sha256="x")])
    assert (problem.kind, problem.package) == ("invalid-value", "python")


def test_an_excluded_python_is_named_as_the_reason(errors: Make) -> None:
    (problem,) = errors(wheel("a"), exclude=["python"])
    assert problem.hint == "python was dropped because 'python' is in 'exclude': keep it"
    assert errors(wheel("a"), exclude=["python", "a"]) == ()


def test_settled_wheels_are_checked_too(write_lock: Make, package: Make) -> None:
    path = write_lock({"default": {"linux-64": [python(package)]}}, 6, foreign=[located(".", "a")])
    settled = derive_wheels(path).settle({"pypi:a": built("a", tag="cp311-cp311-linux_x86_64")})
    (problem,) = settled.errors
    assert (problem.kind, problem.hint) == (
        "wrong-python",
        "build the wheel again, for this platform and the environment's Python",
    )


def test_a_wheel_that_loses_what_it_requires_is_reported(write_lock: Make, package: Make) -> None:
    foreign = [wheel("a", "b>=1", "c; extra == 'x'"), located(".", "own", "b"), wheel("b"), wheel("c")]
    path = write_lock({"default": {"linux-64": [python(package)]}}, 6, foreign=foreign)
    lock = derive_wheels(path, exclude=["pypi:b", "c"], requested=["a", "own", "python"])
    told = [(one.severity, one.package, one.message) for one in lock.problems if one.kind == "lost-dependency"]
    assert told == [
        ("warning", "pypi:own", "pypi:own needs pypi:b, which 'exclude' drops"),
        ("warning", "pypi:a", "pypi:a needs pypi:b, which 'exclude' drops"),
    ]
    assert derive_wheels(path).problems == ()
