"""Where things are: in this repository, and in the cache."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "templates" / "cs-template"
REQUIREMENTS = ROOT / "requirements"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "conda-ship" / "cross"
KITS = CACHE / "kits"
TARGET_DIRECTORY = CACHE / "target"
"""Cargo's output for all targets but those of the machine itself. A later build compiles only what has changed."""
