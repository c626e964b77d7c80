"""Archives of this machine stand for what the lock knows only as source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cs_lock import LockError, RuntimeLock
from pypi_samples import COMMIT, built, conda_archive, derive_wheels, located, python, wheel

Make = Callable[..., Any]
SOURCES = [
    (located(".", "a"), "directory"),
    (located(f"git+https://x.org/a#{COMMIT}", "a"), "git"),
    (located("https://x.org/a-1.0.tar.gz", "a", sha256="ab" * 32), "sdist"),
    (located("direct+https://x.org/a-1.0.zip", "a"), "sdist"),
    (located("./a-1.0.tar.gz", "a"), "sdist"),
    (located("https://x.org/a-1.0-py3-none-any.whl", "a"), "unpinned"),
    (located("./a-1.0-py3-none-any.whl", "a"), "missing-file"),
]


@pytest.fixture(name="lock")
def _lock(write_lock: Make, package: Make) -> Callable[..., RuntimeLock]:
    def make(*foreign: Any, **options: Any) -> RuntimeLock:
        platforms = {
            subdir: [python(package, subdir), package("app", subdir=subdir)] for subdir in ("linux-64", "osx-64")
        }
        return derive_wheels(write_lock({"default": platforms}, 7, foreign=foreign), **options)

    return make


@pytest.mark.parametrize(("entry", "reason"), SOURCES)
def test_every_kind_of_source_waits_for_a_wheel(entry: Any, reason: str, lock: Make) -> None:
    waiting = lock(entry, wheel("b", "a"), requested=["b"], features={"b": "web"})
    (one,) = waiting.pending("linux-64")
    assert (one.label, one.reason, one.kind, one.name, one.key) == ("pypi:a", reason, "pypi", "a", "packages[4]")
    assert (one.wanted_by, one.feature) == (("pypi:b",), "web")
    assert one.record is not None
    assert (one.url, one.sha256, one.commit) == (one.record.url, one.record.sha256, one.record.commit)
    settled = waiting.settle({"pypi:a": built("a")})
    assert [one.name for one in settled.wheels("linux-64")] == ["a", "b"]
    assert settled.wheels("osx-64") == settled.wheels("linux-64")
    assert settled.render()
    assert [one.label for one in waiting.pending("linux-64")] == ["pypi:a"]


def test_a_requested_package_is_its_own_first_asker(lock: Make) -> None:
    waiting = lock(
        located(".", "a"), wheel("b", "a"), requested=["b", "pypi:a"], features={"pypi:a": "own", "b": "web"}
    )
    (one,) = waiting.pending("linux-64")
    assert (one.wanted_by, one.feature) == (("pypi:a", "pypi:b"), "own")


def test_platforms_are_settled_one_by_one(lock: Make) -> None:
    waiting = lock(located(".", "a"))
    linux = waiting.settle({"pypi:a": built("a", tag="cp312-cp312-linux_x86_64")}, platform="linux-64")
    assert [one.name for one in linux.wheels("linux-64")] == ["a"]
    assert [one.label for one in linux.pending("osx-64")] == ["pypi:a"]
    assert linux.restrict(["linux-64"]).render()
    both = linux.settle({"pypi:a": built("a", tag="cp312-cp312-macosx_11_0_x86_64")})
    assert [one.tag for one in both.wheels("osx-64")] == ["cp312-cp312-macosx_11_0_x86_64"]
    assert both.render().count(b"./a-1.0-") == 4


def test_a_name_to_exclude_may_be_on_a_platform_that_is_left_out(write_lock: Make, package: Make) -> None:
    platforms = {"linux-64": [package("a")], "osx-64": [package("b", subdir="osx-64")]}
    lock = derive_wheels(write_lock({"default": platforms}), exclude=["b"])
    assert not lock.problems
    assert not lock.restrict(["linux-64"]).problems
    assert [platform.name for platform in lock.restrict(["linux-64"]).platforms] == ["linux-64"]


def test_what_ships_already_cannot_be_replaced(lock: Make) -> None:
    waiting = lock(wheel("pinned"), located(".", "a"))
    for label in ("pypi:pinned", "app", "conda:a", "a", "pypi:none"):
        with pytest.raises(LockError) as caught:
            waiting.settle({label: built("pinned")})
        assert (caught.value.kind, caught.value.expected) == ("unknown-label", "one of: pypi:a")


@pytest.mark.parametrize(
    ("label", "archive", "message"),
    [
        ("pypi:a", built("b"), "b-1.0-py3-none-any.whl is of b, not of the PyPI package a"),
        ("pypi:a", conda_archive("a"), "a-1.0-h0_0.conda is not a wheel, which the PyPI package a needs"),
        ("tool", built("tool"), "tool-1.0-py3-none-any.whl is not a conda package, which the package tool needs"),
        ("tool", conda_archive("x"), "x-1.0-h0_0.conda is of x, not of the package tool"),
        ("pypi:s", built("s", version="2"), "s-2-py3-none-any.whl is not version 1.0 of the PyPI package s"),
    ],
)
def test_an_archive_of_something_else_is_refused(label: str, archive: Any, message: str, lock: Make) -> None:
    sdist = located("https://x.org/s-1.0.tar.gz", "s", sha256="ab" * 32)
    waiting = lock(located(".", "a"), sdist, {"conda_source": "tool[87dc0b8a] @ ."})
    with pytest.raises(LockError) as caught:
        waiting.settle({label: archive})
    (problem,) = caught.value.problems
    assert (problem.kind, problem.message) == ("archive-mismatch", message)
    assert problem.platforms == ("linux-64", "osx-64")


def test_the_version_of_a_source_tree_may_have_changed(lock: Make) -> None:
    settled = lock(located(".", "a")).settle({"pypi:a": built("a", version="3.dev1")})
    assert settled.wheels("linux-64")[0].version == "3.dev1"


def test_a_conda_package_is_checked_against_the_environment(lock: Make) -> None:
    waiting = lock({"conda_source": "tool[87dc0b8a] @ .", "depends": ["python"], "license": "MIT"})
    (one,) = waiting.pending("linux-64")
    assert (one.label, one.reason, one.origin, one.form) == ("conda:tool", "source-package", "directory", "tree")
    assert (one.location, one.depends, one.license) == (".", ("python",), "MIT")
    settled = waiting.settle({"conda:tool": conda_archive("tool", "app", "missing >=1")}, platform="linux-64")
    (problem,) = settled.errors
    assert (problem.kind, problem.package) == ("missing-dependency", "tool")
    assert str(problem.hint).startswith("the archive was built for another environment")
    assert [record.name for record in settled.packages("linux-64")] == ["app", "python", "tool"]
    other = waiting.settle({"tool": conda_archive("tool")}).errors
    assert [(p.kind, p.platforms) for p in other] == [("wrong-subdir", ("osx-64",))]


def test_a_conda_package_that_differs_from_the_lock_is_warned_of(lock: Make) -> None:
    entry = {"conda_source": "tool[87dc0b8a] @ .", "depends": ["python", "gone >=1"], "license": "MIT"}
    archive = conda_archive("tool", "app", "python >=3", license="GPL-3.0-only")
    settled = lock(entry).settle({"tool": archive}, platform="linux-64")
    assert [(p.kind, p.message) for p in settled.warnings] == [
        ("archive-differs", "tool-1.0-h0_0.conda needs app, which the lock does not list"),
        ("archive-differs", "tool-1.0-h0_0.conda does not need gone, although the lock says so"),
        ("archive-differs", "tool-1.0-h0_0.conda has the license GPL-3.0-only, but the lock says MIT"),
    ]
    assert settled.restrict(["linux-64"]).errors == ()
    assert lock({**entry, "depends": []}).settle({"tool": archive}, platform="linux-64").warnings[0].package == "tool"


def test_a_package_that_others_need_is_installed_before_them(write_lock: Make, package: Make) -> None:
    packages = {"linux-64": [python(package), package("app", "tool")]}
    path = write_lock({"default": packages}, 7, foreign=[{"conda_source": "tool[87dc0b8a] @ ."}])
    settled = derive_wheels(path).settle({"tool": conda_archive("tool", "python")})
    assert [record.name for record in settled.packages("linux-64")] == ["python", "tool", "app"]
    assert settled.problems == ()


def test_different_wheels_of_one_name_are_refused(lock: Make) -> None:
    waiting = lock(located(".", "a"))
    other = built("a", tag="py3-none-any")
    one = waiting.settle({"pypi:a": built("a")}, platform="linux-64")
    both = one.settle({"pypi:a": type(other)(**{**vars_of(other), "sha256": "cd" * 32})})
    assert [(p.kind, p.message) for p in both.errors] == [
        ("duplicate-file-name", "two different wheels are called a-1.0-py3-none-any.whl")
    ]


def vars_of(archive: Any) -> dict[str, Any]:
    return {name: getattr(archive, name) for name in archive.__dataclass_fields__}


def test_a_secret_in_the_metadata_of_a_wheel_is_refused(lock: Make) -> None:
    for requirement in (
        "b @ https://u:p@x.org/b.whl",
        "b ; " + " and ".join(f"(extra=='{i}' or extra=='x{i}')" for i in range(20)),
    ):
        with pytest.raises(LockError) as caught:
            built("a", requirement)
        assert "u:p" not in str(caught.value)
