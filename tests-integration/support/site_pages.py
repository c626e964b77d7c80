"""The built site, as files: its pages, their anchors and links."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

BASE = "/conda-ship/"
"""Where the site is on its host."""

_CODE = frozenset(("code", "pre", "script", "style", "svg"))


@dataclass
class Page(HTMLParser):
    """A page of the site.

    :ivar path: of the file in the site.
    :ivar anchors: the ids of its elements.
    :ivar links: what it links to or shows.
    :ivar prose: its text without code.
    """

    site: Path
    path: str
    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    prose: str = ""
    _open_code: int = 0

    def __post_init__(self) -> None:
        """Read the file."""
        super().__init__()
        self.feed((self.site / self.path).read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note anchors and links."""
        self._open_code += tag in _CODE
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)

    def handle_endtag(self, tag: str) -> None:
        """Note the end of code."""
        self._open_code -= tag in _CODE

    def handle_data(self, data: str) -> None:
        """Keep prose."""
        if not self._open_code:
            self.prose += data

    def resolve(self, link: str) -> tuple[str, str] | None:
        """Return the file of the site and the anchor that a link leads to, or None if it leads elsewhere."""
        address, anchor = urldefrag(link)
        if urlsplit(address).scheme or address.startswith("//"):
            return None
        place = self._find(unquote(urlsplit(address).path))
        file = place / "index.html" if place.is_dir() else place
        return str(file.resolve().relative_to(self.site)), unquote(anchor)

    def _find(self, path: str) -> Path:
        if path.startswith(BASE):
            return self.site / path.removeprefix(BASE)
        return (self.site / self.path).parent / path if path else self.site / self.path


def read_pages(site: Path) -> dict[str, Page]:
    """Read every page, by its path."""
    paths = sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))
    return {path: Page(site, path) for path in paths}
