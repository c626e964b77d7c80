"""The vectors that other implementations read."""

from __future__ import annotations

import contextlib
import json
import random
from pathlib import Path
from typing import Any

import pytest
from regenerate import regenerate

from cs_stamp import Mark, StampError, read_mark, read_stamp, verify_signature, verify_stamp

VECTORS = Path(__file__).parent.parent / "vectors"
INDEX: dict[str, Any] = json.loads((VECTORS / "vectors.json").read_text(encoding="utf-8"))


def name_of(vector: dict[str, Any]) -> str:
    return Path(vector["file"]).stem


@pytest.mark.parametrize("vector", INDEX["good"], ids=name_of)
def test_a_good_vector_is_read_as_its_index_says(vector: dict[str, Any]) -> None:
    report = verify_stamp(VECTORS / vector["file"])
    assert report.identity == vector["identity"]
    assert report.header.to_dict() == vector["header"]
    assert report.plan.to_dict() == vector["plan"]
    assert report.stamp_offset == vector["stamp_offset"]
    assert report.trailing_size_bytes == vector["trailing_size_bytes"]
    found = {
        part.tag: {"offset": part.offset, "size_bytes": part.size_bytes, "sha256": part.sha256} for part in report.parts
    }
    assert found == vector["parts"]


def test_one_vector_says_something_else_than_the_plain_one_in_every_setting() -> None:
    plain, busy = (
        next(one["header"] for one in INDEX["good"] if name_of(one) == name) for name in ("online", "every-option")
    )
    others = ["builder", "runtime_version", "artifact_name", "layout", "platform", "delegate", "channels"]
    measured = ["bundle_file_name", "installed_size_bytes"]
    assert [name for name in plain if busy[name] == plain[name]] == sorted(["schema_version", *others, *measured])


@pytest.mark.parametrize("vector", INDEX["bad"], ids=name_of)
def test_a_bad_vector_is_refused_as_its_index_says(vector: dict[str, Any]) -> None:
    with pytest.raises(StampError) as caught:
        verify_stamp(VECTORS / vector["file"])
    assert {"kind": caught.value.kind, "part": caught.value.part} == vector["error"]


def is_found_in_a_part(vector: dict[str, Any]) -> bool:
    # Limits are checked when the footer is read.
    is_too_long = vector["file"].endswith(("-beyond-its-limit.bin", "launch-too-long.bin"))
    return vector["error"]["part"] not in (None, "footer", "header") and not is_too_long


@pytest.mark.parametrize("vector", [one for one in INDEX["bad"] if is_found_in_a_part(one)], ids=name_of)
def test_damage_elsewhere_leaves_the_header_readable(vector: dict[str, Any]) -> None:
    with read_stamp(VECTORS / vector["file"]) as stamp:
        assert stamp.header.runtime == "demo"


@pytest.mark.parametrize("vector", INDEX["marks"], ids=lambda vector: str(vector["version"]))
def test_a_mark_is_read_as_its_index_says(vector: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "template").write_bytes(b"program" + bytes.fromhex(vector["hex"]) + b"program")
    formats = tuple(vector["stamp_formats"])
    texts = {key: vector[key] for key in ("name", "version", "target")}
    assert read_mark(tmp_path / "template") == Mark(**texts, stamp_formats=formats)


def test_every_file_is_in_the_index() -> None:
    stored = {path.relative_to(VECTORS).as_posix() for path in VECTORS.glob("*/*.bin")}
    assert stored == {vector["file"] for vector in [*INDEX["good"], *INDEX["bad"]]}


def test_regenerating_gives_the_same_bytes(tmp_path: Path) -> None:
    regenerate(tmp_path)
    written = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for path, data in written.items():
        assert (VECTORS / path).read_bytes() == data, path
    assert len(written) == len(INDEX["good"]) + len(INDEX["bad"]) + 1


@pytest.mark.parametrize("vector", INDEX["damage"], ids=name_of)
def test_damage_at_random_is_refused_by_this_package_or_not_at_all(vector: dict[str, Any], tmp_path: Path) -> None:
    good, dice = (VECTORS / vector["file"]).read_bytes(), random.Random(vector["file"])
    for _ in range(300):
        changed = bytearray(good)
        for _ in range(dice.randrange(1, 8)):
            changed[dice.randrange(4, 0x260)] = dice.randrange(256)
        (tmp_path / "changed").write_bytes(changed)
        with contextlib.suppress(StampError):
            verify_stamp(tmp_path / "changed")
        with contextlib.suppress(StampError):
            verify_signature(tmp_path / "changed")
