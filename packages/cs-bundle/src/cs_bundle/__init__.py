"""Write, read, verify and fetch bundles of conda package archives."""

from __future__ import annotations

from .errors import (
    ArchiveMismatchError,
    ArchiveNameError,
    BundleError,
    BundleReadError,
    BundleRejectedError,
    BundleWriteError,
    FetchError,
)
from .writer import BundledArchive, BundleInfo, write_bundle

__version__ = "0.1.0"

__all__ = [
    "ArchiveMismatchError",
    "ArchiveNameError",
    "BundleError",
    "BundleInfo",
    "BundleReadError",
    "BundleRejectedError",
    "BundleWriteError",
    "BundledArchive",
    "FetchError",
    "write_bundle",
]
