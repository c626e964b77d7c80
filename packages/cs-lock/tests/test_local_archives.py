"""Archives that are files: they ship, and nothing of the machine that they were on does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rattler import LockFile

from cs_lock import LocalArchive, LockError, PackageRecord, RuntimeLock, derive, read_lock

Make = Callable[..., Any]

FOLDERS = [
    "/home/anna/pkgs",
    "../anna/pkgs",
    "./anna",
    "~/anna",
    "file:///home/anna/pkgs",
    "file:///home/anna%20b",
]


def write_entries(
    path: Path, entries: Mapping[str, Sequence[Mapping[str, Any]]], version: int, channels: list[str] | None = None
) -> Path:
    """Write a lock with these entries, unchanged; keys of ``entries`` are platforms."""
    import yaml

    records = {entry["conda"]: entry for platform in entries.values() for entry in platform}
    document: dict[str, Any] = {
        "version": version,
        "platforms": [{"name": name, "subdir": name[: len("linux-64")]} for name in sorted(entries)],
        "environments": {
            "default": {
                "channels": [{"url": url} for url in channels or []],
                "packages": {name: [{"conda": e["conda"]} for e in listed] for name, listed in entries.items()},
            }
        },
        "packages": list(records.values()),
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


def entry(location: str, **fields: Any) -> dict[str, Any]:
    return {"conda": location, "sha256": hashlib.sha256(location.encode()).hexdigest(), "subdir": "linux-64", **fields}


def derive_default(path: Path) -> RuntimeLock:
    return derive(read_lock(path), environment="default")


def read_as_rattler(lock: RuntimeLock, path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return what rattler reads of a rendered lock: for each platform, what identifies its packages."""
    path.write_bytes(lock.render())
    environment = LockFile.from_path(path).environment("default")
    assert environment is not None
    return {
        str(platform): sorted(
            (
                package.location,
                package.name,
                str(record.version),
                str(record.build),
                record.build_number,
                record.subdir,
            )
            for package in packages
            for record in [package.package_record]  # type: ignore[attr-defined]  # all are of conda packages
        )
        for platform, packages in dict(environment.packages_by_platform()).items()
    }


def describe(record: PackageRecord) -> tuple[Any, ...]:
    return record.url, record.name, record.version, record.build, record.build_number, record.subdir


@pytest.mark.parametrize("version", [1, 6, 7])
@pytest.mark.parametrize("folder", FOLDERS)
def test_a_local_archive_ships_without_its_folder(folder: str, version: int, tmp_path: Path) -> None:
    location = f"{folder}/a-1.0-h0_3.conda"
    lock = derive_default(write_entries(tmp_path / "x.lock", {"linux-64": [entry(location)]}, version, [folder]))
    (record,) = lock.packages("linux-64")
    assert record.is_local
    assert (record.url, record.location) == ("./a-1.0-h0_3.conda", location)
    assert record.channel is None
    record_json = record.to_record_json()
    assert record_json["url"] == "file:///local/linux-64/a-1.0-h0_3.conda"
    assert record_json["channel"] == "file:///local/"
    assert "anna" not in lock.render().decode() + repr(record_json)
    (read,) = read_as_rattler(lock, tmp_path / "runtime.lock").values()
    assert read == [describe(record)]


def test_the_file_of_an_archive_is_found_from_the_lock(tmp_path: Path) -> None:
    path = write_entries(tmp_path / "x.lock", {"linux-64": [entry("../pkgs/a-1-0.conda")]}, 6)
    (record,) = derive_default(path).packages("linux-64")
    assert record.find_file(path.parent).resolve() == tmp_path.parent.resolve() / "pkgs" / "a-1-0.conda"


def test_a_package_of_a_channel_has_no_file(write_lock: Make, package: Make) -> None:
    (record,) = derive_default(write_lock({"default": {"linux-64": [package("a")]}})).packages("linux-64")
    assert not record.is_local
    with pytest.raises(ValueError, match="is not a local archive"):
        record.find_file(Path())


@pytest.mark.parametrize("version", [4, 5])
def test_old_locks_have_local_archives_too(version: int, tmp_path: Path) -> None:
    fields = f"name: a, version: '1.0', build: h0_0, subdir: linux-64, sha256: {'ab' * 32}"
    text = f"version: {version}\nenvironments:\n  default:\n    channels: []\n    packages:\n      linux-64:\n"
    text += f"      - conda: ./anna/built.conda\npackages:\n- {{kind: conda, path: ./anna/built.conda, {fields}}}\n"
    (tmp_path / "pixi.lock").write_text(text)
    lock = derive_default(tmp_path / "pixi.lock")
    (record,) = lock.packages("linux-64")
    assert record.file_name == "a-1.0-h0_0.conda"
    assert "anna" not in lock.render().decode()
    assert read_as_rattler(lock, tmp_path / "runtime.lock") == {"linux-64": [describe(record)]}


