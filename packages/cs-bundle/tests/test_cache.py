"""Archives that are already in the cache."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bundle_samples import expect
from cs_bundle import ArchiveNameError, WantedArchive, find_cached
from cs_bundle._cache import cached_path


@pytest.fixture
def cached(tmp_path: Path, archives: dict[str, Path]) -> tuple[Path, list[WantedArchive]]:
    """Return a cache that holds every archive."""
    cache, expected = tmp_path / "cache", expect(archives.values())
    for one in expected:
        path = cached_path(cache, one.sha256, one.file_name)
        path.parent.mkdir(parents=True)
        path.write_bytes(archives[one.file_name].read_bytes())
    return cache, expected


def test_archives_are_found_in_the_order_asked_for(cached: tuple[Path, list[WantedArchive]]) -> None:
    cache, expected = cached
    paths = find_cached(reversed(expected), cache)
    assert paths is not None
    assert [path.name for path in paths] == [one.file_name for one in reversed(expected)]
    assert all(path.is_file() for path in paths)


def test_one_that_is_missing_means_none(cached: tuple[Path, list[WantedArchive]]) -> None:
    cache, expected = cached
    assert find_cached([*expected, replace(expected[0], sha256="0" * 64)], cache) is None


def test_one_that_was_cut_off_means_none(cached: tuple[Path, list[WantedArchive]]) -> None:
    cache, expected = cached
    largest = max(expected, key=lambda one: one.size_bytes or 0)
    cached_path(cache, largest.sha256, largest.file_name).write_bytes(b"cut")
    assert find_cached(expected, cache) is None


def test_one_of_unknown_size_must_be_there(cached: tuple[Path, list[WantedArchive]]) -> None:
    cache, expected = cached
    unknown = replace(expected[0], size_bytes=None)
    assert find_cached([unknown], cache) == [cached_path(cache, unknown.sha256, unknown.file_name)]
    assert find_cached([replace(unknown, sha256="0" * 64)], cache) is None


@pytest.mark.parametrize(
    "change", [{"file_name": "../x.conda"}, {"file_name": ".x"}, {"sha256": "../../etc"}, {"sha256": "AB" * 32}]
)
def test_names_that_leave_the_cache_are_refused(
    cached: tuple[Path, list[WantedArchive]], change: dict[str, Any]
) -> None:
    cache, expected = cached
    with pytest.raises(ArchiveNameError):
        find_cached([replace(expected[0], **change)], cache)
