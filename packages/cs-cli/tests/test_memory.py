"""Remembered digests of bundles."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cs_bundle import ExpectedArchive
from cs_cli.memory import recall_bundle, remember_bundle

ARCHIVES = [ExpectedArchive(file_name=f"{name}-1-0.conda", sha256=name * 64, size_bytes=1) for name in "abc"]
DIGEST = "5" * 64


def test_the_order_of_archives_does_not_matter(tmp_path: Path) -> None:
    remember_bundle(tmp_path, ARCHIVES, DIGEST)
    assert recall_bundle(tmp_path, reversed(ARCHIVES)) == DIGEST
    assert [path.name[0] != "." for path in (tmp_path / "bundles-1").iterdir()] == [True]


@pytest.mark.parametrize("change", [{"file_name": "x-1-0.conda"}, {"sha256": "f" * 64}])
def test_other_archives_are_another_bundle(change: dict[str, str], tmp_path: Path) -> None:
    remember_bundle(tmp_path, ARCHIVES, DIGEST)
    assert recall_bundle(tmp_path, [replace(ARCHIVES[0], **change), *ARCHIVES[1:]]) is None  # type: ignore[arg-type]
    assert recall_bundle(tmp_path, ARCHIVES[1:]) is None


@pytest.mark.parametrize("data", [b"", b"5" * 63, b"X" * 64, b"\xff" * 64])
def test_a_damaged_memory_is_ignored(data: bytes, tmp_path: Path) -> None:
    remember_bundle(tmp_path, ARCHIVES, DIGEST)
    next((tmp_path / "bundles-1").iterdir()).write_bytes(data)
    assert recall_bundle(tmp_path, ARCHIVES) is None
    remember_bundle(tmp_path, ARCHIVES, DIGEST)
    assert recall_bundle(tmp_path, ARCHIVES) == DIGEST


def test_a_cache_that_cannot_be_written_to_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the way")
    remember_bundle(tmp_path / "cache", ARCHIVES, DIGEST)
    assert recall_bundle(tmp_path / "cache", ARCHIVES) is None
