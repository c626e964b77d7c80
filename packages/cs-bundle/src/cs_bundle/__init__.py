"""Write, read, verify and fetch bundles of conda package archives.

Fetching needs the extra ``fetch`` and is imported on first use only: ``from cs_bundle import fetch_archives`` works,
``import cs_bundle`` alone loads no HTTP client.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ._cache import cached_path as cached_path
    from ._cache import find_cached as find_cached
    from ._cache_use import TAG_NAME as TAG_NAME
    from ._cache_use import clearing_cache as clearing_cache
    from ._cache_use import is_cache as is_cache
    from ._cache_use import touch_archives as touch_archives
    from ._cache_use import using_cache as using_cache
    from ._digests import hash_file as hash_file
    from ._entries import ArchiveEntry as ArchiveEntry
    from ._errors import ArchiveMismatchError as ArchiveMismatchError
    from ._errors import ArchiveNameError as ArchiveNameError
    from ._errors import BundleError as BundleError
    from ._errors import BundleReadError as BundleReadError
    from ._errors import BundleRejectedError as BundleRejectedError
    from ._errors import BundleWriteError as BundleWriteError
    from ._errors import DiskFullError as DiskFullError
    from ._errors import FetchError as FetchError
    from ._fetch import fetch_archives as fetch_archives
    from ._home import find_home as find_home
    from ._network import Certificates as Certificates
    from ._network import find_certificates as find_certificates
    from ._network import list_proxies as list_proxies
    from ._network import reach as reach
    from ._progress import FetchProgress as FetchProgress
    from ._progress import Wait as Wait
    from ._reader import BundleReader as BundleReader
    from ._reader import open_bundle as open_bundle
    from ._room import check_room as check_room
    from ._room import disk_full as disk_full
    from ._room import is_full as is_full
    from ._room import measure_free as measure_free
    from ._sizes import format_bytes as format_bytes
    from ._urls import redact_text as redact_text
    from ._urls import redact_url as redact_url
    from ._verify import BundleReport as BundleReport
    from ._verify import verify_bundle as verify_bundle
    from ._wanted import WantedArchive as WantedArchive
    from ._writer import BundleInfo as BundleInfo
    from ._writer import append_bundle as append_bundle
    from ._writer import write_bundle as write_bundle

__version__ = "0.1.0"

_NAMES = {
    "_cache": ("cached_path", "find_cached"),
    "_cache_use": ("TAG_NAME", "clearing_cache", "is_cache", "touch_archives", "using_cache"),
    "_digests": ("hash_file",),
    "_entries": ("ArchiveEntry",),
    "_errors": (
        "ArchiveMismatchError",
        "ArchiveNameError",
        "BundleError",
        "BundleReadError",
        "BundleRejectedError",
        "BundleWriteError",
        "DiskFullError",
        "FetchError",
    ),
    "_fetch": ("fetch_archives",),
    "_home": ("find_home",),
    "_network": ("Certificates", "find_certificates", "list_proxies", "reach"),
    "_progress": ("FetchProgress", "Wait"),
    "_reader": ("BundleReader", "open_bundle"),
    "_room": ("check_room", "disk_full", "is_full", "measure_free"),
    "_sizes": ("format_bytes",),
    "_urls": ("redact_text", "redact_url"),
    "_verify": ("BundleReport", "verify_bundle"),
    "_wanted": ("WantedArchive",),
    "_writer": ("BundleInfo", "append_bundle", "write_bundle"),
}
"""Public names by the module that has them: each is imported on first use."""

_MODULES = {name: module for module, names in _NAMES.items() for name in names}
__all__ = sorted(_MODULES)


def __getattr__(name: str) -> object:
    """Import a public name on first use."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    return value


def __dir__() -> list[str]:
    """Name what can be imported, whether it was used yet or not."""
    return __all__
