"""Text from outside, made safe for the log, for workflow commands and for Markdown."""

from __future__ import annotations

import re

CELL_LIMIT = 80
"""How many characters of a value a summary shows."""

# Controls, surrogates, separators and what turns the direction of writing: cs escapes them in its own messages, too.
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# What Markdown might take for more than text: everything but these, and the point after which it sees an address.
MARKUP = re.compile(r"[^\w .+-]|_|(?<=www)\.", re.ASCII | re.IGNORECASE)


def show(text: str) -> str:
    """Show control characters and line ends as Python escapes: they could control the log or forge a line."""
    return UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def escape_data(text: str) -> str:
    """Escape a workflow command's message."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """Escape a workflow command's property."""
    return escape_data(text).replace(":", "%3A").replace(",", "%2C")


def escape_markdown(text: str) -> str:
    """Write a value so that Markdown shows it as it is: on one line, cut, with character references."""
    shown = show(text if len(text) <= CELL_LIMIT else f"{text[: CELL_LIMIT - 1]}…")
    return MARKUP.sub(lambda match: f"&#{ord(match[0])};", shown)
