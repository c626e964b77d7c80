"""The digest of a local archive that its lock lacks."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from hashlib import file_digest
from pathlib import Path

from ._records import PackageRecord


def complete_digest(record: PackageRecord, directory: Path) -> PackageRecord:
    """Return a record with the digest and size of its file, where the lock has no digest and the file is there.

    A local archive is an input of the build like the lock itself: what is found is what ships.

    :param directory: of the lock.
    """
    if record.sha256 or not record.is_local:
        return record
    found = hash_file(record.find_file(directory))
    return record if found is None else replace(record, sha256=found[0], size_bytes=found[1])


def is_file(path: Path) -> bool:
    """Tell whether a path is a regular file that can be read; reading a pipe or a device might never end."""
    try:
        return stat.S_ISREG(path.stat().st_mode) and os.access(path, os.R_OK)
    except (OSError, ValueError):
        return False


def hash_file(path: Path) -> tuple[str, int] | None:
    """Return SHA-256 (hex) and size in bytes of a regular file, ``None`` when it cannot be read."""
    try:
        if not is_file(path):
            return None
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest(), file.tell()
    except (OSError, ValueError):
        return None
