"""The page as one document: its data, its style and its script, which the browser runs only as they are here."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Mapping
from importlib import resources

from ... import __version__
from ...terminal.escaping import dump_json
from ..summary import Inspection
from .values import describe_inspection

_SCRIPTS = ("model.js", "elements.js", "treemap.js", "details.js", "table.js", "sections.js", "start.js")
_IN_SCRIPT = {ord(character): f"\\u{ord(character):04x}" for character in "<>&"}


def render_page(inspection: Inspection, wheel_licenses: Mapping[str, str | None] | None = None) -> str:
    """Render an inspection as a page.

    The data is JSON in a script element that no browser runs; the page's script shows it as text, never as markup. The
    security policy lets this script and this style take effect and nothing else: no other script, no request.

    :param inspection: with its packages grouped by licence.
    :param wheel_licenses: what wheels that could be read state, by file name.
    """
    data = describe_inspection(inspection, wheel_licenses)
    style, script = _read("page.css"), "".join(map(_read, _SCRIPTS))
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    facts = data["facts"]
    parts = {
        "POLICY": html.escape(policy),
        "VERSION": html.escape(__version__),
        "TITLE": html.escape(" ".join(filter(None, (facts["runtime"], facts["version"])))),
        "STYLE": style,
        "DATA": dump_json(data, indent=None, compact=True).translate(_IN_SCRIPT),
        "SCRIPT": script,
    }
    return "".join(parts.get(piece, piece) for piece in _read("page.html").split("@"))


def _read(name: str) -> str:
    """Read a file of this folder."""
    return (resources.files(__package__) / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
