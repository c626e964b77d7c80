"""Where downloaded package archives are kept between builds."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path


def default_cache_directory(environ: Mapping[str, str]) -> Path:
    """Name the cache folder: ``CONDA_SHIP_CACHE_DIR``, else the system's usual place.

    :param environ: ``os.environ``.
    """
    if explicit := environ.get("CONDA_SHIP_CACHE_DIR"):
        return Path(explicit)
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "conda-ship" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "conda-ship"
    base = Path(environ.get("XDG_CACHE_HOME", ""))
    # The XDG specification says that a relative path is to be ignored.
    return (base if base.is_absolute() else Path.home() / ".cache") / "conda-ship"
