"""Ages and sizes on the command line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_samples import Cs
from cs_bundle import format_bytes
from cs_cli.cache.amounts import parse_age, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"), [("12h", 43_200), ("1d", 86_400), ("30 d", 2_592_000), ("0.5D", 43_200), ("2w", 1_209_600)]
)
def test_ages(text: str, seconds: float) -> None:
    assert parse_age(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"), [("5GB", 5 * 10**9), ("1.5 kB", 1500), ("4gib", 4 * 2**30), ("0B", 0), ("2TB", 2 * 10**12)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@given(st.integers(min_value=0, max_value=10**15))
def test_a_size_that_cs_prints_is_one_that_it_reads(size: int) -> None:
    assert abs(parse_size(format_bytes(size)) - size) <= size * 0.05


@pytest.mark.parametrize("text", ["", "5", "GB", "-1GB", "1e9B", "5 G B", "٣GB", "nan", "1.GB", "1PB"])
def test_anything_else_is_not_a_size(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size such as 500MB, 5GB or 4GiB"):
        parse_size(text)


@pytest.mark.parametrize("text", ["", "30", "3x", "-1d", "1m", "d"])
def test_anything_else_is_not_an_age(text: str) -> None:
    with pytest.raises(ValueError, match="is not an age such as 12h, 30d or 8w"):
        parse_age(text)


def test_the_command_line_says_what_is_wrong(cs: Cs) -> None:
    outcome = cs("cache", "clean", "--older-than", "3x")
    assert outcome.status == 2
    assert "--older-than: '3x' is not an age such as 12h, 30d or 8w" in outcome.err
