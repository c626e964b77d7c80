"""What a package states as its licence: an SPDX expression, or some other text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

_LONGEST = 1000
"""Characters of an expression: parsers of them call themselves for each parenthesis."""

_NOT_STATED = frozenset({"", "unknown", "none"})


@dataclass(frozen=True, slots=True)
class StatedLicense:
    """A licence as a package states it.

    :ivar text: on one line.
    :ivar expression: the same as an SPDX expression in its normal form; ``None`` if it is not one.
    """

    text: str
    expression: str | None

    @property
    def label(self) -> str:
        """The expression, else the text."""
        return self.expression or self.text


@lru_cache(maxsize=4096)
def read_license(text: str | None) -> StatedLicense | None:
    """Read what a package states; ``None`` if it states nothing.

    :param text: of a field such as ``license`` of a conda package.
    """
    line = " ".join((text or "").split())
    if line.lower() in _NOT_STATED:
        return None
    return StatedLicense(line, normalize_expression(line))


def normalize_expression(text: str) -> str | None:
    """Return an SPDX expression in its normal form; ``None`` if the text is not one."""
    # Imported on use: the list of licences takes a while.
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    if len(text) > _LONGEST:
        return None
    try:
        return str(canonicalize_license_expression(text))
    except InvalidLicenseExpression:
        return None
