"""The libraries import none of each other, so some small things are there twice: they have to stay the same.

The architecture page lists them.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import cs_bundle._digests
import cs_bundle._paths
import cs_bundle._urls
import cs_lock._credentials
import cs_lock._digests
import cs_lock._names
import cs_lock._paths
import cs_lock._suggestions
import cs_manifest._credentials
import cs_manifest._paths
import cs_manifest._platforms
import cs_manifest._specs
import cs_manifest._suggestions
import cs_stamp._copying
import cs_stamp._paths
from cs_bundle._replacing import replacing as replacing_of_bundle
from cs_cli.archives.remembered import write_atomically
from cs_lock import SUBDIRS, Requirement
from cs_stamp import PlanRequirement
from cs_stamp._writer import replacing as replacing_of_stamp

NAMES = st.text("abcXYZ-_. 019é", max_size=12)


@given(NAMES, st.lists(NAMES, max_size=6))
def test_suggestions_are_the_same(name: str, known: list[str]) -> None:
    lock, manifest = cs_lock._suggestions, cs_manifest._suggestions
    assert lock.did_you_mean(name, known) == manifest.did_you_mean(name, known)
    assert lock.sort_by_nearness(name, known) == manifest.sort_by_nearness(name, known)


@given(NAMES)
def test_names_of_pypi_are_the_same(name: str) -> None:
    assert cs_lock._names.normalize_pypi_name(name) == cs_manifest._specs.normalize_pypi_name(name)


def test_what_hides_a_secret_is_the_same() -> None:
    assert cs_bundle._urls.HIDDEN == cs_lock._credentials.MASK == cs_manifest._credentials.MASK == "***"


@pytest.mark.parametrize("name", ["_names_host", "_is_plainly_spelled"])
def test_addresses_are_read_by_the_same_code(name: str) -> None:
    copies = [inspect.getsource(getattr(module, name)) for module in (cs_bundle._urls, cs_lock._credentials)]
    assert copies[0] == copies[1]


@pytest.mark.parametrize("name", ["_IGNORED", "_SCHEME", "_DOTS", "_ESCAPE"])
def test_addresses_are_read_with_the_same_patterns(name: str) -> None:
    assert getattr(cs_bundle._urls, name) == getattr(cs_lock._credentials, name)


def test_a_path_is_the_same_for_every_library() -> None:
    libraries = (cs_manifest, cs_lock, cs_bundle, cs_stamp)
    assert len({inspect.getsource(library._paths) for library in libraries}) == 1


def test_what_takes_bytes_is_described_by_the_same_code() -> None:
    assert inspect.getsource(cs_bundle._digests.Digest) == inspect.getsource(cs_stamp._copying.Digest)


@given(st.binary(max_size=200))
def test_a_file_has_the_same_digest(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "hashed"
    path.write_bytes(data)
    for hash_file in (cs_lock._digests.hash_file, cs_stamp._copying.hash_file):
        assert hash_file(path) == (cs_bundle.hash_file(path), len(data))


def test_a_requirement_has_the_same_fields_in_a_lock_and_in_a_plan() -> None:
    def describe(shape: Any) -> list[tuple[str, Any, Any]]:
        return [(field.name, field.type, field.default) for field in fields(shape)]

    assert describe(Requirement) == describe(PlanRequirement)


def test_every_platform_of_a_manifest_can_be_in_a_lock() -> None:
    assert set(cs_manifest._platforms.KNOWN_SUBDIRS) < SUBDIRS


def write_with(replacing: Callable[[Path], Any]) -> Callable[[Path, bytes], None]:
    def write(path: Path, data: bytes) -> None:
        with replacing(path) as file:
            file.write(data)

    return write


WRITERS = [write_with(replacing_of_bundle), write_with(replacing_of_stamp), write_atomically]


@pytest.mark.parametrize("write", WRITERS, ids=["bundle", "stamp", "cli"])
def test_a_file_takes_the_place_of_another_and_leaves_nothing_else(
    write: Callable[[Path, bytes], None], tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old and longer")
    write(path, b"new")
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == {"file": b"new"}


@pytest.mark.parametrize("write", WRITERS, ids=["bundle", "stamp", "cli"])
def test_a_file_that_cannot_take_its_place_is_removed(write: Callable[[Path, bytes], None], tmp_path: Path) -> None:
    path = tmp_path / "directory"
    (path / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write(path, b"new")
    assert sorted(one.name for one in tmp_path.rglob("*")) == ["directory", "inside"]
