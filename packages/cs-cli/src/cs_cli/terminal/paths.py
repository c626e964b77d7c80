"""Paths as a person writes them: from the current directory, or from home."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

_BEFORE = r"(?<![^\s'\"`(=,:])"
"""Not inside an address or a longer path."""
_AFTER = rf"(?=[^\s{re.escape(os.sep)}])"
"""Something in the directory follows."""


def shorten_paths(text: str) -> str:
    """Shorten the absolute paths in a text: those below the current directory, then those below the home directory.

    An address keeps its path, and so does a directory itself: ``.`` would say less than its name.
    """
    for directory, short in _list_places():
        if directory in text:
            text = re.sub(_BEFORE + re.escape(directory) + _AFTER, short, text)
    return text


def _list_places() -> list[tuple[str, str]]:
    """List directories with what stands for them, each with a separator at its end."""
    places = []
    with contextlib.suppress(OSError):  # it no longer exists
        places.append((str(Path.cwd()), ""))
    home = os.environ.get("HOME", "") if os.name == "posix" else ""
    if Path(home).is_absolute():
        places.append((home.rstrip(os.sep), f"~{os.sep}"))
    return [(f"{directory}{os.sep}", short) for directory, short in places if directory not in ("", os.sep)]
