"""What a stream can show, and what the user wants to see there."""

from __future__ import annotations

import os
import sys
from typing import TextIO

COLOR_CHOICES = ("auto", "always", "never")
_VARIABLES = {"always": ("FORCE_COLOR", "NO_COLOR"), "never": ("NO_COLOR", "FORCE_COLOR")}


def choose_colors(choice: str | None) -> None:
    """Carry ``--color`` out: set the variables that say it, for programs that ``cs`` starts as well.

    :param choice: one of :data:`COLOR_CHOICES`; anything else leaves the variables as they are.
    """
    if choice in _VARIABLES:
        wanted, unwanted = _VARIABLES[choice]
        os.environ[wanted] = "1"
        os.environ.pop(unwanted, None)


def has_colors_off() -> bool:
    """Tell whether the user wants no colours (no-color.org)."""
    return bool(os.environ.get("NO_COLOR"))


def is_formatted(stream: TextIO) -> bool:
    """Tell whether a stream gets more than plain text: a terminal, or one with colours forced."""
    return stream.isatty() or (forces_colors() and not has_colors_off())


def forces_colors() -> bool:
    """Tell whether colours are wanted everywhere (force-color.org, bixense.com/clicolors)."""
    return bool(os.environ.get("FORCE_COLOR")) or os.environ.get("CLICOLOR_FORCE", "0") not in ("", "0")


def is_dumb() -> bool:
    """Tell whether the terminal knows no commands."""
    return os.environ.get("TERM", "").lower() in ("dumb", "unknown")


def takes_unicode(stream: TextIO) -> bool:
    """Tell whether a stream takes more than ASCII."""
    return "utf" in (getattr(stream, "encoding", None) or "").lower()


def can_ask() -> bool:
    """Tell whether a person can be asked: input and output are at a terminal."""
    return all(stream is not None and not stream.closed and stream.isatty() for stream in (sys.stdin, sys.stdout))
