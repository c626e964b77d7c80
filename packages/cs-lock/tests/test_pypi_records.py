"""PyPI packages are read from locks of every version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rattler import LockChannel, LockFile, LockPlatform

from cs_lock import LockError, PypiRecord, derive, read_lock
from cs_lock._pypi_entries import read_pypi_record
from pypi_samples import COMMIT, FILES, derive_wheels, digest, in_version, located, python, wheel

Make = Callable[..., Any]
VERSIONS = [1, 4, 5, 6, 7]
SHA256 = "ab" * 32
REPOSITORY = "https://github.com/psf/requests.git"


def record_of(location: str, **fields: Any) -> PypiRecord:
    return read_pypi_record({"name": "a", "version": "1.0", **fields}, location, "packages[3]")


@pytest.mark.parametrize("version", VERSIONS)
def test_wheels_ship_from_locks_of_every_version(version: int, write_lock: Make, package: Make) -> None:
    entry = in_version(wheel("Flask_Ext", "Jinja2 >=3", requires_python=">=3.8"), version)
    jinja = in_version(wheel("jinja2", tag="cp312-cp312-manylinux_2_17_x86_64"), version)
    path = write_lock({"default": {"linux-64": [python(package)]}}, version, foreign=[entry, jinja])
    lock = derive_wheels(path)
    first, second = lock.wheels("linux-64")
    assert (first.name, first.version, first.tag) == ("jinja2", "1.0", "cp312-cp312-manylinux_2_17_x86_64")
    assert (second.name, second.requires_dist, second.requires_python) == ("flask-ext", ("jinja2>=3",), ">=3.8")
    assert second.url == f"{FILES}/Flask_Ext-1.0-py3-none-any.whl"
    assert second.sha256 == digest(second.url)
    assert (second.size_bytes, second.is_local, second.direct_url) == (None, False, None)
    assert (first.is_pure, second.is_pure) == (False, True)
    assert [record.name for record in lock.packages("linux-64")] == ["python"]
    assert not lock.pending("linux-64")
    assert not lock.problems


@pytest.mark.parametrize(
    ("location", "origin", "form", "url", "file_name"),
    [
        ("https://x.org/a%2Bb-1.whl", "index", "wheel", "https://x.org/a%2Bb-1.whl", "a+b-1.whl"),
        ("HTTPS://x.org/a-1.whl", "index", "wheel", "https://x.org/a-1.whl", "a-1.whl"),
        ("http://x.org/a-1.tar.gz", "index", "sdist", "http://x.org/a-1.tar.gz", "a-1.tar.gz"),
        ("direct+https://x.org/a-1.whl", "url", "wheel", "https://x.org/a-1.whl", "a-1.whl"),
        ("direct+https://x.org/a.zip#subdirectory=b", "url", "sdist", "https://x.org/a.zip", "a.zip"),
        ("./d/a-1.whl", "file", "wheel", None, "a-1.whl"),
        ("C:\\d\\a-1.whl", "file", "wheel", None, "a-1.whl"),
        ("file:///d/a%20b-1.whl", "file", "wheel", None, "a b-1.whl"),
        ("direct+file:///d/a-1.tgz", "file", "sdist", None, "a-1.tgz"),
        (".", "directory", "tree", None, None),
        ("../a", "directory", "tree", None, None),
        ("/home/anna/a/", "directory", "tree", None, None),
        ("file:///home/anna/a", "directory", "tree", None, None),
    ],
)
def test_a_location_says_what_it_is(location: str, origin: str, form: str, url: str | None, file_name: str) -> None:
    record = record_of(location, sha256=SHA256)
    assert (record.origin, record.form, record.url, record.file_name) == (origin, form, url, file_name)
    assert record.location == location
    # The digest of a directory is of files in it, not of an archive.
    assert record.sha256 == ("" if form == "tree" else SHA256)


@pytest.mark.parametrize(
    ("location", "revision", "subdirectory"),
    [
        (f"git+{REPOSITORY}#{COMMIT}", None, None),
        (f"git+{REPOSITORY}?rev=main&subdirectory=lib%2Fa#{COMMIT}", "main", "lib/a"),
        (f"git+{REPOSITORY}?tag=v1#{COMMIT}", "v1", None),
        (f"git+{REPOSITORY}@main?subdirectory=a#{COMMIT}", "main", "a"),
        (f"git+{REPOSITORY}@{COMMIT}#subdirectory=a", COMMIT, "a"),
        (f"direct+git+{REPOSITORY}?rev={COMMIT}", COMMIT, None),
    ],
)
def test_a_repository_has_a_commit(location: str, revision: str | None, subdirectory: str | None) -> None:
    record = record_of(location)
    assert (record.origin, record.form, record.url, record.commit) == ("git", "tree", REPOSITORY, COMMIT)
    assert (record.requested_revision, record.subdirectory) == (revision, subdirectory)


def test_an_ssh_repository_may_name_its_account() -> None:
    assert record_of(f"git+ssh://git@github.com/a/b.git#{COMMIT}").url == "ssh://git@github.com/a/b.git"


@pytest.mark.parametrize(
    ("location", "fields", "kind"),
    [
        (f"git+{REPOSITORY}", {}, "git-not-pinned"),
        (f"git+{REPOSITORY}?rev=main", {}, "git-not-pinned"),
        (f"git+{REPOSITORY}#{COMMIT[:7]}", {}, "git-not-pinned"),
        ("https://x.org/a-1.egg", {}, "unknown-distribution"),
        ("direct+https://x.org/", {}, "unknown-distribution"),
        ("ftp://x.org/a-1.whl", {}, "unknown-scheme"),
        ("https://x.org:99999/a-1.whl", {}, "invalid-url"),
        ("https://x.org/a b-1.whl", {}, "invalid-url"),
        ("https://u:p@x.org/a-1.whl", {}, "credentials"),
        ("https://x.org/a-1.whl?key=1", {}, "credentials"),
        ("https://x.org/a-1.whl#key", {}, "credentials"),
        ("https://x.org/t/secret/a-1.whl", {}, "credentials"),
        (f"git+https://u:p@x.org/a#{COMMIT}", {}, "credentials"),
        (f"git+ssh://u:p@x.org/a#{COMMIT}", {}, "credentials"),
        (f"git+https://x.org/a?token=x#{COMMIT}", {}, "credentials"),
        (f"git+https://x.org/a?subdirectory=../b#{COMMIT}", {}, "invalid-value"),
        ("./a-1.whl", {"index": "https://u:p@x.org/simple"}, "credentials"),
        ("./a-1.whl", {"index": "https://x.org/a b"}, "invalid-value"),
        ("./a-1.whl", {"requires_dist": ["b @ https://u:p@x.org/b.whl"]}, "credentials"),
        ("./a-1.whl", {"requires_dist": ["b\n"]}, "invalid-value"),
        ("./a-1.whl", {"version": "x"}, "invalid-value"),
        ("./a-1.whl", {"name": "a/b"}, "invalid-value"),
        ("./a-1.whl", {"sha256": "ab"}, "invalid-value"),
        (".", {"name": None}, "missing-field"),
        (f"https://x.org/a-1.whl#sha256={SHA256}", {"sha256": "cd" * 32}, "conflicting-records"),
    ],
)
def test_what_cannot_ship_is_refused(location: str, fields: dict[str, Any], kind: str) -> None:
    with pytest.raises(LockError) as caught:
        record_of(location, **fields)
    assert caught.value.kind == kind
    assert str(caught.value.key).startswith("packages[3]")
    assert "u:p" not in str(caught.value)


def test_a_fragment_may_have_the_digest() -> None:
    record = record_of(f"https://x.org/a-1.whl#sha256={SHA256}")
    assert (record.sha256, record.url) == (SHA256, "https://x.org/a-1.whl")


@pytest.mark.parametrize("name", ["a", "A"])
def test_a_folder_of_an_index_is_not_a_token(name: str) -> None:
    url = "https://files.pythonhosted.org/packages/source/t/a/a-1.tar.gz"
    assert record_of(url, name=name).url == url


def test_an_index_that_is_the_usual_one_or_a_directory_is_left_out() -> None:
    for index in ("https://pypi.org/simple", "https://pypi.org/simple/", "file:///home/anna/simple", "./simple"):
        assert record_of("./a-1.whl", index=index).index is None
    assert record_of("./a-1.whl", index="https://x.org/simple").index == "https://x.org/simple"


def test_a_path_within_a_requirement_does_not_ship() -> None:
    requires = [
        "b @ file:///home/anna/b ; extra == 'x'",
        "c[z] @ ../c",
        "d @ https://x.org/d.whl",
        "e>1 ; extra=='@ x'",
    ]
    record = record_of("./a-1.whl", requires_dist=requires)
    assert record.requires_dist == ("b ; extra == 'x'", "c[z]", "d @ https://x.org/d.whl", "e>1 ; extra=='@ x'")


def test_a_nameless_wheel_has_that_of_its_file() -> None:
    assert record_of("https://x.org/Foo_Bar-1.0-py3-none-any.whl", name=None).name == "foo-bar"


def test_two_entries_for_one_file_are_one(write_lock: Make, package: Make) -> None:
    entry = wheel("a")
    rest = {key: value for key, value in entry.items() if key not in ("sha256", "version")}
    path = write_lock({"default": {"linux-64": [python(package)]}}, 6, foreign=[rest, entry])
    (one,) = derive_wheels(path).wheels("linux-64")
    assert (one.version, one.sha256) == ("1.0", entry["sha256"])


def test_two_entries_that_disagree_are_refused(write_lock: Make, package: Make) -> None:
    path = write_lock({"default": {"linux-64": [python(package)]}}, 6, foreign=[wheel("a"), wheel("a", sha256=SHA256)])
    (problem,) = derive_wheels(path, strict=False).errors
    assert (problem.kind, problem.package) == ("conflicting-records", "pypi:a")


def test_the_digests_of_a_directory_may_disagree(write_lock: Make, package: Make) -> None:
    entries = [located(".", "a", sha256=digest(text)) for text in "xy"]
    path = write_lock({"default": {"linux-64": [python(package)]}}, 6, foreign=entries)
    assert [entry.label for entry in derive_wheels(path).pending("linux-64")] == ["pypi:a"]


def test_two_wheels_of_one_project_are_refused(write_lock: Make, package: Make) -> None:
    path = write_lock({"default": {"linux-64": [python(package)]}}, 6, foreign=[wheel("a"), wheel("a", version="2")])
    (problem,) = derive_wheels(path, strict=False).errors
    assert (problem.kind, problem.package) == ("duplicate-package", "pypi:a")
    assert problem.message == "the PyPI package a appears twice: a-1.0-py3-none-any.whl and a-2-py3-none-any.whl"


def test_a_damaged_entry_names_what_requires_it(write_lock: Make, package: Make) -> None:
    foreign = [wheel("app", "helper", "c"), wheel("helper", version="x"), located(f"git+{REPOSITORY}", "c")]
    source = read_lock(write_lock({"default": {"linux-64": [python(package)]}}, 6, foreign=foreign))
    options: dict[str, Any] = {"requested": ["pypi:app", "c"], "features": {"pypi:app": "web", "conda:c": "no"}}
    lock = derive(source, environment="default", strict=False, **options)
    first, second = sorted(lock.errors, key=lambda problem: problem.package or "")
    assert second.message == (
        "the PyPI package helper: version has the wrong type or form; expected the version of a PyPI package, "
        "found 'x' (pypi:app needs it; the feature 'web' asks for pypi:app)"
    )
    assert (second.feature, second.kind) == ("web", "invalid-value")
    assert (first.package, first.kind, first.hint) == ("pypi:c", "git-not-pinned", "lock the workspace again")
    (problem,) = derive(source, environment="default", exclude=["helper", "pypi:c"], **options).problems
    assert (problem.kind, problem.severity, problem.package) == ("lost-dependency", "warning", "pypi:app")


def test_a_wheel_of_this_machine_has_the_digest_of_its_file(write_lock: Make, package: Make) -> None:
    entry = located("./dist/a-1.0-py3-none-any.whl", "a")
    path: Path = write_lock({"default": {"linux-64": [python(package)]}}, 6, foreign=[entry])
    lock = derive_wheels(path)
    assert [one.reason for one in lock.pending("linux-64")] == ["missing-file"]
    file = path.parent / "dist" / "a-1.0-py3-none-any.whl"
    file.parent.mkdir()
    file.write_bytes(b"a wheel")
    (one,) = derive_wheels(path).wheels("linux-64")
    assert (one.sha256, one.size_bytes, one.url, one.is_local) == (digest("a wheel"), 7, None, True)
    assert one.find_file(path.parent) == file
    assert one.direct_url is None


def test_a_lock_that_rattler_made_is_read(tmp_path: Path) -> None:
    platform = LockPlatform("linux-64")
    lock = LockFile([platform])
    lock.set_channels("default", [LockChannel("https://conda.example.com/forge")])
    for name, location in (("a", f"{FILES}/a-1.0-py3-none-any.whl"), ("b", "./b"), ("c", f"git+{REPOSITORY}#{COMMIT}")):
        lock.add_pypi_package("default", platform, name, "1.0", location)
    lock.to_path(tmp_path / "pixi.lock")
    pending = derive_wheels(tmp_path / "pixi.lock", strict=False).pending("linux-64")
    assert [(entry.label, entry.reason) for entry in pending] == [
        ("pypi:a", "unpinned"),
        ("pypi:b", "directory"),
        ("pypi:c", "git"),
    ]
