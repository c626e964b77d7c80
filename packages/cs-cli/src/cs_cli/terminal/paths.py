"""Paths as a person writes them: from the current directory, or from home."""

from __future__ import annotations

import os
import re
from pathlib import Path


def shorten_paths(text: str) -> str:
    """Shorten the absolute paths in a text: those below the current directory, then those below the home directory.

    An address keeps its path, and so does a directory itself: ``.`` would say less than its name.
    """
    for directory, short in _list_places():
        if directory in text:
            text = re.sub(
                rf"(?<![^\s'\"`(=,:]){re.escape(directory)}(?=[^\s{re.escape(os.sep)}])", lambda _: short, text
            )
    return text


def _list_places() -> list[tuple[str, str]]:
    """List directories with what stands for them, each with a separator at its end."""
    places = []
    try:
        places.append((str(Path.cwd()), ""))
    except OSError:  # it no longer exists
        pass
    home = os.environ.get("HOME", "") if os.name == "posix" else ""
    if os.path.isabs(home):
        places.append((home.rstrip(os.sep), f"~{os.sep}"))
    return [(f"{directory}{os.sep}", short) for directory, short in places if directory not in ("", os.sep)]
