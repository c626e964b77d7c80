"""Who uses a cache: those that read and fill it at the same time, or one that removes archives from it.

Both lock the directory itself, so nothing is written for it, and the kernel releases the lock of a process that
dies. Windows has no locks for directories, and some network file systems have none at all.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from ._paths import StrPath

TAG_NAME = "CACHEDIR.TAG"
_TAG = """\
Signature: 8a477f597d28d172789f06886806bc55
# This directory is the package cache of cs (conda-ship). `cs cache clean` removes packages from it.
# What this file is for: https://bford.info/cachedir/
"""


def is_cache(directory: StrPath) -> bool:
    """Tell whether a directory is marked as a cache of archives: an unmarked one may belong to another program."""
    tag = Path(directory, TAG_NAME)
    try:
        return tag.is_file() and tag.read_bytes() == _TAG.encode()  # reading a pipe would wait for a writer
    except OSError:
        return False


@contextlib.contextmanager
def using_cache(cache: StrPath, *, on_wait: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Let nobody remove archives while the block runs; others may use the cache at the same time.

    A directory that does not exist, or is empty, becomes a marked cache.

    :param on_wait: called before waiting for somebody who is removing archives.
    """
    cache = Path(cache)
    with contextlib.suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
        if not any(cache.iterdir()):
            with (cache / TAG_NAME).open("x", encoding="utf-8", newline="\n") as file:
                file.write(_TAG)
    with _locked(cache, on_wait, is_shared=True):
        yield


@contextlib.contextmanager
def clearing_cache(cache: StrPath) -> Iterator[bool | None]:
    """Let nobody use a cache while the block runs.

    Yields whether that is so: ``False`` if somebody uses it now, ``None`` if this file system cannot tell.
    """
    with _locked(Path(cache), None, is_shared=False) as state:
        yield state


def touch_archives(paths: Iterable[StrPath]) -> None:
    """Set the time of last use, which is the time of last change of each file: access times are switched off often.

    A cache that cannot be written to stays as it is.
    """
    for path in paths:
        with contextlib.suppress(OSError):
            os.utime(path)


@contextlib.contextmanager
def _locked(directory: Path, on_wait: Callable[[], None] | None, *, is_shared: bool) -> Iterator[bool | None]:
    """Lock a directory. Yields whether it is locked; ``None`` if there are no locks here.

    :param on_wait: called before waiting for the lock; ``None`` means not to wait.
    """
    try:
        import fcntl

        descriptor = os.open(directory, os.O_RDONLY)
    except (ImportError, OSError):
        yield None
        return
    mode = fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX
    try:
        state: bool | None = True
        try:
            fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
        except BlockingIOError:
            state = on_wait is not None
            if on_wait is not None:
                on_wait()
                fcntl.flock(descriptor, mode)
        except OSError:
            state = None
        yield state
    finally:
        os.close(descriptor)
