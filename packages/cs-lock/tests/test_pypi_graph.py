"""Names in `exclude`, `require` and the requests mean conda and PyPI packages, and wheels may need conda packages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cs_lock import RuntimeLock
from pypi_samples import derive_wheels, located, python, wheel

Make = Callable[..., Any]


@pytest.fixture(name="lock")
def _lock(write_lock: Make, package: Make) -> Callable[..., RuntimeLock]:
    def make(*foreign: Any, packages: Any = (), **options: Any) -> RuntimeLock:
        path = write_lock({"default": {"linux-64": [python(package), *packages]}}, 6, foreign=foreign)
        return derive_wheels(path, strict=False, **options)

    return make


def names(lock: RuntimeLock) -> list[str]:
    return [one.name for one in lock.packages("linux-64")] + [f"pypi:{one.name}" for one in lock.wheels("linux-64")]


def test_a_name_in_exclude_means_both_kinds(lock: Make, package: Make) -> None:
    def excluding(*exclude: str) -> list[str]:
        return names(lock(wheel("tz-data"), packages=[package("tz-data")], exclude=exclude, requested=["python"]))

    assert excluding("TZ-Data") == ["python"]
    assert excluding("pypi:tz.data") == ["python", "tz-data"]
    assert excluding("conda:tz-data") == ["python", "pypi:tz-data"]


def test_a_name_in_require_is_met_by_either_kind(lock: Make, package: Make) -> None:
    def missing(*require: str) -> list[str | None]:
        made = lock(wheel("flask-ext"), located(".", "own"), packages=[package("b")], require=require)
        return [problem.package for problem in made.errors]

    assert missing("Flask_Ext", "b", "pypi:flask-ext", "conda:b", "own") == []
    assert missing("conda:flask-ext", "pypi:b") == ["flask-ext", "pypi:b"]


def test_a_required_wheel_that_an_exclusion_took_along_is_explained(lock: Make) -> None:
    (problem,) = lock(wheel("a", "b"), wheel("b"), exclude=["a"], require=["b"]).errors
    assert problem.hint == "it was dropped because 'pypi:a' is in 'exclude'"


def test_a_misspelt_name_suggests_a_wheel(lock: Make) -> None:
    (warning,) = lock(wheel("flask"), exclude=["flsk"]).warnings
    assert (warning.kind, warning.hint) == ("unmatched-exclude", "did you mean 'flask'?")
    (warning,) = lock(wheel("flask"), exclude=["pypi:flsk"]).warnings
    assert warning.hint == "did you mean 'pypi:flask'?"


def test_a_wheel_may_need_a_conda_package(lock: Make, package: Make) -> None:
    packages = [package("py-numpy", purls=["pkg:pypi/numpy@2.0?source=x"]), package("attrs"), package("alone")]
    made = lock(wheel("app", "numpy>=2", "attrs"), packages=packages, exclude=["app"], requested=["python"])
    (exclusion,) = made.exclusions
    assert (exclusion.name, exclusion.removed) == ("pypi:app", ("attrs", "py-numpy"))
    assert names(made) == ["alone", "python"]
    made = lock(wheel("app", "numpy>=2"), packages=packages, exclude=["py-numpy"], requested=["app"])
    assert [(one.package, one.dependency) for one in made.exclusions[0].broken] == [("pypi:app", "py-numpy")]


def test_a_project_that_a_conda_package_contains_stays_when_it_is_requested(lock: Make, package: Make) -> None:
    packages = [package("py-numpy", purls=["pkg:pypi/numpy"]), package("user", "py-numpy")]
    for requested in ("pypi:numpy", "numpy", "py-numpy"):
        assert "py-numpy" in names(lock(packages=packages, exclude=["user"], requested=[requested]))
    assert "py-numpy" not in names(lock(packages=packages, exclude=["user"], requested=["other"]))


def test_python_stays_for_wheels(lock: Make, package: Make) -> None:
    made = lock(wheel("a"), packages=[package("tool", "python")], exclude=["tool"], requested=["a"])
    assert names(made) == ["python", "pypi:a"]
    assert names(lock(wheel("a"), exclude=["a"], requested=["x"])) == []


def test_wheels_come_after_those_that_they_need(lock: Make) -> None:
    foreign = [wheel("a", "z"), wheel("b", "c"), wheel("c", "b"), wheel("z", "m"), wheel("m")]
    assert names(lock(*foreign)) == ["python", "pypi:m", "pypi:z", "pypi:a", "pypi:b", "pypi:c"]


def test_what_an_extra_needs_does_not_decide_the_order(lock: Make) -> None:
    assert names(lock(wheel("a", "b ; extra == 'test'"), wheel("b", "a"))) == ["python", "pypi:a", "pypi:b"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_what_is_left_is_what_the_requested_packages_need(lock: Make, package: Make, data: st.DataObject) -> None:
    wheels = [f"w{letter}" for letter in "abcde"]
    natives = [f"c{letter}" for letter in "abc"]
    needs = {name: data.draw(st.sets(st.sampled_from([*wheels, *natives]), max_size=3)) for name in wheels}
    requested = data.draw(st.sets(st.sampled_from(wheels), min_size=1))
    excluded = data.draw(st.sets(st.sampled_from(wheels), max_size=2))
    foreign = [wheel(name, *sorted(needs[name])) for name in wheels]
    packages = [package(name) for name in natives]
    before = set(names(lock(*foreign, packages=packages, requested=requested)))
    made = lock(*foreign, packages=packages, requested=requested, exclude=excluded)
    left = set(names(made))
    gone = before - left
    assert {f"pypi:{name}" for name in excluded} <= gone
    assert not {f"pypi:{name}" for name in requested - excluded} & gone
    accounted = {label for one in made.exclusions for label in (one.name, *one.removed)}
    assert gone == accounted
    # Whatever went by itself is needed by nothing that stayed.
    for label in gone - {f"pypi:{name}" for name in excluded}:
        users = {name for name in wheels if label.removeprefix("pypi:") in needs[name] and name not in (label[5:],)}
        assert not {f"pypi:{name}" for name in users} & left
