"""Scalars of YAML 1.2 that YAML 1.1 and rattler read as the same text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_SAFE_CHARACTERS = r"A-Za-z0-9_./<=>~^+$;()\\|*!,&%@\"'\[\]{}?-"
_SAFE = re.compile(rf"[A-Za-z_/(<=$^;+][{_SAFE_CHARACTERS}]*(?: [{_SAFE_CHARACTERS}]+)*")
_PLAIN = re.compile(r"(?![,\[\]{}#&*!|>'\"%@`\s]|[-?:](?:\s|$)|---|\.\.\.)[^\n]*(?<! )")
_INDICATOR = re.compile(r": |:$| #")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "~", "=", "<<", ""})
# What YAML 1.1 or 1.2 or serde_yaml reads as a number or a date. A match too many only costs quotes.
_NUMBER = re.compile(
    r"[-+]?(?:[0-9][0-9_]*|0x[0-9a-fA-F_]+|0o[0-7]+|0b[01_]+)"
    r"|[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt\s].*)?"
)
_ESCAPED = re.compile("[\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


@lru_cache(maxsize=65536)
def quote_scalar(text: str) -> str:
    """Write a text as a YAML scalar: plain if it reads back as the same text, otherwise quoted.

    :param text: any text.
    :returns: one line of YAML 1.2.
    """
    if text.lower() in _WORDS or _NUMBER.fullmatch(text):
        return f"'{text}'"
    if _SAFE.fullmatch(text):
        return text
    if _ESCAPED.search(text):
        return _double_quote(text)
    if _PLAIN.fullmatch(text) and not _INDICATOR.search(text):
        return text
    return "'" + text.replace("'", "''") + "'"


def _double_quote(text: str) -> str:
    """Write a text with characters that need an escape."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + _ESCAPED.sub(lambda match: f"\\u{ord(match.group()):04x}", escaped) + '"'


def quote_digest(digest: str) -> str:
    """Write a hex digest; one that is a number to a reader of YAML is quoted."""
    return f"'{digest}'" if _NUMBER.fullmatch(digest) else digest


def render_texts(key: str, texts: Sequence[str]) -> list[str]:
    """Write a record's list of texts, or nothing if it is empty."""
    return [f"  {key}:", *(f"  - {quote_scalar(text)}" for text in texts)] if texts else []
