from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rattler import LockFile, MatchSpec

from cs_lock import SUBDIRS, LockError, PackageRecord, derive, parse_dependency_name, read_lock
from cs_lock._entries import read_record
from cs_lock._locations import derive_location_fields
from cs_lock._platforms import split_subdir
from cs_lock._records import derive_build_number, derive_noarch

URL = "https://conda.example.com/forge/linux-64/lib-a-1.0-h0_3.conda"
SHA256 = "ab" * 32


def read(entry: dict[str, Any], url: str = URL, version: int = 6) -> PackageRecord:
    return read_record({"conda": url, "sha256": SHA256, **entry}, url, "packages[0]", lock_version=version)


def test_fills_in_what_the_url_says() -> None:
    record = read({})
    assert (record.name, record.version, record.build, record.build_number) == ("lib-a", "1.0", "h0_3", 3)
    assert (record.subdir, record.arch, record.platform, record.noarch) == ("linux-64", "x86_64", "linux", None)
    assert record.channel == "https://conda.example.com/forge/"
    assert record.file_name == "lib-a-1.0-h0_3.conda"
    assert record.identity == "lib-a-1.0-h0_3"


def test_what_the_entry_says_wins_over_the_file_name() -> None:
    record = read({"name": "Lib-B", "version": "1_0", "build": "x", "build_number": "7"})
    assert (record.name, record.version, record.build, record.build_number) == ("lib-b", "1_0", "x", 7)


def test_decodes_percent_encoded_file_names() -> None:
    record = read({}, "https://conda.example.com/forge/noarch/x264-1%21164.3-h0_0.tar.bz2")
    assert (record.version, record.file_name) == ("1!164.3", "x264-1!164.3-h0_0.tar.bz2")
    assert record.url.endswith("x264-1%21164.3-h0_0.tar.bz2")


@pytest.mark.parametrize(
    ("url", "fields"),
    [
        ("../local/a-1-0.conda", {"name": "a", "subdir": None, "channel": None}),
        ("../local/linux-64/a-1-0.conda", {"name": "a", "subdir": "linux-64", "channel": None}),
        ("file:///srv/c/linux-64/a-1-0.conda", {"name": "a", "subdir": "linux-64", "channel": None}),
        ("C:\\c\\win-64\\a-1-0.conda", {"file_name": "a-1-0.conda", "subdir": "win-64", "channel": None}),
        ("https://x.org/a-1-0.conda", {"name": "a", "subdir": None, "channel": None}),
        ("https://x.org/c/moon-64/a-1-0.conda", {"name": "a", "subdir": None, "channel": "https://x.org/c/"}),
        ("https://x.org/c/win-64/a.conda", {"name": None, "subdir": None, "channel": "https://x.org/c/"}),
        ("https://x.org/c/noarch/a-b-1-0.conda#sha256", {"name": "a-b", "version": "1", "subdir": "noarch"}),
    ],
)
def test_says_nothing_that_the_location_does_not(url: str, fields: dict[str, str | None]) -> None:
    derived = derive_location_fields(url)
    assert {key: derived[key] for key in fields} == fields


def test_noarch_kind_follows_the_rule_of_the_version() -> None:
    url = "https://conda.example.com/forge/noarch/a-1-{}_0.conda"
    assert read({}, url.format("pyhd8")).noarch == "python"
    assert read({}, url.format("h0")).noarch == "generic"
    assert read({"depends": ["python >=3.9"]}, url.format("h0"), 6).noarch == "generic"
    assert read({"depends": ["python >=3.9"]}, url.format("h0"), 1).noarch == "python"
    assert read({"depends": ["python_abi 3.9.*", "python-x"]}, url.format("h0"), 1).noarch == "generic"
    assert read({"build": "h0_0"}, url.format("pyhd8")).noarch == "python"
    assert read({"noarch": "generic"}, url.format("pyhd8")).noarch == "generic"
    assert read({"noarch": "true"}, url.format("pyhd8")).noarch == "generic"
    assert read({}, url.format("pyhd8"), 5).noarch is None


