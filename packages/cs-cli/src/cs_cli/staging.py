"""Put a set of files in place together: all of them, or none."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from .errors import CliError

_PREFIX = ".cs-staging-"


@contextlib.contextmanager
def staging_directory(out_dir: Path) -> Iterator[Path]:
    """Yield an empty folder inside ``out_dir``; publish what it holds when the block succeeds.

    The files are renamed into ``out_dir`` at the very end. Whatever goes wrong before leaves the previous files as they
    were and nothing else; what a killed build left behind is removed by the next.

    :raises CliError: ``cannot-write`` if the folder cannot be made or a file cannot be replaced.
    """
    created = _make_directory(out_dir)
    try:
        with _lock(out_dir), _fresh_directory(out_dir) as staging:
            yield staging
            _publish(staging, out_dir)
    except OSError as error:
        raise CliError("cannot-write", f"cannot stage artifacts: {error.strerror or error}", path=out_dir) from error
    finally:
        _remove_if_empty(created)


def _make_directory(out_dir: Path) -> list[Path]:
    """Make the folder and say which folders had to be made for it, deepest first."""
    missing = [path for path in (out_dir, *out_dir.parents) if not path.exists()]
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CliError("cannot-write", f"cannot make the output folder: {error.strerror}", path=out_dir) from error
    return missing


def _remove_if_empty(created: list[Path]) -> None:
    with contextlib.suppress(OSError):
        for path in created:
            path.rmdir()


@contextlib.contextmanager
def _lock(out_dir: Path) -> Iterator[None]:
    """Let one build at a time publish into a folder; the kernel drops the lock of a build that dies."""
    try:
        import fcntl
    except ImportError:  # Windows: renames are still atomic one by one
        yield
        return
    descriptor = os.open(out_dir, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _fresh_directory(out_dir: Path) -> Iterator[Path]:
    for abandoned in out_dir.glob(f"{_PREFIX}*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    staging = out_dir / f"{_PREFIX}{secrets.token_hex(4)}"
    staging.mkdir()
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _publish(staging: Path, out_dir: Path) -> None:
    """Rename every file into place, and take the old ones back if one of them cannot be."""
    names = sorted(path.name for path in staging.iterdir())
    kept = staging / ".previous"
    kept.mkdir()
    published: list[str] = []
    try:
        for name in names:
            _keep(out_dir / name, kept / name)
            (staging / name).replace(out_dir / name)
            published.append(name)
    except BaseException:
        for name in published:
            _restore(kept / name, out_dir / name)
        raise


def _keep(current: Path, kept: Path) -> None:
    """Hold on to the previous file under another name without a moment in which it is missing."""
    if current.is_file():
        try:
            os.link(current, kept)
        except OSError:  # a file system without hard links
            shutil.copy2(current, kept)


def _restore(kept: Path, current: Path) -> None:
    if kept.exists():
        kept.replace(current)
    else:
        current.unlink(missing_ok=True)
