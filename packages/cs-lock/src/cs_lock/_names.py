"""Names of packages, and the labels that tell a PyPI name from a conda name.

A label is ``NAME`` for a conda package and ``pypi:NAME`` for one from PyPI.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

PYPI_PREFIX = "pypi:"

_PURL = "pkg:pypi/"
_REQUIREMENT_NAME = re.compile(r"\s*([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)")


@lru_cache(maxsize=65536)
def normalize_pypi_name(name: str) -> str:
    """Return a PyPI name in its normal form (PEP 503); ``cs_manifest._specs`` has the same."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def pypi_label(name: str) -> str:
    """Return the label of a PyPI package."""
    return PYPI_PREFIX + normalize_pypi_name(name)


def labels_of(name: str) -> set[str]:
    """Return the labels that a name may stand for: of both kinds, unless it starts with ``conda:`` or ``pypi:``."""
    kind, separator, rest = name.lower().partition(":")
    if separator and kind in ("conda", "pypi"):
        return {rest if kind == "conda" else pypi_label(rest)}
    return {name.lower(), pypi_label(name)}


@lru_cache(maxsize=65536)
def parse_requirement_name(requirement: str) -> str | None:
    """Return the name of the project that a requirement (PEP 508) asks for, in its normal form."""
    match = _REQUIREMENT_NAME.match(requirement)
    return normalize_pypi_name(match.group(1)) if match else None


def has_extra(requirement: str) -> bool:
    """Tell whether a requirement (PEP 508) is, or may be, one of an extra only."""
    return "extra" in requirement.partition(";")[2]


def list_pypi_names(purls: Iterable[str] | None) -> Iterator[str]:
    """Yield the names of the PyPI projects that a conda package contains, in their normal form.

    :param purls: its package URLs.
    """
    for purl in purls or ():
        if purl.startswith(_PURL):
            yield normalize_pypi_name(purl.removeprefix(_PURL).partition("?")[0].partition("@")[0])


def describe_label(label: str) -> str:
    """Write a label in a sentence: ``the PyPI package NAME``, or just ``NAME``."""
    return f"the PyPI package {label.removeprefix(PYPI_PREFIX)}" if label.startswith(PYPI_PREFIX) else label
