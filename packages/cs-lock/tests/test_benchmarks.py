from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest
from rattler import LockFile

from cs_lock import derive, read_lock

_path = Path(__file__).parent.parent / "benchmarks" / "generate_lock.py"
_spec = importlib.util.spec_from_file_location("generate_lock", _path)
assert _spec is not None
assert _spec.loader is not None
generate: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(generate)


@pytest.mark.parametrize("version", [1, 4, 5, 6, 7])
def test_generated_lock_ships(version: int, tmp_path: Path) -> None:
    path = generate.generate_lock(tmp_path / "lock", 240, version=version)
    lock = derive(read_lock(path), environment="default")
    assert len(lock.platforms) == 8
    assert len({record.url for platform in lock.platforms for record in lock.packages(platform)}) == 240
    assert lock.errors == ()


def test_generated_lock_is_the_same_every_time(tmp_path: Path) -> None:
    first = generate.generate_lock(tmp_path / "a", 100).read_bytes()
    assert generate.generate_lock(tmp_path / "b", 100).read_bytes() == first


def test_generated_lock_is_one_to_rattler(tmp_path: Path) -> None:
    path = generate.generate_lock(tmp_path / "lock", 240, version=7)
    assert LockFile.from_path(path).environment("default") is not None
