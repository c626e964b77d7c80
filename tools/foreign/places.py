"""Where things are: in this repository, and in the cache."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "templates" / "cs-template"
REQUIREMENTS = ROOT / "requirements"
_KEPT = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "conda-ship"
OWN_TARGET_DIRECTORY = _KEPT / "cargo-target"
"""Cargo's output for the machine itself, as in ``noxfile.py``."""

CACHE = _KEPT / "cross"
KITS = CACHE / "kits"
TARGET_DIRECTORY = CACHE / "target"
"""Cargo's output for all targets but those of the machine itself. A later build compiles only what has changed."""
