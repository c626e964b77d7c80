from __future__ import annotations

from pathlib import Path

import pytest
from generate_lock import generate_lock
from rattler import LockFile

from cs_lock import derive, read_lock


@pytest.mark.parametrize("version", [1, 4, 5, 6, 7])
def test_generated_lock_ships(version: int, tmp_path: Path) -> None:
    path = generate_lock(tmp_path / "lock", 240, version=version)
    lock = derive(read_lock(path), environment="default")
    assert len(lock.platforms) == 8
    assert len({record.url for platform in lock.platforms for record in lock.packages(platform)}) == 240
    assert lock.errors == ()


def test_generated_lock_is_the_same_every_time(tmp_path: Path) -> None:
    first = generate_lock(tmp_path / "a", 100).read_bytes()
    assert generate_lock(tmp_path / "b", 100).read_bytes() == first


def test_generated_lock_is_one_to_rattler(tmp_path: Path) -> None:
    path = generate_lock(tmp_path / "lock", 240, version=7)
    assert LockFile.from_path(path).environment("default") is not None
