"""A lock has the PyPI packages that its workspace asks for, or cannot show that it does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cs_lock import LockError, find_pypi_mismatches, read_lock
from pypi_samples import located, python, wheel

Make = Callable[..., Any]


@pytest.fixture(name="miss")
def _miss(write_lock: Make, package: Make) -> Callable[..., list[tuple[str, str | None]]]:
    def find(*requirements: str, purls: tuple[str, ...] = ("pkg:pypi/numpy",)) -> list[tuple[str, str | None]]:
        native = [python(package), package("py-numpy", purls=list(purls)), package("attrs")]
        foreign = [wheel("Flask", version="2.0"), located(".", "own"), wheel("bad", version="x"), located(".", "tree")]
        foreign.append({"conda_source": "made[87dc0b8a] @ ./made"})
        source = read_lock(write_lock({"default": {"linux-64": native}}, 7, foreign=foreign))
        found = find_pypi_mismatches(source, "default", {"linux-64": requirements, "win-64": ["nothing"]})
        return [(one.spec, one.found.identity if one.found else None) for one in found]

    return find


def test_versions_are_compared(miss: Make) -> None:
    fitting = ["flask", "FLASK>=1", "flask[async]~=2.0", "flask==2.*", "flask @ https://x.org/f.whl", "flask >=1,<3"]
    assert miss(*fitting) == []
    assert miss("flask>=3", "Flask==1.*") == [("flask>=3", "flask-2.0"), ("Flask==1.*", "flask-2.0")]


def test_a_missing_project_is_found(miss: Make) -> None:
    assert miss("none>=1", "other @ ./x") == [("none>=1", None), ("other @ ./x", None)]


@pytest.mark.parametrize(
    "requirement",
    [
        "numpy>=9",
        "attrs>=9",
        "made",
        "own>=9",
        "bad>=9",
        "none; os_name=='nt'",
        "flask>=9 ; python_version<'3'",
        "flask===x y",
        "",
    ],
)
def test_there_is_no_false_alarm(requirement: str, miss: Make) -> None:
    assert miss(requirement) == []


def test_a_lock_without_package_urls_cannot_show_what_is_missing(miss: Make) -> None:
    assert miss("none", purls=()) == []


def test_an_environment_that_does_not_exist_is_an_error(write_lock: Make, package: Make) -> None:
    source = read_lock(write_lock({"default": {"linux-64": [package("a")]}}))
    with pytest.raises(LockError):
        find_pypi_mismatches(source, "other", {})
