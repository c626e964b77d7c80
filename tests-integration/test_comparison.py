"""The figures of the comparison are those of the page that ``nox -s bench`` writes."""

from __future__ import annotations

import re

import pytest

from support.pages import read_page

MEASURED = {
    "first run, `embedded`": "first run, embedded, s, wall",
    "first run, `online`, server on the same machine": "first run, online, s, wall",
    "later run, time over starting the program directly": "later run over the delegate alone, ms",
    "`cs build`, `embedded`, nothing downloaded yet": "cs build, cold, s, wall",
}
"""Rows of the comparison, and what the page on performance calls them."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def find_numbers(page: str, start: str) -> list[str]:
    """Find the numbers of the row that starts so."""
    (row,) = (line for line in read_page(page).splitlines() if line.lstrip("| ").startswith(start))
    return _NUMBER.findall(row.lstrip("| ").removeprefix(start))


@pytest.mark.parametrize("row", MEASURED)
def test_a_figure_of_the_comparison_is_one_that_was_measured(row: str) -> None:
    shown = find_numbers("docs/explanation/comparison.md", row)
    measured = find_numbers("docs/explanation/performance.md", MEASURED[row])[:3]
    rounded = [f"{float(exact):.{len(one.partition('.')[2])}f}" for one, exact in zip(shown, measured, strict=True)]
    assert shown == rounded
