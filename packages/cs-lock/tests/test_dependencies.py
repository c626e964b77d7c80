from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cs_lock import LockError, Problem, derive, read_lock
from cs_lock._dependencies import is_conditional

Make = Callable[..., Any]


def problems_of(path: Any, **options: Any) -> tuple[Problem, ...]:
    return derive(read_lock(path), environment="default", strict=False, **options).problems


def test_a_lock_that_lacks_what_a_package_needs_is_refused(write_lock: Make, package: Make) -> None:
    path = write_lock({"default": {"linux-64": [package("a", "gone 1.*")]}})
    (problem,) = problems_of(path)
    assert (problem.kind, problem.severity, problem.package) == ("missing-dependency", "error", "a")
    assert problem.message == "a needs 'gone 1.*', which is not in the lock"


@pytest.mark.parametrize("name", ["gone", "GONE", "conda:gone"])
def test_a_name_in_exclude_that_the_lock_lacks_already_is_a_warning(name: str, write_lock: Make, package: Make) -> None:
    path = write_lock({"default": {"linux-64": [package("a", "gone 1.*")]}})
    problems = problems_of(path, exclude=[name])
    assert {problem.kind: problem.severity for problem in problems} == {
        "lost-dependency": "warning",
        "unmatched-exclude": "warning",
    }
    with pytest.raises(LockError, match="cannot ship") as caught:
        derive(read_lock(path), environment="default", exclude=["pypi:gone"])
    assert any("a needs 'gone 1" in problem.message for problem in caught.value.problems)


def test_every_kept_package_that_lost_a_dependency_is_a_warning(write_lock: Make, package: Make) -> None:
    everywhere = {
        subdir: [package(name, *needs, subdir=subdir) for name, *needs in [("a", "b", "c"), ("b", "d"), ("c",), ("d",)]]
        for subdir in ("linux-64", "osx-64")
    }
    lock = derive(read_lock(write_lock({"default": everywhere})), environment="default", exclude=["b", "c"])
    (warning,) = lock.warnings
    assert (warning.kind, warning.package, warning.platforms) == ("lost-dependency", "a", ("linux-64", "osx-64"))
    assert (warning.message, f"a {warning.plural}") == (
        "a needs b, c, which 'exclude' drops",
        "a need b, c, which 'exclude' drops",
    )
    assert warning.hint == "check that what needs an excluded package works without it"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_warnings_are_what_a_plain_count_says(write_lock: Make, package: Make, data: st.DataObject) -> None:
    names = "abcdefg"
    needs = {name: data.draw(st.sets(st.sampled_from(names + "xy"), max_size=3)) - {name} for name in names}
    # Whatever the lock lacks is excluded, so that no dependency is missing.
    exclude = data.draw(st.sets(st.sampled_from(names), max_size=3)) | {"x", "y"}
    path = write_lock({"default": {"linux-64": [package(name, *sorted(needs[name])) for name in names]}})
    lock = derive(read_lock(path), environment="default", exclude=exclude)
    kept = {record.name for record in lock.packages("linux-64")}
    expected = {name for name in kept if needs[name] - kept}
    assert {problem.package for problem in lock.warnings if problem.kind == "lost-dependency"} == expected


@pytest.mark.parametrize(("exclude", "is_refused"), [((), False), (("python",), True), (("pypi:python",), False)])
def test_noarch_python_packages_need_a_python(
    exclude: tuple[str, ...], is_refused: bool, write_lock: Make, workspace: Any
) -> None:
    source = read_lock(write_lock(workspace))
    lock = derive(source, environment="ship", exclude=exclude, strict=False)
    errors = [(problem.kind, problem.platforms, problem.message, problem.hint) for problem in lock.errors]
    message = "a noarch Python package cannot be installed without Python: app"
    hint = "python was dropped because 'python' is in 'exclude': keep it"
    assert errors == [("noarch-without-python", ("linux-64", "osx-arm64"), message, hint)] * is_refused


def test_noarch_python_packages_of_a_lock_without_python_are_counted(write_lock: Make, package: Make) -> None:
    packages = [package(name, subdir="noarch", build="pyh0_0") for name in "abcd"]
    (problem,) = problems_of(write_lock({"default": {"linux-64": [*packages, package("e", subdir="noarch")]}}))
    assert problem.message == "4 noarch Python packages cannot be installed without Python: a, b, c and 1 more"
    assert problem.hint == "add python to the workspace's dependencies and lock it again"


def test_required_packages_are_looked_for_on_every_platform(write_lock: Make, package: Make) -> None:
    environments = {"default": {"linux-64": [package("conda")], "win-64": [package("b", subdir="win-64")]}}
    (problem,) = problems_of(write_lock(environments), require=["Conda"])
    assert (problem.kind, problem.platform, problem.package) == ("missing-required", "win-64", "conda")


def test_a_misspelt_required_package_gets_a_suggestion(write_lock: Make, package: Make) -> None:
    environments = {"default": {"linux-64": [package("python")]}}
    (problem,) = problems_of(write_lock(environments), require=["pyhton"])
    assert str(problem.hint).startswith("did you mean 'python'? add it to the workspace's dependencies")
    (problem,) = problems_of(write_lock(environments), require=["zlib"])
    assert str(problem.hint).startswith("add it to the workspace's dependencies")


def test_conditional_dependencies_are_not_missed() -> None:
    assert is_conditional("typing_extensions; if python <3.11")
    assert is_conditional("foo[when='__win']")
    assert not is_conditional("foo >=1")