@pytest.mark.parametrize("folder", ["file:///home/anna/output/noarch", "https://x.org/noarch"])
def test_a_file_name_may_be_the_whole_location(folder: str, tmp_path: Path) -> None:
    location = f"{folder}/a-1.0-h0_0.conda"
    fields = {"file_name": location, "subdir": "noarch", "noarch": "generic"}
    lock = derive_default(write_entries(tmp_path / "x.lock", {"linux-64": [entry(location, **fields)]}, 6))
    assert [record.file_name for record in lock.packages("linux-64")] == ["a-1.0-h0_0.conda"]
    assert b"file_name" not in lock.render()
    assert b"anna" not in lock.render()


def test_digest_and_size_that_a_lock_lacks_are_those_of_the_file(tmp_path: Path) -> None:
    content = b"an archive" * 100_000
    (tmp_path / "a-1-0.conda").write_bytes(content)
    path = write_entries(tmp_path / "x.lock", {"linux-64": [entry("./a-1-0.conda", sha256=None)]}, 6)
    (record,) = derive_default(path).packages("linux-64")
    assert (record.sha256, record.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))


def test_a_digest_that_the_lock_has_stays(tmp_path: Path) -> None:
    (tmp_path / "a-1-0.conda").write_bytes(b"another")
    path = write_entries(tmp_path / "x.lock", {"linux-64": [entry("./a-1-0.conda", sha256="ab" * 32)]}, 6)
    assert derive_default(path).packages("linux-64")[0].sha256 == "ab" * 32


def test_a_pinned_file_that_is_gone_is_listed_and_still_ships(tmp_path: Path) -> None:
    path = write_entries(tmp_path / "x.lock", {"linux-64": [entry("./a-1-0.conda", sha256="ab" * 32)]}, 6)
    lock = derive_default(path)
    (lost,) = lock.lost("linux-64")
    assert (lost.label, lost.reason, lost.sha256, lost.key) == ("conda:a", "lost-file", "ab" * 32, "packages[0]")
    assert (lock.pending("linux-64"), lock.problems) == ((), ())
    assert lock.render()
    (tmp_path / "a-1-0.conda").write_bytes(b"anything")
    assert derive_default(path).lost("linux-64") == ()


@pytest.mark.parametrize("is_directory", [False, True])
def test_no_digest_and_no_file_waits_for_an_archive(is_directory: bool, tmp_path: Path) -> None:
    if is_directory:
        (tmp_path / "a-1-0.conda").mkdir()
    path = write_entries(tmp_path / "x.lock", {"linux-64": [entry("./a-1-0.conda", sha256=None)]}, 6)
    lock = derive_default(path)
    (waiting,) = lock.pending("linux-64")
    assert (waiting.label, waiting.reason, waiting.version) == ("conda:a", "missing-file", "1")
    assert waiting.find_path(path.parent) == tmp_path / "a-1-0.conda"
    with pytest.raises(LockError) as caught:
        lock.render()
    (problem,) = caught.value.problems
    assert (problem.kind, problem.key) == ("missing-archive", "packages[0]")
    assert problem.message == "the package a 1 needs an archive: its file cannot be read: ./a-1-0.conda"


@pytest.mark.parametrize("location", ["file:///home/anna/a-1-0.conda", "../a-1-0.conda", "/a-1-0.conda"])
def test_a_file_that_the_lock_does_not_describe_completely_waits_for_its_index(location: str, tmp_path: Path) -> None:
    path = write_entries(tmp_path / "x.lock", {"linux-64": [entry(location, subdir=None)]}, 1)
    lock = derive_default(path)
    (waiting,) = lock.pending("linux-64")
    assert (waiting.label, waiting.reason, waiting.location) == ("conda:a", "incomplete", location)
    index = {"name": "a", "version": "1", "build": "0", "build_number": 0, "subdir": "linux-64", "depends": []}
    file = waiting.find_path(path.parent)
    settled = lock.settle({"a": LocalArchive.of_conda(file, index, sha256="ab" * 32, size_bytes=3)})
    assert read_as_rattler(settled, tmp_path / "runtime.lock") == {
        "linux-64": [describe(record) for record in settled.packages("linux-64")]
    }
    assert derive(read_lock(path), environment="default", exclude=["a"]).packages("linux-64") == ()


def test_archives_of_two_subdirs_may_be_called_alike(tmp_path: Path) -> None:
    entries = {
        name: [entry(f"./pkgs/{name}/a-1-0.conda", subdir=name), entry("./pkgs/noarch/b-1-0.conda", subdir="noarch")]
        for name in ("linux-64", "osx-64")
    }
    lock = derive_default(write_entries(tmp_path / "x.lock", entries, 6))
    assert read_as_rattler(lock, tmp_path / "runtime.lock").keys() == {"linux-64", "osx-64"}
    assert [line for line in lock.render().decode().splitlines() if line.startswith("- conda")] == [
        "- conda: ./b-1-0.conda",
        "- conda: ./linux-64/a-1-0.conda",
        "- conda: ./osx-64/a-1-0.conda",
    ]
    assert {record.url for record in lock.packages("osx-64")} == {"./a-1-0.conda", "./b-1-0.conda"}
    again = derive_default(tmp_path / "runtime.lock")
    assert again.render() == lock.render()