def read_as_rattler(text: str, path: Path) -> Any:
    path.write_text(text)
    environment = LockFile.from_path(path).environment("default")
    assert environment is not None
    (record,) = environment.conda_repodata_records()["linux-64"]
    return record


@pytest.mark.parametrize("version", [4, 5, 6, 7])
@pytest.mark.parametrize(
    "build", ["h166bdaf_1", "py312h1234_0", "0", "12", "h57", "py_", "h1_02", "x_1_", "cp_0_cpython"]
)
def test_build_numbers_that_a_lock_leaves_out_are_those_of_rattler(build: str, version: int, tmp_path: Path) -> None:
    url = f"https://x.org/c/linux-64/attr-2.5.1-{build}.conda"
    fields = f"sha256: {SHA256}"
    head = f"conda: {url}"
    if version < 6:
        head = f"kind: conda, name: attr, version: 2.5.1, build: '{build}', subdir: linux-64, url: {url}"
    text = f"version: {version}\nplatforms: [{{name: linux-64}}]\nenvironments:\n  default:\n    channels: []\n"
    text += f"    packages:\n      linux-64:\n      - conda: {url}\npackages:\n- {{{head}, {fields}}}\n"
    rattlers = read_as_rattler(text, tmp_path / "pixi.lock")
    own = derive(read_lock(tmp_path / "pixi.lock"), environment="default").packages("linux-64")[0]
    assert own.build_number == rattlers.build_number


@pytest.mark.parametrize("version", [1, 4, 5, 6, 7])
@pytest.mark.parametrize("stated", ["win-64", "linux-64", "osx-64"])
def test_packages_of_noarch_are_noarch_whatever_an_old_lock_says(stated: str, version: int) -> None:
    fields = {"name": "fonts", "version": "1", "build": "0", "subdir": stated, "noarch": "generic"}
    fields |= {"arch": "x86_64", "platform": stated.partition("-")[0]}
    record = read(fields, "https://conda.example.com/forge/noarch/fonts-1-0.tar.bz2", version)
    assert (record.subdir, record.arch, record.platform, record.noarch) == ("noarch", None, None, "generic")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "a b"),
        ("name", "a/b"),
        ("name", "é"),
        ("version", "1\t2\nevil\t3"),
        ("version", "../1"),
        ("build", "../../x"),
        ("build", "h0\n"),
        ("build", "h0\\x"),
    ],
)
def test_what_becomes_a_row_or_a_file_name_has_their_form(field: str, value: str) -> None:
    with pytest.raises(LockError, match=f"{field} has the wrong type or form") as caught:
        read({field: value})
    assert (caught.value.kind, caught.value.key) == ("invalid-value", f"packages[0].{field}")


def test_the_folder_of_a_channel_decides_and_one_of_your_own_does_not() -> None:
    assert read({"subdir": "osx-64"}).subdir == "linux-64"
    assert read({"subdir": "osx-64"}, "./linux-64/a-1-0.conda").subdir == "osx-64"
    assert read({"subdir": "noarch"}, "file:///c/linux-64/a-1-0.conda").subdir == "noarch"
    assert read({"subdir": "osx-64"}, "file:///c/noarch/a-1-0.conda").subdir == "noarch"
    assert read({}, "file:///c/osx-64/a-1-0.conda").subdir == "osx-64"


@pytest.mark.parametrize(("build", "number"), [("h0_3", 3), ("py_", 0), ("12", 12), ("", 0), ("1" * 30, 0)])
def test_derives_build_numbers(build: str, number: int) -> None:
    assert derive_build_number(build) == number


def test_timestamps_in_seconds_become_milliseconds() -> None:
    assert read({"timestamp": "1530731681"}).timestamp == 1530731681000
    assert read({"timestamp": "1696321871976"}).timestamp == 1696321871976


