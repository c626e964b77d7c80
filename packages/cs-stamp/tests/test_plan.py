"""The plan part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cs_stamp import FieldError, Plan, PlanPython, PlanRequirement, UnsupportedVersionError
from stamp_samples import make_package, make_plan, make_wheel


def test_plan_survives_a_round_trip() -> None:
    plan = make_plan(
        make_package("a", noarch="python", md5="0" * 32, size_bytes=5), make_package("b", requested_spec="b >1")
    )
    assert Plan.from_bytes(plan.to_bytes()) == plan


def test_plan_without_python_survives_a_round_trip() -> None:
    plan = replace(make_plan(), python=None)
    assert Plan.from_bytes(plan.to_bytes()) == plan


REQUIREMENT = PlanRequirement(
    package="numpy", spec="__glibc >=2.28,<3.0.a0", name="__glibc", is_needed=True, versions=(">=2.28", "<3.0")
)


def test_requirements_survive_a_round_trip_and_are_left_out_without_any() -> None:
    level = PlanRequirement(
        package="a", spec="__archspec 1 x86_64_v3", name="__archspec", is_needed=True, x86_64_level=3
    )
    plan = make_plan(requirements=(REQUIREMENT, level))
    assert Plan.from_bytes(plan.to_bytes()) == plan
    assert "requirements" not in make_plan().to_dict()


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"versions": ["2.28"]}, "versions"),
        ({"versions": ["==2.28"]}, "versions"),
        ({"versions": [">=2.28a"]}, "versions"),
        ({"versions": [">=2..8"]}, "versions"),
        ({"versions": [">=" + "1" * 10]}, "versions"),
        ({"versions": [">=" + ".".join("123456789")]}, "versions"),
        ({"versions": ">=2"}, "versions"),
        ({"x86_64_level": 1}, "x86_64_level"),
        ({"x86_64_level": 5}, "x86_64_level"),
        ({"package": "../a"}, "package"),
        ({"spec": "a\nb"}, "spec"),
        ({"is_needed": 1}, "is_needed"),
    ],
)
def test_a_requirement_that_breaks_the_format_is_refused(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(FieldError) as caught:
        Plan.from_dict(make_plan().to_dict() | {"requirements": [REQUIREMENT.to_dict() | changes]})
    assert str(caught.value.key).startswith(f"requirements[0].{key}")


def test_requested_specs_are_written_sorted() -> None:
    assert make_plan(requested_specs=("b", "a")).to_bytes() == make_plan(requested_specs=("a", "b")).to_bytes()


def test_packages_keep_their_order() -> None:
    plan = Plan.from_bytes(make_plan(make_package("z"), make_package("a")).to_bytes())
    assert [package.name for package in plan.packages] == ["z", "a"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sha256": "AB" * 32}, "packages[0].sha256: expected 64 lower-case hex digits"),
        ({"md5": "1"}, "packages[0].md5: expected 32 lower-case hex digits"),
        ({"file_name": "python.zip"}, "packages[0].file_name: expected a name that ends in .conda or .tar.bz2"),
        ({"file_name": "../python.conda"}, "packages[0].file_name: expected a single name without a path"),
        ({"noarch": "yes"}, 'packages[0].noarch: expected "python", "generic" or null, found "yes"'),
        ({"size": "big"}, "packages[0].size: expected an integer of 0 or more, or null"),
        ({"record": []}, "packages[0].record: expected an object, found []"),
        ({"url": 1}, "packages[0].url: expected a string, found 1"),
    ],
)
def test_a_wrong_value_is_refused_by_its_key_path(changes: dict[str, Any], message: str) -> None:
    data = make_plan().to_dict()
    data["packages"][0].update(changes)
    with pytest.raises(FieldError) as caught:
        Plan.from_dict(data)
    assert str(caught.value).startswith(message)
    assert caught.value.key == message.partition(":")[0]


def test_a_package_without_a_url_is_a_local_archive() -> None:
    plan = make_plan(make_package("a"), replace(make_package("b"), url=None), make_package("c"))
    assert Plan.from_bytes(plan.to_bytes()) == plan
    assert [package.name for package in plan.bundled("online")] == ["b"]
    assert plan.bundled("embedded") == plan.packages
    assert plan.bundled("external") == ()


@pytest.mark.parametrize("key", sorted(make_package().to_dict()))
def test_every_key_of_a_package_must_be_there(key: str) -> None:
    data = make_plan().to_dict()
    del data["packages"][0][key]
    with pytest.raises(FieldError, match=rf"^packages\[0\]\.{key}: the key is missing$"):
        Plan.from_dict(data)


@pytest.mark.parametrize("key", sorted(make_wheel().to_dict().keys() - {"kind"}))
def test_every_key_of_a_wheel_must_be_there(key: str) -> None:
    data = make_plan(wheels=(make_wheel(),)).to_dict()
    del data["packages"][1][key]
    with pytest.raises(FieldError, match=rf"^packages\[1\]\.{key}: the key is missing$"):
        Plan.from_dict(data)


def test_wheels_survive_a_round_trip_behind_the_conda_packages() -> None:
    wheels = (make_wheel("b", direct_url="{}", size_bytes=7), make_wheel("a", url=None))
    plan = make_plan(make_package("z"), make_package("a"), wheels=wheels)
    assert Plan.from_bytes(plan.to_bytes()) == plan
    assert [entry["name"] for entry in plan.to_dict()["packages"]] == ["z", "a", "b", "a"]
    assert [archive.name for archive in plan.archives] == ["z", "a", "b", "a"]


def test_the_schema_version_says_whether_there_are_wheels() -> None:
    assert make_plan().to_dict()["schema_version"] == 1
    assert make_plan(make_package("a", url=None)).to_dict()["schema_version"] == 1
    assert make_plan(wheels=(make_wheel(),)).to_dict()["schema_version"] == 2


def test_a_wheel_without_a_url_is_a_local_archive() -> None:
    plan = make_plan(make_package("a"), wheels=(make_wheel("b"), make_wheel("c", url=None)))
    assert [package.name for package in plan.bundled("online")] == ["c"]
    assert plan.bundled("embedded") == plan.archives
    assert plan.bundled("external") == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "egg"}, 'packages[1].kind: expected one of wheel, found "egg"'),
        ({"kind": None}, "packages[1].kind: expected a string, found null"),
        ({"file_name": "six-1.0-0.conda"}, "packages[1].file_name: expected a name that ends in .whl"),
        ({"md5": "22" * 16}, "packages[1].md5: expected null"),
        ({"name": "Six_Seven"}, "packages[1].name: expected a name in normal form"),
        ({"direct_url": "{\n}"}, "packages[1].direct_url: expected text without control characters"),
    ],
)
def test_a_wrong_value_of_a_wheel_is_refused_by_its_key_path(changes: dict[str, Any], message: str) -> None:
    data = make_plan(wheels=(make_wheel(),)).to_dict()
    data["packages"][1].update(changes)
    with pytest.raises(FieldError) as caught:
        Plan.from_dict(data)
    assert str(caught.value).startswith(message)


def test_a_conda_package_behind_a_wheel_is_refused() -> None:
    data = make_plan(wheels=(make_wheel(),)).to_dict()
    data["packages"].reverse()
    with pytest.raises(FieldError, match=r"^packages\[1\]: a conda package comes after a wheel$"):
        Plan.from_dict(data)


def test_two_wheels_of_one_name_are_refused() -> None:
    with pytest.raises(FieldError, match=r"^packages\[2\]\.name: there are two packages named 'six'$"):
        make_plan(wheels=(make_wheel(), make_wheel())).to_bytes()


def test_wheels_need_a_python() -> None:
    with pytest.raises(FieldError, match=r"^python: expected the Python that the wheels are for, found null$"):
        make_plan(wheels=(make_wheel(),), python=None).to_bytes()


@pytest.mark.parametrize("path", ["/lib/python", "lib/../../x", "", "Lib\\site-packages"])
def test_site_packages_stay_inside_the_prefix(path: str) -> None:
    python = PlanPython(version="3.11.7", site_packages_path=path)
    with pytest.raises(FieldError, match=r"^python\.site_packages_path: expected a path relative to the prefix"):
        replace(make_plan(), python=python).to_bytes()


def test_two_packages_of_one_name_are_refused() -> None:
    with pytest.raises(FieldError, match=r"^packages\[1\]\.name: there are two packages named 'a'$"):
        make_plan(make_package("a"), make_package("a")).to_bytes()


def test_a_record_that_json_cannot_hold_is_refused() -> None:
    for value, why in (
        (float("nan"), "nan is not a 64-bit integer"),
        (1.5, "1.5 is not a 64-bit integer"),
        (1 << 63, "is not a 64-bit integer"),
    ):
        with pytest.raises(FieldError, match=why):
            make_plan(make_package(record={"size": value})).to_bytes()
    with pytest.raises(FieldError, match="cannot be written as JSON"):
        make_plan(make_package(record={"size": object()})).to_bytes()


def test_a_newer_schema_is_reported() -> None:
    with pytest.raises(UnsupportedVersionError, match="the plan of this runtime has schema version 9"):
        Plan.from_dict({**make_plan().to_dict(), "schema_version": 9})
