"""Room on a disk: looked at before something large is written, and named when it was not enough."""

from __future__ import annotations

import contextlib
import errno
import shutil
from pathlib import Path

from ._errors import DiskFullError
from ._paths import StrPath
from ._sizes import format_bytes

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


def measure_free(path: StrPath) -> int | None:
    """Return the free bytes on the disk of a path; ``None`` if they are unknown.

    :param path: need not exist yet.
    """
    path = Path(path)
    for place in (path, *path.absolute().parents):
        with contextlib.suppress(OSError):
            usage = shutil.disk_usage(place)
            return usage.free if usage.total else None  # some network file systems say 0 of 0
    return None


def check_room(path: StrPath, needed_bytes: int) -> None:
    """Refuse to start a write that does not fit.

    :param path: file or directory that will take the bytes.
    :raises DiskFullError: if fewer are free there.
    """
    path = Path(path)
    free = measure_free(path)
    if free is not None and free < needed_bytes:
        raise disk_full(path, needed_bytes, free)


def is_full(error: BaseException | None) -> bool:
    """Tell whether an error, or one that it came from, says that a disk or a quota is full."""
    while error is not None:
        if isinstance(error, DiskFullError) or (isinstance(error, OSError) and error.errno in _FULL):
            return True
        error = error.__cause__
    return False


def disk_full(path: StrPath | None, needed_bytes: int | None, free_bytes: int | None = None) -> DiskFullError:
    """Say what did not fit where.

    :param needed_bytes: in all, where it is known.
    :param free_bytes: measured now if it is not given.
    """
    path = None if path is None else Path(path)
    if free_bytes is None and path is not None:
        free_bytes = measure_free(path)
    needed = None if needed_bytes is None else format_bytes(needed_bytes)
    free = None if free_bytes is None else format_bytes(free_bytes)
    # A disk can be full with bytes to spare: by a quota, or by the number of files.
    is_small = free_bytes is None or needed_bytes is None or free_bytes < needed_bytes
    words = ["not enough disk space", f"{needed} needed" if needed else "", f"{free} free" if free else ""]
    return DiskFullError(
        ", ".join(word for word in words if word),
        path=path,
        expected=needed,
        actual=free,
        hint="free some space there" if is_small else "remove files there: a quota, or the number of files, is used up",
    )
