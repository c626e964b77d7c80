"""A refusal tells the owner of a lock where to start."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from cs_lock import Problem, RuntimeLock, derive, read_lock
from pypi_samples import COMMIT, located, wheel

Make = Callable[..., Any]
PLATFORMS = ["linux-64", "osx-64", "osx-arm64", "win-64"]


@pytest.fixture(name="lock")
def _lock(write_lock: Make, package: Make) -> Callable[..., RuntimeLock]:
    def make(*foreign: Any, **options: Any) -> RuntimeLock:
        everywhere = {subdir: [package("python", subdir=subdir, version="3.12.1")] for subdir in PLATFORMS}
        return derive(
            read_lock(write_lock({"default": everywhere}, 6, foreign=foreign)), environment="default", **options
        )

    return make


def pending_of(lock: RuntimeLock) -> tuple[Problem, ...]:
    return lock.describe_pending()


@pytest.mark.parametrize(
    ("entry", "kind", "message", "hint"),
    [
        (located(".", "a"), "pypi-source", "the lock has only the directory .", "build a wheel from it"),
        (
            located(f"git+https://x.org/a.git#{COMMIT}", "a"),
            "pypi-source",
            "the lock has only the git repository https://x.org/a.git",
            "build a wheel from it",
        ),
        (
            located("https://x.org/a-1.0.tar.gz", "a"),
            "pypi-source",
            "the lock has only the sdist https://x.org/a-1.0.tar.gz",
            "build a wheel from it",
        ),
        (
            located("https://x.org/a-1.0-py3-none-any.whl", "a"),
            "missing-sha256",
            "the lock has no sha256 for https://x.org/a-1.0-py3-none-any.whl",
            "put the wheel into",
        ),
        (
            located("./a-1.0-py3-none-any.whl", "a"),
            "missing-archive",
            "its file cannot be read: ./a-1.0-py3-none-any.whl",
            "restore the file",
        ),
    ],
)
def test_an_entry_is_one_problem_with_its_way_out(entry: Any, kind: str, message: str, hint: str, lock: Make) -> None:
    (problem,) = pending_of(lock(entry, requested=["a"], features={"a": "web"}))
    assert (problem.kind, problem.package, problem.feature) == (kind, "pypi:a", "web")
    assert problem.message == f"the PyPI package a 1.0 needs an archive: {message} (the feature 'web' asks for it)"
    assert (problem.platforms, problem.platform) == (tuple(PLATFORMS), None)
    assert problem.key == "packages[4]"
    assert str(problem.hint).startswith(hint)
    assert problem.plural_hint
    for one in (problem.hint, problem.plural_hint):
        assert "exclude" not in str(one)
    assert not re.search(r"\b(it|a (wheel|package)|the (file|wheel|archive(?! folder)|package))\b", problem.plural_hint)


def test_source_packages_are_distinguished_from_pypi_packages(lock: Make) -> None:
    (problem,) = pending_of(lock({"conda": "../mine", "name": "mine", "version": "1"}))
    assert (problem.kind, problem.package) == ("missing-archive", "mine")
    assert problem.message == "the package mine 1 needs an archive: the lock has only its source, ../mine"
    assert problem.plural == "need an archive"


def test_requested_packages_come_first(lock: Make) -> None:
    foreign = [located("./a", "a"), located("./b", "b"), located("./z", "z", "a")]
    made = lock(*foreign, requested=["z"], features={"pypi:z": "web"})
    assert [(p.package, p.message.partition("(")[2]) for p in pending_of(made)] == [
        ("pypi:z", "the feature 'web' asks for it)"),
        ("pypi:a", "pypi:z needs it; the feature 'web' asks for pypi:z)"),
        ("pypi:b", ""),
    ]


def test_what_several_packages_need_names_some_of_them(lock: Make) -> None:
    users = [wheel(f"user{number}", "a") for number in range(5)]
    (problem,) = pending_of(lock(located("./a", "a"), *users, requested=[one["name"] for one in users]))
    assert problem.message.endswith("(pypi:user0, pypi:user1, pypi:user2 and 2 more need it)")


def test_if_nothing_is_known_to_be_requested_whatever_nobody_needs_is(lock: Make) -> None:
    (problem,) = pending_of(lock(located("./a", "a"), wheel("b", "a")))
    assert problem.message.endswith("(pypi:b needs it)")


def test_places_are_shown_without_secrets(lock: Make) -> None:
    (problem,) = lock({"conda_source": f"m[87dc0b8a] @ git+https://u:p@x.org/m#{COMMIT}"}, strict=False).errors
    assert (problem.kind, problem.package) == ("credentials", "m")
    assert "u:p" not in problem.message


@pytest.mark.parametrize("requested", [["a"], {"linux-64": ["pypi:a"]}])
def test_a_problem_says_whether_the_workspace_asks_for_its_package(requested: Any, lock: Make) -> None:
    wrong = [wheel(name, tag="cp39-cp39-any") for name in ("a", "b")]
    options = {"requested": requested, "strict": False}
    pending = [located("./a", "a"), located("./b", "b")]
    for found in (lock(*wrong, **options).errors, pending_of(lock(*pending, **options))):
        assert {(one.package, one.is_requested) for one in found if "linux-64" in one.platforms} == {
            ("pypi:a", True),
            ("pypi:b", False),
        }
