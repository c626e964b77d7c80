"""The limits that builder and runtime have in common."""

from __future__ import annotations

import json
from pathlib import Path

from cs_cli.archives import limits

VECTORS = Path(__file__).parents[2] / "vectors" / "limits.json"


def test_limits_are_those_of_the_shared_file() -> None:
    shared = json.loads(VECTORS.read_text())
    assert {name: value for name, value in vars(limits).items() if name.isupper()} == shared


def test_small_archives_have_fewer_entries_than_large_ones() -> None:
    assert [limits.most_entries(size) for size in (0, 6000, 16 << 20, 1 << 40)] == [
        20_000,
        20_375,
        1_000_000,
        1_000_000,
    ]


def test_small_wheels_may_unpack_to_more_than_their_share() -> None:
    assert [limits.most_bytes(size) for size in (0, 1 << 20)] == [64 << 20, 264 << 20]
