"""Fields of a lock's entries, checked one by one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any

from ._blocks import Node, Quoted
from ._credentials import redact_url
from ._errors import LockError

_DIGITS = {"sha256": 64, "md5": 32, "legacy_bz2_md5": 32, "attestations_sha256": 64}
_HEX = frozenset("0123456789abcdefABCDEF")
_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
# Larger values are milliseconds: as seconds they would lie beyond the year 9999 (rattler draws the same line).
LAST_SECOND = 253_402_300_799
_LAST_MILLISECOND = 253_402_207_200_000


# What no path of a package holds: line ends and other control characters, backslashes, drives.
_NOT_IN_PATHS = re.compile(r"[\x00-\x1f\x7f-\xa0\\:\u2028\u2029]")


def _is_line(text: str) -> bool:
    return "\n" not in text and "\r" not in text and "\u2028" not in text and "\u2029" not in text


class RecordReader:
    """A reader of one entry of a lock's ``packages``.

    :param entry: the mapping.
    :param key: its key path, for messages.
    """

    def __init__(self, entry: Mapping[str, Node], key: str) -> None:
        self.entry = entry
        self.key = key

    def text(self, name: str) -> str | None:
        """Return a text field, ``None`` when it is absent or null."""
        value = self.entry.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise self.mistyped(name, "text", value)
        return value if type(value) is str else str(value)

    def line(self, name: str) -> str | None:
        """Return a text field of one line."""
        value = self.text(name)
        if value is not None and not _is_line(value):
            raise self.mistyped(name, "one line of text", value)
        return value

    def relative_path(self, name: str) -> str | None:
        """Return a path that stays in the directory where it starts, with ``/``."""
        value = self.text(name)
        if value is not None and (_NOT_IN_PATHS.search(value) or not {"", ".", ".."}.isdisjoint(value.split("/"))):
            raise self.mistyped(name, "a path relative to the prefix", value)
        return value

    def integer(self, name: str) -> int | None:
        """Return a whole number that is not negative and that 63 bits can hold."""
        value = self.entry.get(name)
        if value is None:
            return None
        if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) < 20:
            number = int(value)
            if number < 1 << 63:
                return number
        raise self.mistyped(name, "a whole number", value)

    def digest(self, name: str) -> str | None:
        """Return a hex digest in lower case."""
        value = self.text(name)
        if value is None:
            return None
        if len(value) != _DIGITS[name] or not _HEX.issuperset(value):
            raise self.mistyped(name, f"{_DIGITS[name]} hex digits", value)
        return value.lower()

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, empty when it is absent."""
        value = self.entry.get(name)
        return () if value is None else self._check_texts(name, value)

    def words(self, name: str) -> tuple[str, ...]:
        """Return a list of texts, or the words of one text."""
        value = self.entry.get(name)
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else self.texts(name)

    def groups(self, name: str) -> dict[str, tuple[str, ...]]:
        """Return a mapping of lists of texts."""
        value = self.entry.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self.mistyped(name, "a mapping", value)
        return {key: self._check_texts(f"{name}.{key}", value[key] or []) for key in sorted(value)}

    def timestamp(self, name: str) -> int | None:
        """Return a time in milliseconds since 1970."""
        value = self.integer(name)
        return self._check_time(name, value if value is None or value > LAST_SECOND else value * 1000)

    def milliseconds(self, name: str) -> int | None:
        """Return a time that is in milliseconds since 1970."""
        return self._check_time(name, self.integer(name))

    def _check_time(self, name: str, value: int | None) -> int | None:
        if value is not None and value > _LAST_MILLISECOND:
            raise self.mistyped(name, "a time before the year 10000", str(value))
        return value

    def purls(self, name: str) -> tuple[str, ...]:
        """Return a list of package URLs."""
        purls = self.texts(name)
        for index, purl in enumerate(purls):
            if not purl.startswith("pkg:"):
                raise self.mistyped(f"{name}[{index}]", "a package URL", purl)
        return purls

    def _check_texts(self, name: str, value: Node) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise self.mistyped(name, "a list", value)
        for index, item in enumerate(value):
            if not isinstance(item, str):
                raise self.mistyped(f"{name}[{index}]", "text", item)
            if not _is_line(item):
                raise self.mistyped(f"{name}[{index}]", "one line of text", item)
        return tuple(map(str, value))

    def mistyped(self, name: str, expected: str, value: Node) -> LockError:
        """Return the error for a field of the wrong type or form."""
        actual = {dict: "a mapping", list: "a list", type(None): "nothing"}.get(
            type(value), repr(redact_url(str(value)))
        )
        return LockError(
            f"{name} has the wrong type or form",
            kind="invalid-value",
            key=f"{self.key}.{name}",
            expected=expected,
            actual=actual[:80],
        )


def resolve_scalars(value: Node) -> Any:
    """Give plain scalars the types of YAML 1.2's core schema.

    :param value: a tree of text.
    :returns: the same with numbers and booleans.
    """
    if isinstance(value, dict):
        return {key: resolve_scalars(item) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve_scalars(item) for item in value]
    if isinstance(value, Quoted) or value is None:
        return None if value is None else str(value)
    if value in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return value.lower() == "true"
    if _INTEGER.fullmatch(value):
        return int(value)
    if _FLOAT.fullmatch(value) and isfinite(number := float(value)):
        return number
    return value
