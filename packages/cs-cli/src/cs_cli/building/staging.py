"""Put a set of files in place together: all of them, or none."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from cs_bundle import DiskFullError, check_room, disk_full, is_full

from ..errors import CliError, Diagnosed, add_advice, advise
from ..terminal.interrupts import postponed_interrupts

_PREFIX = ".cs-staging-"
_NAME = re.compile(re.escape(_PREFIX) + "[0-9a-f]{8}")


@contextlib.contextmanager
def staging_directory(
    out_dir: Path,
    *,
    list_stale: Callable[[], Iterable[str]] = tuple,
    on_wait: Callable[[], None] = lambda: None,
    needed_bytes: int = 0,
) -> Iterator[Path]:
    """Yield an empty directory inside ``out_dir``; publish its files when the block succeeds.

    The files are renamed into ``out_dir`` at the very end. A failure before that leaves only the previous files, as
    they were; the next build removes what a killed build left behind. Only one build at a time works in a directory.

    :param list_stale: names in ``out_dir`` to remove when publishing, unless the block has written new ones.
    :param on_wait: called before waiting for another build that is using the directory.
    :param needed_bytes: what will be written, as far as it is known; the free space is checked before the block begins.
    :raises CliError: ``cannot-write`` if the directory cannot be created or a file cannot be replaced.
    :raises DiskFullError: if there is no room for it.
    """
    created = _make_directory(out_dir)
    try:
        with _lock(out_dir, on_wait) as alone, _fresh_directory(out_dir, remove_abandoned=alone) as staging:
            check_room(out_dir, needed_bytes)
            yield staging
            _publish(staging, out_dir, list_stale())
    except Exception as error:
        if is_full(error):
            raise _describe_full(error, out_dir, needed_bytes) from error
        if isinstance(error, OSError):
            raise _describe_failure(error, out_dir) from error
        raise
    finally:
        _remove_if_empty(created)


def _describe_failure(error: OSError, out_dir: Path) -> CliError:
    """Name the place that a finished file could not be renamed to, or else the output directory.

    A file elsewhere is one that the build needs.
    """
    place = _find_place(error)
    if error.filename2 is None and place is not None and not place.absolute().is_relative_to(out_dir.absolute()):
        return CliError(f"the build needs this file: {error.strerror or error}", kind="io", path=place)
    taken = error.filename2 is not None
    return CliError(
        f"cannot stage artifacts: {error.strerror or error}",
        kind="cannot-write",
        path=Path(error.filename2) if taken else out_dir,
        hint=advise("output", "move it away" if taken else None),
    )


def _describe_full(error: Exception, out_dir: Path, needed_bytes: int) -> DiskFullError:
    """Name the directory that is full: the output directory, unless the error is about a temporary file elsewhere."""
    place = _find_place(error)
    if place is not None and not place.absolute().is_relative_to(out_dir.absolute()):
        return add_advice(disk_full(place.parent, None), "temporary")
    return add_advice(disk_full(out_dir, needed_bytes or None), "output")


def _find_place(error: Exception) -> Path | None:
    """Return the file that an error is about, as far as it says."""
    if isinstance(error, Diagnosed):
        return error.path
    name = error.filename if isinstance(error, OSError) else None
    return Path(os.fsdecode(name)) if isinstance(name, (str, bytes)) else None


def _make_directory(out_dir: Path) -> list[Path]:
    """Create the directory, and return the directories that had to be created for it, deepest first."""
    try:
        missing = [path for path in (out_dir, *out_dir.parents) if not path.exists()]
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        refuse_occupied(out_dir)
        raise _cannot_create(out_dir, error.strerror or str(error)) from error
    return missing


def refuse_occupied(out_dir: Path) -> None:
    """Refuse an output directory that cannot be one, before anything is fetched for it.

    :raises CliError: ``cannot-write`` if a file has its name, or that of a directory above it.
    """
    place = next((path for path in (out_dir, *out_dir.parents) if os.path.lexists(path)), out_dir)
    if os.path.lexists(place) and not place.is_dir():
        raise _cannot_create(place, "a file that is not a directory has this name")


def _cannot_create(path: Path, reason: str) -> CliError:
    message = f"cannot create the output directory: {reason}"
    return CliError(message, kind="cannot-write", path=path, hint=advise("output"))


def _remove_if_empty(created: list[Path]) -> None:
    with contextlib.suppress(OSError):
        for path in created:
            path.rmdir()


@contextlib.contextmanager
def _lock(out_dir: Path, on_wait: Callable[[], None]) -> Iterator[bool]:
    """Let one build at a time work in a directory; the kernel releases the lock of a build that dies.

    Yields whether the lock is held: some file systems have no locks, and Windows has none for directories. There each
    rename is still atomic by itself.
    """
    try:
        import fcntl
    except ImportError:
        yield False
        return
    descriptor = os.open(out_dir, os.O_RDONLY)
    try:
        held = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            on_wait()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError:
            held = False
        yield held
    finally:
        os.close(descriptor)


def list_abandoned(out_dir: Path) -> list[Path]:
    """List the directories that killed builds left in ``out_dir``; the next build removes them."""
    return [path for path in out_dir.glob(f"{_PREFIX}*") if _NAME.fullmatch(path.name) and not path.is_symlink()]


@contextlib.contextmanager
def _fresh_directory(out_dir: Path, *, remove_abandoned: bool) -> Iterator[Path]:
    if remove_abandoned:
        for abandoned in list_abandoned(out_dir):
            shutil.rmtree(abandoned, ignore_errors=True)
    staging = out_dir / f"{_PREFIX}{secrets.token_hex(4)}"
    try:
        staging.mkdir()
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _publish(staging: Path, out_dir: Path, stale: Iterable[str]) -> None:
    """Rename every file into place, and restore the old ones if that fails for one of them."""
    names = sorted(path.name for path in staging.iterdir())
    kept = staging / ".previous"
    touched: list[str] = []
    with postponed_interrupts():
        kept.mkdir()
        try:
            for name in [*names, *sorted(set(stale) - set(names))]:
                _keep(out_dir / name, kept / name)
                touched.append(name)
                if name in names:
                    (staging / name).replace(out_dir / name)
                else:
                    (out_dir / name).unlink(missing_ok=True)
        except BaseException:
            for name in touched:
                _restore(kept / name, out_dir / name)
            raise


def _keep(current: Path, kept: Path) -> None:
    """Keep the previous file under another name, without a moment in which it is missing."""
    if current.is_symlink():
        kept.symlink_to(current.readlink())
    elif current.is_file():
        try:
            os.link(current, kept)
        except OSError:  # a file system without hard links
            shutil.copy2(current, kept)


def _restore(kept: Path, current: Path) -> None:
    if os.path.lexists(kept):
        kept.replace(current)
    elif current.is_file():
        current.unlink()
