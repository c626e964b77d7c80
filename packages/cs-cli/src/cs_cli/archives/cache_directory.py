"""Where downloaded package archives are kept between builds."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from cs_bundle import find_home

from ..errors import CACHE_VARIABLE, CliError


def locate_cache(given: Path | None) -> Path:
    """Return the absolute path of the cache.

    :param given: value of ``--cache-dir``.
    :raises CliError: ``no-cache`` if neither the user nor the system says where it is.
    """
    return (given or default_cache_directory(os.environ)).absolute()


def default_cache_directory(environ: Mapping[str, str]) -> Path:
    """Name the cache folder: ``CONDA_SHIP_CACHE_DIR``, else the system's usual place.

    :param environ: ``os.environ``.
    :raises CliError: ``no-cache`` for a user without a home directory, as in a container.
    """
    if explicit := environ.get(CACHE_VARIABLE):
        return Path(explicit)
    if sys.platform == "win32":
        return Path(environ.get("LOCALAPPDATA") or _home(environ) / "AppData" / "Local") / "conda-ship" / "Cache"
    if sys.platform == "darwin":
        return _home(environ) / "Library" / "Caches" / "conda-ship"
    base = Path(environ.get("XDG_CACHE_HOME", ""))
    # The XDG specification says that a relative path is to be ignored.
    return (base if base.is_absolute() else _home(environ) / ".cache") / "conda-ship"


def _home(environ: Mapping[str, str]) -> Path:
    home = find_home(environ)
    if home is None or not home.is_absolute():
        raise CliError("no home directory found for the package cache", kind="no-cache")
    return home
