"""The pictures of the documentation are as they would be drawn, and are well-formed."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from pictures.__main__ import PICTURES, draw_all
from pictures.benchmark import draw_benchmark

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("name", sorted(draw_all()))
def test_a_picture_is_as_it_would_be_drawn(name: str) -> None:
    assert (PICTURES / name).read_text(encoding="utf-8") == draw_all()[name], "run nox -s pictures"


@pytest.mark.parametrize("name", sorted(draw_all()))
def test_a_picture_says_what_it_shows(name: str) -> None:
    root = ElementTree.fromstring(draw_all()[name])
    title, description = root.findtext(f"{SVG}title"), root.findtext(f"{SVG}desc")
    assert title
    assert description is not None
    assert len(description) > len(title)
    assert root.get("role") == "img"


TABLE = """
3 packages, 1.5 MB packed; cs compared with other 2
1 x CPU; Linux; on disk; 2026-01-02

what                                          cs    0.11.1   ratio   (least - largest)   limit
first run, embedded, s, wall                1.00     10.00   0.100     (0.096 - 0.132)     0.12 ok
first run, bytecode shipped, s, wall        2.00      8.00   0.250     (0.133 - 0.145)     0.15 ok
first run, online, s, wall                  4.00      5.00   0.800     (0.111 - 0.121)     0.15 ok
later run over the delegate alone, ms      0.500     2.000   0.250     (0.061 - 0.063)     0.10 ok
"""


def test_bars_are_as_long_as_what_they_stand_for() -> None:
    root = ElementTree.fromstring(draw_benchmark(TABLE).render())
    bars = [(bar.get("class"), float(bar.get("width", 0))) for bar in root.iter(f"{SVG}rect")]
    own = [width for kind, width in bars if kind == "bar"][:4]
    other = [width for kind, width in bars if kind == "other"][:4]
    assert own[:3] == pytest.approx([other[0] * share for share in (0.1, 0.4, 0.2)], abs=0.1)
    assert own[3] == pytest.approx(other[3] / 4, abs=0.1)
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert {"1.00 s", "10.00 s", "0.500 ms", "other 2", "3 packages, 1.5 MB; 2026-01-02"} <= set(texts)