@pytest.mark.parametrize("is_same", [False, True])
def test_different_archives_of_one_name_for_one_subdir_are_refused(is_same: bool, tmp_path: Path) -> None:
    digests = ["ab" * 32, ("ab" if is_same else "cd") * 32]
    entries = {
        "linux-64": [entry("./x/a-1-0.conda", sha256=digests[0])],
        "linux-64-cuda": [entry("./y/a-1-0.conda", sha256=digests[1])],
    }
    lock = derive(read_lock(write_entries(tmp_path / "x.lock", entries, 7)), environment="default", strict=False)
    assert [problem.kind for problem in lock.errors] == ([] if is_same else ["duplicate-file-name"])
    if not is_same:
        assert (
            lock.errors[0].message
            == "./x/a-1-0.conda and ./y/a-1-0.conda are different archives with the same file name"
        )


def test_two_packages_of_one_platform_with_one_file_name_are_refused(tmp_path: Path) -> None:
    entries = {"linux-64": [entry("./x/a-1-0.conda"), entry("https://x.org/linux-64/a-1-0.conda", name="b")]}
    lock = derive(read_lock(write_entries(tmp_path / "x.lock", entries, 6)), environment="default", strict=False)
    assert [(p.kind, p.message) for p in lock.errors] == [
        ("duplicate-file-name", "a and b have the same file name: a-1-0.conda")
    ]


@pytest.mark.parametrize("name", ["-a-1-0.conda", "a-1-é.conda", "a-1-0$.conda"])
def test_file_names_that_no_bundle_takes_are_refused(name: str, tmp_path: Path) -> None:
    path = write_entries(tmp_path / "x.lock", {"linux-64": [entry(f"./{name}")]}, 6)
    lock = derive(read_lock(path), environment="default", strict=False)
    assert [problem.kind for problem in lock.errors] == ["invalid-file-name"]


def test_channels_that_are_directories_do_not_ship(tmp_path: Path) -> None:
    channels = ["./c", "https://x.org/c/", "file:///home/anna/c", "oci://x.org/c", "/home/anna/c"]
    path = write_entries(
        tmp_path / "x.lock", {"linux-64": [entry("https://x.org/c/linux-64/a-1-0.conda")]}, 6, channels
    )
    lock = derive_default(path)
    assert [channel.url for channel in lock.channels] == ["https://x.org/c/", "oci://x.org/c"]
    assert "anna" not in lock.render().decode()


_NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True).filter(lambda name: not name.endswith("-"))
_VERSIONS = st.from_regex(r"[1-9][0-9]{0,2}(\.(0|[1-9][0-9]{0,2})){0,2}", fullmatch=True)
_BUILDS = st.from_regex(r"(py|h)?[a-z0-9]{1,5}(_[0-9]{1,3})?", fullmatch=True)
_FOLDERS = st.sampled_from(
    [
        *("./p", "..", "/srv/c/linux-64", "file:///srv/c/linux-64", "file:///srv/c/noarch", "./c/noarch", "C:\\c"),
        *("https://x.org/c/linux-64", "HTTP://x.org/c/noarch", "oci://x.org/c/linux-64", "oci://x.org/c/noarch"),
        *("https://x.org/linux-64", "https://x.org//c//noarch", "https://x.org/odd/place"),
    ]
)
_KINDS = st.sampled_from([None, "python", "generic"])


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(_FOLDERS, _NAMES, _VERSIONS, _BUILDS, st.sampled_from(["linux-64", "noarch"]), _KINDS),
        max_size=6,
        unique_by=(lambda package: package[1], lambda package: "-".join(package[1:4])),
    ),
    st.sampled_from([1, 6, 7]),
)
def test_rattler_reads_every_lock_that_is_rendered(
    packages: list[tuple[str, str, str, str, str, str | None]], version: int
) -> None:
    import tempfile

    entries: list[Mapping[str, Any]] = []
    for folder, name, release, build, subdir, noarch in packages:
        fields = {"noarch": noarch} if noarch else {}
        entries.append(entry(f"{folder}/{name}-{release}-{build}.conda", subdir=subdir, **fields))
    entries.append(entry("https://x.org/c/linux-64/python-3.12-0.conda"))
    with tempfile.TemporaryDirectory() as directory:
        path = write_entries(Path(directory, "x.lock"), {"linux-64": entries}, version)
        lock = derive(read_lock(path), environment="default")
        expected = sorted(describe(record) for record in lock.packages("linux-64"))
        assert read_as_rattler(lock, Path(directory, "runtime.lock")) == {"linux-64": expected}
        assert derive_default(Path(directory, "runtime.lock")).render() == lock.render()
