"""The line of a file that an error is about: read again, and shown without its secrets."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from .terminal.lines import Excerpt

_LINE_LIMIT = 10_000
"""Characters of a line that are looked at: masking takes time."""

_WORD = re.compile(r""""(?:[^"\\]|\\.)*"|'[^']*'|[\w.+-]+|[^\s]""")
_SECRET = re.compile(
    r"""(?i)(?<![a-z])["']?[a-z0-9_.-]*(?:token|secret|passw|pwd|credential|api[_-]?key)[a-z0-9_.-]*["']?\s*[=:]\s*(\S.*)"""
)
_TOKEN = re.compile(r"\b(?:gh[a-z]_|github_pat_|glpat-|xox[a-z]-|pypi-|AKIA|eyJ)[\w.-]{10,}")
"""Tokens that show what they are."""

_LONG_QUOTES = re.compile(r"\"\"\"|'''")
_MASK = "***"


def quote_line(path: Path, line: int, column: int) -> Excerpt | None:
    """Read the line that an error is about.

    :param path: of a text file in UTF-8.
    :param line: counted from 1.
    :param column: in characters, counted from 1.
    :returns: the line, with the word at the column marked; ``None`` if it cannot be shown.
    """
    text = _read_line(path, line)
    # An escape in an address may stand for any part of it, so that its secrets cannot be found.
    if text is None or "\0" in text or ("\\" in text and "//" in text):
        return None
    start = min(column - 1, len(text))
    word = _WORD.match(text, start)
    masked = _mask(text)
    return Excerpt(
        number=line,
        text=masked,
        start=_move(start, text, masked),
        end=_move(word.end() if word else start, text, masked),
    )


def _read_line(path: Path, line: int) -> str | None:
    """Return a line without its end; ``None`` if there is none, or the file can no longer be read."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        with os.fdopen(os.open(path, flags), encoding="utf-8-sig", errors="replace") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            before = islice(file, line - 1)
            is_inside = _ends_inside_string(path, before)
            text = next(file, None)
    except OSError:
        return None
    return None if text is None or is_inside or len(text) > _LINE_LIMIT else text.rstrip("\n")


def _ends_inside_string(path: Path, lines: Iterable[str]) -> bool:
    """Read lines, and tell whether a string of TOML goes on after them: the key, which tells a secret, was before."""
    opened = ""
    for line in lines:
        for quotes in _LONG_QUOTES.findall(line):
            opened = "" if quotes == opened else opened or quotes
    return opened != "" and path.suffix == ".toml"


def _mask(text: str) -> str:
    from cs_bundle import redact_text
    from cs_manifest import mask_credentials

    masked = mask_credentials(redact_text(text))  # one knows more spellings in addresses, the other more addresses
    masked = _TOKEN.sub(_MASK, masked)
    secret = _SECRET.search(masked)
    return masked if secret is None else masked[: secret.start(1)] + _MASK


def _move(offset: int, text: str, masked: str) -> int:
    """Find a place of a text in the masked one; one that is masked is the beginning of the mask."""
    before = _count_equal(text, masked)
    if offset <= before:
        return offset
    rest = len(text) - offset
    return max(len(masked) - rest, before) if rest <= _count_equal(text[::-1], masked[::-1]) else before


def _count_equal(one: str, other: str) -> int:
    """Count the characters that two texts have in common at their beginning."""
    pairs = zip(one, other, strict=False)
    return next((at for at, (left, right) in enumerate(pairs) if left != right), min(len(one), len(other)))
