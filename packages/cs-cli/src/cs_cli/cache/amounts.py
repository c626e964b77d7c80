"""Ages and sizes, as people write them: ``30d``, ``5GB``."""

from __future__ import annotations

import re

_HOURS = {"h": 1, "d": 24, "w": 24 * 7}
_PREFIXES = ("", "k", "m", "g", "t")
_BYTES = {f"{prefix}b": 1000**power for power, prefix in enumerate(_PREFIXES)}
_BYTES |= {f"{prefix}ib": 1024**power for power, prefix in enumerate(_PREFIXES) if prefix}
_AMOUNT = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?) ?([a-z]*)", re.ASCII)


def parse_age(text: str) -> float:
    """Read an age, in seconds.

    :raises ValueError: if it is not one.
    """
    number, factor = _read(text, _HOURS, "an age such as 12h, 30d or 8w")
    return number * factor * 3600


def parse_size(text: str) -> int:
    """Read a size, in bytes: decimal units such as ``GB``, binary ones such as ``GiB``.

    :raises ValueError: if it is not one.
    """
    number, factor = _read(text, _BYTES, "a size such as 500MB, 5GB or 4GiB")
    return round(number * factor)


def _read(text: str, units: dict[str, int], expected: str) -> tuple[float, int]:
    match = _AMOUNT.fullmatch(text.strip().lower())
    if match is None or match[2] not in units:
        raise ValueError(f"{text!r} is not {expected}")
    return float(match[1]), units[match[2]]
