"""The pictures of the documentation in a browser: nothing is cut off, and letters are large enough on a phone."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from support.browser import PHONE, Browser, Scheme

PICTURES = sorted((Path(__file__).parents[1] / "docs" / "pictures").glob("*.svg"))
MARGIN = 32
"""What a page leaves free at both sides of a picture."""

MEASURE = """() => [...document.querySelectorAll("svg text")].map((one) => {
  const {left, right, top, bottom} = one.getBoundingClientRect();
  const size = parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a;
  return {text: one.textContent, left, right, top, bottom, size};
})"""


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two texts are on top of each other, by more than the space around letters."""
    across = min(one["right"], other["right"]) - max(one["left"], other["left"])
    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
    return bool(across > 1 and down > 5)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PICTURES, ids=[path.stem for path in PICTURES])
def test_a_picture_is_readable_on_a_phone(browser: Browser, path: Path, scheme: Scheme) -> None:
    with browser.open(path.as_uri(), width=PHONE, scheme=scheme) as page:
        page.evaluate(
            "(width) => { document.documentElement.removeAttribute('height');"
            " document.documentElement.setAttribute('width', width) }",
            PHONE - MARGIN,
        )
        texts = page.evaluate(MEASURE)
    assert texts
    assert [one["text"] for one in texts if one["left"] < -1 or one["right"] > PHONE - MARGIN + 1] == []
    assert [one["text"] for one in texts if one["size"] < 10] == []
    pairs = itertools.combinations(texts, 2)
    assert [(one["text"], other["text"]) for one, other in pairs if overlap(one, other)] == []
