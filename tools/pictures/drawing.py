"""A small drawing as SVG: texts, boxes and arrows, in the colours that the reader prefers.

Widths suit a phone: at 390 pixels the smallest letters are still 11 pixels high.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree

WIDTH = 480
"""The width of every picture, in pixels on a desktop."""

TEXT = 15
"""The size of letters."""

_STYLE = """
.text { fill: #1b1f24 } .quiet { fill: #57606a } .strong { fill: #1b1f24; font-weight: 600 } .own { fill: #00695f }
.box { fill: #f6f8fa; stroke: #8c959f } .main { fill: #d5efec; stroke: #00796b } .faint { fill: none; stroke: #8c959f }
.line { fill: none; stroke: #57606a; stroke-width: 1.5 } .head { fill: #57606a } .grid { stroke: #d0d7de }
.bar { fill: #00796b } .other { fill: #a9b0b8 }
.red { fill: #b3141d } .green { fill: #116329 } .yellow { fill: #8a5300 } .cyan { fill: #00616b }
.bold { font-weight: 700 }
@media (prefers-color-scheme: dark) {
.text, .strong { fill: #e6edf3 } .quiet { fill: #a5afba } .own { fill: #5cc8bb }
.box { fill: #22272e; stroke: #6b7580 } .main { fill: #173f3b; stroke: #3aa99c } .faint { stroke: #6b7580 }
.line { stroke: #a5afba } .head { fill: #a5afba } .grid { stroke: #3a424c }
.bar { fill: #35a79a } .other { fill: #68727d }
.red { fill: #ff8178 } .green { fill: #56c271 } .yellow { fill: #e2b04a } .cyan { fill: #56c7d3 }
}
"""

Point = tuple[float, float]


@dataclass
class Picture:
    """A picture that grows.

    :ivar title: what it is called; a screen reader says it.
    :ivar description: what it shows, for those who do not see it.
    """

    title: str
    description: str
    height: int
    width: int = WIDTH
    _parts: list[ElementTree.Element] = field(default_factory=list)

    def _add(self, name: str, text: str | None = None, **attributes: float | str) -> None:
        values = {key.replace("_", "-").rstrip("-"): _write(value) for key, value in attributes.items()}
        element = ElementTree.Element(name, values)
        element.text = text
        self._parts.append(element)

    def text(
        self, at: Point, text: str, *, kind: str = "text", anchor: str = "start", size: float = TEXT, code: bool = False
    ) -> None:
        """Write a line of text.

        :param kind: a class of the style: ``text``, ``strong``, ``quiet`` or ``own``.
        :param anchor: whether ``at`` is the ``start``, ``middle`` or ``end`` of its baseline.
        :param code: set it as code.
        """
        family = {"font_family": "ui-monospace, monospace"} if code else {}
        self._add("text", text, x=at[0], y=at[1], class_=kind, text_anchor=anchor, font_size=size, **family)

    def box(self, at: Point, size: Point, lines: Sequence[str], *, kind: str = "box", corner: int = 6) -> None:
        """Draw a box with lines of text in its middle; the first is strong, and those in backticks are code."""
        left, top = at
        width, height = size
        self._add("rect", x=left, y=top, width=width, height=height, rx=corner, class_=kind)
        first = top + height / 2 - (len(lines) - 1) * 10 + 5
        for number, line in enumerate(lines):
            is_code = line.startswith("`")
            place = (left + width / 2, first + number * 20)
            style = "quiet" if number else "strong"
            self.text(place, line.strip("`"), kind=style, anchor="middle", size=14 if is_code else TEXT, code=is_code)

    def cells(self, at: Point, text: str, *, kind: str, advance: float) -> None:
        """Write text in cells as wide as those of a terminal, whatever font the reader has.

        :param advance: width of a cell.
        """
        font = {"font_family": "ui-monospace, monospace", "xml:space": "preserve"}
        self._add("text", text, x=at[0], y=at[1], class_=kind, textLength=len(text) * advance, font_size=14, **font)

    def bar(self, at: Point, size: Point, *, kind: str) -> None:
        """Draw a filled bar."""
        self._add("rect", x=at[0], y=at[1], width=size[0], height=size[1], class_=kind)

    def line(self, start: Point, end: Point, *, kind: str = "grid") -> None:
        """Draw a straight line."""
        self._add("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_=kind)

    def arrow(self, *points: Point) -> None:
        """Draw an arrow along points, each straight below or beside the one before."""
        path = " ".join(f"{'L' if number else 'M'}{_write(x)} {_write(y)}" for number, (x, y) in enumerate(points))
        self._add("path", d=path, class_="line")
        (x0, y0), (x1, y1) = points[-2:]
        length = max(abs(x1 - x0), abs(y1 - y0))
        dx, dy = (x1 - x0) / length, (y1 - y0) / length
        corners = ((x1, y1), (x1 - 9 * dx - 5 * dy, y1 - 9 * dy - 5 * dx), (x1 - 9 * dx + 5 * dy, y1 - 9 * dy + 5 * dx))
        self._add("polygon", points=" ".join(f"{_write(x)},{_write(y)}" for x, y in corners), class_="head")

    def render(self) -> str:
        """Return the picture as SVG."""
        root = ElementTree.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                "width": str(self.width),
                "height": str(self.height),
                "viewBox": f"-1 -1 {self.width + 2} {self.height + 2}",
                "font-family": "system-ui, sans-serif",
                "role": "img",
                "aria-labelledby": "title description",
            },
        )
        for name, text in (("title", self.title), ("desc", self.description)):
            ElementTree.SubElement(root, name, {"id": "description" if name == "desc" else name}).text = text
        ElementTree.SubElement(root, "style").text = _STYLE
        root.extend(self._parts)
        ElementTree.indent(root, " ")
        return ElementTree.tostring(root, encoding="unicode") + "\n"


def _write(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")
