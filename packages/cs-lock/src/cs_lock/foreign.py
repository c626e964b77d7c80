"""Names and needs of packages that are not archives from a channel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from cs_lock.blocks import Node
from cs_lock.records import parse_dependency_name

_SOURCE_IDENTIFIER = re.compile(r"([^\[\s]+)\[[0-9a-fA-F]*\] @ ")
_REQUIREMENT_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")


def name_foreign(entry: Mapping[str, Node], kind: Literal["conda", "source", "pypi"], location: str) -> str:
    """Find the name of a source or PyPI package.

    :param entry: of the lock's ``packages``
    :param kind: ``source`` or ``pypi``
    :param location: URL, path or source identifier (``name[hash] @ location``)
    :returns: its name; for a nameless one the last part of its location
    """
    name = entry.get("name")
    if not isinstance(name, str):
        match = _SOURCE_IDENTIFIER.match(location)
        name = match.group(1) if match else _name_from_location(location)
    return normalize_pypi_name(name) if kind == "pypi" else str(name).lower()


def needs_of_foreign(entry: Mapping[str, Node], kind: Literal["conda", "source", "pypi"]) -> tuple[str, ...]:
    """Return the names of the packages that a source or PyPI package needs, of its own kind of name."""
    value = entry.get("requires_dist" if kind == "pypi" else "depends")
    specs = [str(item) for item in value if isinstance(item, str)] if isinstance(value, list) else []
    if kind != "pypi":
        return tuple(parse_dependency_name(spec) for spec in specs)
    matches = (_REQUIREMENT_NAME.match(spec) for spec in specs)
    return tuple(normalize_pypi_name(match.group(1)) for match in matches if match)


def normalize_pypi_name(name: str) -> str:
    """Return a PyPI name in its normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _name_from_location(location: str) -> str:
    """Guess a name from a wheel's file name, or from the last part of a path."""
    last = location.partition("#")[0].partition("?")[0].rstrip("/").rpartition("/")[2]
    return re.sub(r"-[0-9].*$|\.git.*$", "", last) or location
