"""Write, read, verify and fetch bundles of conda package archives.

Fetching needs the extra ``fetch`` and is imported on first use only: ``from cs_bundle import fetch_archives`` works,
``import cs_bundle`` alone loads no HTTP client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cache import cached_path as cached_path
    from .cache import find_cached as find_cached
    from .cache_use import TAG_NAME as TAG_NAME
    from .cache_use import clearing_cache as clearing_cache
    from .cache_use import is_cache as is_cache
    from .cache_use import touch_archives as touch_archives
    from .cache_use import using_cache as using_cache
    from .digests import hash_file as hash_file
    from .download import Wait as Wait
    from .entries import ArchiveEntry as ArchiveEntry
    from .errors import ArchiveMismatchError as ArchiveMismatchError
    from .errors import ArchiveNameError as ArchiveNameError
    from .errors import BundleError as BundleError
    from .errors import BundleReadError as BundleReadError
    from .errors import BundleRejectedError as BundleRejectedError
    from .errors import BundleWriteError as BundleWriteError
    from .errors import DiskFullError as DiskFullError
    from .errors import FetchError as FetchError
    from .fetch import FetchProgress as FetchProgress
    from .fetch import fetch_archives as fetch_archives
    from .reader import BundleReader as BundleReader
    from .reader import open_bundle as open_bundle
    from .room import check_room as check_room
    from .room import disk_full as disk_full
    from .room import is_full as is_full
    from .urls import redact_text as redact_text
    from .urls import redact_url as redact_url
    from .verify import BundleReport as BundleReport
    from .verify import verify_bundle as verify_bundle
    from .wanted import WantedArchive as WantedArchive
    from .writer import BundleInfo as BundleInfo
    from .writer import append_bundle as append_bundle
    from .writer import write_bundle as write_bundle

__version__ = "0.1.0"

_NAMES = {
    "cache": ("cached_path", "find_cached"),
    "cache_use": ("TAG_NAME", "clearing_cache", "is_cache", "touch_archives", "using_cache"),
    "digests": ("hash_file",),
    "download": ("Wait",),
    "entries": ("ArchiveEntry",),
    "errors": (
        "ArchiveMismatchError",
        "ArchiveNameError",
        "BundleError",
        "BundleReadError",
        "BundleRejectedError",
        "BundleWriteError",
        "DiskFullError",
        "FetchError",
    ),
    "fetch": ("FetchProgress", "fetch_archives"),
    "reader": ("BundleReader", "open_bundle"),
    "room": ("check_room", "disk_full", "is_full"),
    "urls": ("redact_text", "redact_url"),
    "verify": ("BundleReport", "verify_bundle"),
    "wanted": ("WantedArchive",),
    "writer": ("BundleInfo", "append_bundle", "write_bundle"),
}
"""Public names by the module that has them: each is imported on first use."""

_MODULES = {name: module for module, names in _NAMES.items() for name in names}
__all__ = sorted(_MODULES)


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    except ModuleNotFoundError as error:
        if name not in _NAMES["download"] + _NAMES["fetch"]:
            raise
        from .errors import FetchError

        raise FetchError(
            f"fetching needs the module {error.name!r}", kind="not-installed", hint="pip install 'cs-bundle[fetch]'"
        ) from error
    globals()[name] = value
    return value
