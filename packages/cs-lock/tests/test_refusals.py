"""A refusal tells the owner of a lock where to start."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cs_lock import Problem, RuntimeLock, derive, read_lock

Make = Callable[..., Any]
PLATFORMS = ["linux-64", "osx-64", "osx-arm64", "win-64"]


def wheel(name: str, *needs: str, version: str = "1.0") -> dict[str, Any]:
    url = f"https://x.org/{name.replace('-', '_')}-{version}-py3-none-any.whl"
    return {"pypi": url, "name": name, "version": version, "requires_dist": list(needs)}


def derive_all(write_lock: Make, package: Make, foreign: list[Any], **options: Any) -> RuntimeLock:
    everywhere = {subdir: [package("python", subdir=subdir)] for subdir in PLATFORMS}
    source = read_lock(write_lock({"default": everywhere}, 6, foreign=foreign))
    return derive(source, environment="default", strict=False, **options)


def errors_of(*arguments: Any, **options: Any) -> tuple[Problem, ...]:
    return derive_all(*arguments, **options).errors


def test_one_requested_package_is_one_problem(write_lock: Make, package: Make) -> None:
    helpers = [wheel(f"helper-{letter}") for letter in "abcdef"]
    foreign = [*helpers, wheel("zz-app", *(helper["name"] for helper in helpers))]
    (problem,) = errors_of(write_lock, package, foreign, requested=["zz-app"], features={"zz_app": "default"})
    assert problem.message == (
        "the PyPI package zz-app 1.0, which the feature 'default' asks for, cannot ship, "
        "nor can 6 that only it needs: only conda packages can"
    )
    assert (problem.package, problem.platforms, problem.platform) == ("zz-app", tuple(PLATFORMS), None)
    assert problem.hint == 'depend on conda packages instead; to ship without any from PyPI, set exclude = ["zz-app"]'


def test_what_several_need_is_one_more(write_lock: Make, package: Make) -> None:
    foreign = [wheel("a", "s", "only-a"), wheel("b", "s"), wheel("s", "t"), wheel("t"), wheel("only-a")]
    problems = errors_of(write_lock, package, foreign, requested=["a", "b"])
    assert [problem.message for problem in problems] == [
        "the PyPI package a 1.0 cannot ship, nor can 1 that only it needs: only conda packages can",
        "the PyPI package b 1.0 cannot ship: only conda packages can",
        "other PyPI packages cannot ship: t, s",
    ]
    assert [problem.hint for problem in problems[1:]] == ["depend on conda packages instead"] * 2


def test_requested_packages_come_first_whatever_they_need(write_lock: Make, package: Make) -> None:
    foreign = [wheel("aa", "zz"), wheel("zz")]
    problems = errors_of(write_lock, package, foreign, requested=["zz", "aa"])
    assert sorted(problem.package or "" for problem in problems) == ["aa", "zz"]
    (problem,) = errors_of(write_lock, package, foreign, requested=["python"])
    assert (problem.package, "nor can 1" in problem.message) == ("aa", True)


def test_a_circle_that_nothing_asks_for_is_named(write_lock: Make, package: Make) -> None:
    (problem,) = errors_of(write_lock, package, [wheel("a", "b"), wheel("b", "a")])
    assert re.fullmatch("PyPI packages cannot ship: (a, b|b, a)", problem.message)
    assert problem.hint is not None
    assert '"a"' in problem.hint
    assert '"b"' in problem.hint


def test_versions_of_several_platforms_are_left_out(write_lock: Make, package: Make) -> None:
    path = write_lock({"default": {subdir: [package("c", subdir=subdir)] for subdir in PLATFORMS[:2]}}, 6)
    text = path.read_text().replace("      linux-64:\n", "      linux-64:\n      - pypi: https://x.org/a-1.whl\n")
    text = text.replace("      osx-64:\n", "      osx-64:\n      - pypi: https://x.org/a-2.whl\n")
    for version in "12":
        text += f"- pypi: https://x.org/a-{version}.whl\n  name: a\n  version: '{version}'\n"
    path.write_text(text)
    (problem,) = derive(read_lock(path), environment="default", strict=False).errors
    assert problem.message == "the PyPI package a cannot ship: only conda packages can"
    assert problem.platforms == ("linux-64", "osx-64")


def test_source_packages_come_after(write_lock: Make, package: Make) -> None:
    source = {"conda": "../mine", "name": "mine", "version": "1"}
    problems = errors_of(write_lock, package, [source, wheel("a")])
    assert [(problem.kind, len(problem.platforms)) for problem in problems] == [
        ("pypi-package", 4),
        ("source-package", 4),
    ]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_every_package_is_counted_once_and_the_exclude_line_works(
    write_lock: Make, package: Make, data: st.DataObject
) -> None:
    names = [f"p{letter}" for letter in "abcdefg"]
    needs = {name: data.draw(st.sets(st.sampled_from(names), max_size=3)) for name in names}
    requested = data.draw(st.none() | st.sets(st.sampled_from([*names, "python"]), max_size=3))
    foreign = [wheel(name, *sorted(needs[name])) for name in names]
    problems = errors_of(write_lock, package, foreign, requested=requested)
    told = sum(1 + sum(map(int, re.findall(r"nor can (\d+)", problem.message))) for problem in problems)
    for problem in problems:
        if listed := re.search(r"PyPI packages cannot ship: (.*?)(?: and (\d+) more)?$", problem.message):
            told += len(listed.group(1).split(", ")) + int(listed.group(2) or 0) - 1
    assert told == len(names)
    hint = problems[0].hint
    assert hint is not None
    excluded = re.findall('"([^"]+)"', hint)
    assert not derive_all(write_lock, package, foreign, requested=requested, exclude=excluded).errors
