"""Where downloaded package archives are kept between builds."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

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
    """Name the home directory; an empty ``HOME`` is like none, as in runtimes."""
    given = environ.get("HOME")
    try:
        home = Path(given) if given else Path.home() if given is None else _find_registered_home()
    except (RuntimeError, KeyError):  # a user without an entry in the users database
        home = Path()
    if not home.is_absolute():
        raise CliError("no home directory found for the package cache", kind="no-cache")
    return home


def _find_registered_home() -> Path:
    """Name the home directory that the users database has: ``Path.home`` takes an empty variable for the root."""
    if sys.platform == "win32":
        return Path.home()
    import pwd

    return Path(pwd.getpwuid(os.getuid()).pw_dir)
