"""One file by itself, and what is beside it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from cli_samples import list_passed, list_unchecked, verify
from cs_cli.verification.checks import Result


@pytest.fixture
def alone(dist: Path, tmp_path: Path) -> Path:
    """Return an empty folder to put single files of the build into."""
    (tmp_path / "alone").mkdir()
    return tmp_path / "alone"


def flip(path: Path, offset: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(data)


def kinds(result: Result) -> list[tuple[str, str]]:
    return [(one.check, one.error.kind) for one in result.checks if one.error is not None]


def test_a_runtime_is_compared_with_the_checksum_beside_it(dist: Path) -> None:
    assert "demo: checksum" in list_passed(verify(dist / "demo"))
    flip(dist / "demo", 40)  # in the template, which the stamp does not cover
    assert ("checksum", "checksum-mismatch") in kinds(verify(dist / "demo"))


def test_a_runtime_with_another_name_says_that_no_checksum_is_listed(dist: Path) -> None:
    shutil.move(dist / "demo", dist / "renamed")
    result = verify(dist / "renamed")
    assert kinds(result) == []
    assert "renamed: demo.sha256 does not list this name" in list_unchecked(result)


def test_a_link_that_the_user_names_is_followed(dist: Path, alone: Path) -> None:
    (alone / "demo").symlink_to(Path(dist / "demo").absolute())
    assert "demo: checksum" in list_passed(verify(alone / "demo"))


def test_a_bundle_is_checked_against_the_runtime_beside_it(dist: Path, alone: Path) -> None:
    for name in ("demo", "demo.bundle.tar.zst"):
        shutil.copy(dist / name, alone)
    bundle = alone / "demo.bundle.tar.zst"
    assert list_passed(verify(bundle)) == ["demo.bundle.tar.zst: 3 archives, as demo says"]
    flip(bundle, bundle.read_bytes().index(b"python-3.11.7-0") + 600)
    assert kinds(verify(bundle)) == [("archives", "sha256-mismatch")]


def test_a_bundle_is_checked_against_the_lock_beside_it(dist: Path, alone: Path) -> None:
    for name in ("demo.runtime.lock", "demo.bundle.tar.zst"):
        shutil.copy(dist / name, alone)
    bundle = alone / "demo.bundle.tar.zst"
    assert list_passed(verify(bundle)) == ["demo.bundle.tar.zst: 3 archives, as demo.runtime.lock says"]
    flip(bundle, bundle.read_bytes().index(b"python-3.11.7-0") + 600)
    assert kinds(verify(bundle)) == [("archives", "sha256-mismatch")]


def test_a_bundle_alone_is_checked_by_its_form(dist: Path, alone: Path) -> None:
    bundle = Path(shutil.copy(dist / "demo.bundle.tar.zst", alone))
    result = verify(bundle)
    assert list_passed(result) == ["demo.bundle.tar.zst: 3 archives in good form"]
    unchecked, _ = list_unchecked(result)
    assert "neither its runtime nor its lock is beside it" in unchecked
    bundle.write_bytes(bundle.read_bytes()[:-700])
    assert [check for check, _ in kinds(verify(bundle))] == ["archives"]


@pytest.mark.parametrize("name", ["demo.packages.txt", "demo.info.json", "demo.cdx.json", "demo.runtime.lock"])
def test_another_file_is_compared_with_its_checksum(name: str, dist: Path) -> None:
    assert kinds(verify(dist / name)) == []
    flip(dist / name)
    assert kinds(verify(dist / name)) == [("checksum", "checksum-mismatch")]


def test_a_file_that_nothing_vouches_for_is_not_right(dist: Path, alone: Path) -> None:
    lock = Path(shutil.copy(dist / "demo.runtime.lock", alone))
    assert kinds(verify(lock)) == [("checksum", "nothing-staged")]


def test_a_checksum_file_stands_for_its_build(dist: Path) -> None:
    (dist / "other").write_text("")
    result = verify(dist / "demo.sha256")
    assert {"demo.runtime.lock: lock matches the runtime", "demo: checksum"} <= set(list_passed(result))
    assert list_unchecked(result) == []


@pytest.mark.only("on Unix", "it has named pipes")
def test_what_is_beside_a_runtime_may_be_anything(dist: Path) -> None:
    for name in ("demo.bundle.tar.zst", "demo.sha256"):
        (dist / name).unlink()
        os.mkfifo(dist / name)
    result = verify(dist / "demo")
    assert kinds(result) == [("archives", "not-a-file")]
    (dist / "demo.bundle.tar.zst").unlink()
    assert kinds(verify(dist / "demo")) == [("checksums", "not-a-file")]