@pytest.mark.parametrize(
    ("entry", "key", "message"),
    [
        ({"sha256": "abc"}, "packages[0].sha256", "expected 64 hex digits, found 'abc'"),
        ({"md5": "z" * 32}, "packages[0].md5", "expected 32 hex digits"),
        ({"size": "-1"}, "packages[0].size", "expected a whole number, found '-1'"),
        ({"build_number": "many"}, "packages[0].build_number", "expected a whole number"),
        ({"depends": "a"}, "packages[0].depends", "expected a list, found 'a'"),
        ({"depends": [["a"]]}, "packages[0].depends[0]", "expected text, found a list"),
        ({"depends": ["a", None]}, "packages[0].depends[1]", "expected text, found nothing"),
        ({"license": {"a": "b"}}, "packages[0].license", "expected text, found a mapping"),
        ({"extra_depends": []}, "packages[0].extra_depends", "expected a mapping, found a list"),
    ],
)
def test_refuses_values_of_the_wrong_form(entry: dict[str, Any], key: str, message: str) -> None:
    with pytest.raises(LockError) as caught:
        read(entry)
    assert caught.value.key == key
    assert message in f"{caught.value.message}; expected {caught.value.expected}, found {caught.value.actual}"


def test_names_the_field_that_cannot_be_derived() -> None:
    with pytest.raises(LockError, match="has no subdir") as caught:
        read({}, "file:///tmp/a-1-0.conda")
    assert caught.value.key == "packages[0].subdir"


def test_keeps_fields_that_nobody_knows() -> None:
    record = read({"mood": "fine", "count": "3", "tree": {"a": ["1.5", "x"]}})
    assert record.extra == {"mood": "fine", "count": 3, "tree": {"a": [1.5, "x"]}}
    assert record.to_record_json()["mood"] == "fine"


def test_record_json_is_what_rattler_writes(write_lock: Callable[..., Path], package: Callable[..., Any]) -> None:
    everything = package(
        "full",
        "python >=3.8",
        subdir="noarch",
        build="pyhd8_1",
        constrains=["other <2"],
        features="mkl",
        track_features=["a", "b"],
        license_family="BSD",
        purls=["pkg:pypi/full", "pkg:pypi/also"],
        python_site_packages_path="lib/python3.11/site-packages",
        legacy_bz2_md5="0" * 32,
        legacy_bz2_size=12,
        extra_depends={"test": ["pytest", "hypothesis >6"]},
        channel="https://other.example.com/x",
    )
    path = write_lock({"default": {"linux-64": [everything, package("plain", license=None)]}}, version=7)
    environment = LockFile.from_path(path).environment("default")
    assert environment is not None
    rattlers = {r.url: json.loads(r.to_json()) for r in environment.conda_repodata_records()["linux-64"]}

    from cs_lock import derive, read_lock

    lock = derive(read_lock(path), environment="default", strict=False)
    assert {r.url: r.to_record_json() for r in lock.packages("linux-64")} == rattlers


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("python", "python"),
        ("python >=3.8,<4", "python"),
        ("Python>=3.8", "python"),
        ("numpy=1.2=py_0", "numpy"),
        ("conda-forge::numpy[version='>=2']", "numpy"),
        ("conda-forge/linux-64::numpy 1.*", "numpy"),
        ("libfoo!=1", "libfoo"),
        ("foo~=1.0", "foo"),
        (" _x.y-z_1 *", "_x.y-z_1"),
    ],
)
def test_finds_the_name_in_a_match_spec(spec: str, name: str) -> None:
    assert parse_dependency_name(spec) == name
    if "/" not in spec:
        assert str(getattr(MatchSpec(spec.strip()).name, "normalized", name)) == name


@given(st.sampled_from(sorted(SUBDIRS)))
def test_every_subdir_has_an_architecture(subdir: str) -> None:
    arch, platform = split_subdir(subdir)
    assert arch
    assert subdir.startswith(f"{platform}-")


def test_noarch_is_derived_from_subdir_and_build() -> None:
    assert [derive_noarch("noarch", "pyh_0"), derive_noarch("noarch", "0"), derive_noarch("win-64", "py_0")] == [
        "python",
        "generic",
        None,
    ]
