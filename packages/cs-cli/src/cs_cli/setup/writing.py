"""Replace a file that somebody edits: all of it or nothing, and only if it is still the one that was read."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from ..errors import CliError


def replace_file(path: Path, old: bytes, new: bytes) -> None:
    """Replace a file's content; its mode stays, and through a link its target is written.

    :param old: what was read from it.
    :raises CliError: ``manifest-changed`` if it has something else now, ``cannot-write`` if it cannot be written.
    """
    require_writable(path)
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.urandom(6).hex()}.part")
    try:
        with temporary.open("xb") as file:
            file.write(new)
            file.flush()
            os.fsync(file.fileno())
        _keep_owner(target, temporary)
        if target.read_bytes() != old:
            message = "something else wrote to the file meanwhile"
            raise CliError(message, kind="manifest-changed", path=path, hint="run the command again")
        temporary.replace(target)
    except OSError as error:
        raise _refuse(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def require_writable(path: Path) -> None:
    """Refuse a file that its owner protects: to replace it, the directory's permissions would be enough.

    :raises CliError: ``cannot-write``.
    """
    try:
        with path.open("r+b"):
            pass
    except OSError as error:
        raise _refuse(path, error) from error


def _refuse(path: Path, error: OSError) -> CliError:
    return CliError(f"cannot write the manifest: {error.strerror or error}", kind="cannot-write", path=path)


def _keep_owner(target: Path, temporary: Path) -> None:
    """Give a new file the owner and the mode of the one that it replaces; only root can give files away."""
    status = target.stat()
    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):
            os.chown(temporary, status.st_uid, status.st_gid)
    shutil.copymode(target, temporary)
