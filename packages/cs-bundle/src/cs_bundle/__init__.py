"""Write, read, verify and fetch bundles of conda package archives.

Fetching needs the extra ``fetch`` and is imported on first use only: ``from cs_bundle import fetch_archives`` works,
``import cs_bundle`` alone loads no HTTP client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cache import cached_path, find_cached
from .entries import ArchiveEntry
from .errors import (
    ArchiveMismatchError,
    ArchiveNameError,
    BundleError,
    BundleReadError,
    BundleRejectedError,
    BundleWriteError,
    DiskFullError,
    FetchError,
)
from .names import is_archive_name
from .reader import BundleReader, iterate_archives, open_bundle
from .room import check_room, disk_full, is_full
from .urls import redact_text, redact_url
from .verify import BundleReport, ExpectedArchive, verify_bundle
from .writer import BundledArchive, BundleInfo, append_bundle, write_bundle

if TYPE_CHECKING:
    from .download import ArchiveRequest, Wait
    from .fetch import FetchProgress, fetch_archives

__version__ = "0.1.0"

__all__ = [
    "ArchiveEntry",
    "ArchiveMismatchError",
    "ArchiveNameError",
    "ArchiveRequest",
    "BundleError",
    "BundleInfo",
    "BundleReadError",
    "BundleReader",
    "BundleRejectedError",
    "BundleReport",
    "BundleWriteError",
    "BundledArchive",
    "DiskFullError",
    "ExpectedArchive",
    "FetchError",
    "FetchProgress",
    "Wait",
    "append_bundle",
    "cached_path",
    "check_room",
    "disk_full",
    "fetch_archives",
    "find_cached",
    "is_archive_name",
    "is_full",
    "iterate_archives",
    "open_bundle",
    "redact_text",
    "redact_url",
    "verify_bundle",
    "write_bundle",
]

_FETCHING = {"ArchiveRequest", "FetchProgress", "Wait", "fetch_archives"}


def __getattr__(name: str) -> object:
    if name not in _FETCHING:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from . import download, fetch
    except ModuleNotFoundError as error:
        raise FetchError(
            f"fetching needs the module {error.name!r}", kind="not-installed", hint="pip install 'cs-bundle[fetch]'"
        ) from error
    return getattr(fetch, name, None) or getattr(download, name)
