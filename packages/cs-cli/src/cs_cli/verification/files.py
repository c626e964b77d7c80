"""The files of one folder that anyone may have written: no link is followed, no size is trusted."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

from cs_bundle import hash_file

from ..errors import CliError
from ..untrusted import DOCUMENT_LIMIT_BYTES, read_limited

_REASON_LENGTH = 300


class StagedFiles:
    """The files of a folder. What is parsed is what was hashed, and a file that changes meanwhile is noticed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: dict[str, os.stat_result] = {}
        self._digests: dict[str, str] = {}
        self._contents: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> None:
        """Take other content for that of a small file, which stays as it is."""
        self._contents[name] = data
        self._digests[name] = sha256(data).hexdigest()

    def path(self, name: str) -> Path:
        """Return the path of a file."""
        return self.folder / name

    def exists(self, name: str) -> bool:
        """Tell whether there is anything with this name."""
        return os.path.lexists(self.path(name))

    def find_size(self, name: str) -> int:
        """Return the size of a file in bytes, 0 if it is not known."""
        if name in self._contents:
            return len(self._contents[name])
        try:
            return self.require(name).st_size
        except CliError:
            return 0

    def require(self, name: str) -> os.stat_result:
        """Return the status of a regular file, as it was when it was first asked for.

        :raises CliError: ``file-missing``, ``not-a-file`` or ``cannot-read``.
        """
        if name not in self._seen:
            path = self.path(name)
            try:
                status = path.lstat()
            except FileNotFoundError as error:
                message, hint = "the file is listed but missing", "copy it here too, or check one file by its path"
                raise CliError(message, kind="file-missing", path=path, hint=hint) from error
            except (OSError, ValueError) as error:
                raise CliError(f"cannot be read: {error}", kind="cannot-read", path=path) from error
            if not stat.S_ISREG(status.st_mode):
                raise _refuse_kind(path, status.st_mode)
            self._seen[name] = status
        return self._seen[name]

    def hash(self, name: str, on_bytes: Callable[[int], None] = lambda _: None) -> str:
        """Return the hex SHA-256 of a file; each file is read once.

        :param on_bytes: called with the number of bytes just read.
        """
        if name not in self._digests:
            size = self.require(name).st_size
            if name.endswith(".json") and size <= DOCUMENT_LIMIT_BYTES:
                self.read(name)
                on_bytes(size)
            else:
                with reading(self.path(name), "cannot-read"):
                    self._digests[name] = hash_file(self.path(name), on_bytes)
        return self._digests[name]

    def read(self, name: str, limit_bytes: int = DOCUMENT_LIMIT_BYTES) -> bytes:
        """Return the content of a small file, the bytes that :meth:`hash` is about.

        :raises CliError: ``cannot-read`` if it is too large, or not what was hashed.
        """
        if name not in self._contents:
            self.require(name)
            with reading(self.path(name), "cannot-read"):
                data = read_limited(self.path(name), limit_bytes)
            if self._digests.setdefault(name, sha256(data).hexdigest()) != sha256(data).hexdigest():
                raise _changed(self.path(name))
            self._contents[name] = data
        return self._contents[name]

    def list_changed(self) -> list[CliError]:
        """Return an error for each file that is not the one that was there when it was first looked at."""
        return [_changed(self.path(name)) for name, status in self._seen.items() if not self._is_same(name, status)]

    def _is_same(self, name: str, before: os.stat_result) -> bool:
        try:
            return _identify(self.path(name).lstat()) == _identify(before)
        except OSError:
            return False


def _identify(status: os.stat_result) -> tuple[int, ...]:
    return status.st_mode, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _refuse_kind(path: Path, mode: int) -> CliError:
    is_link = stat.S_ISLNK(mode)
    what = "a symbolic link" if is_link else "a directory" if stat.S_ISDIR(mode) else "a pipe, a socket or a device"
    hint = "put the file itself in its place" if is_link else None
    return CliError(f"this is {what}, not a file", kind="not-a-file", path=path, hint=hint)


def _changed(path: Path) -> CliError:
    hint = "check it again when nothing writes to its directory"
    return CliError("the file changed while it was checked", kind="file-changed", path=path, hint=hint)


@contextlib.contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn any failure to read a file into an error with its path.

    :param kind: of the error if the content is invalid.
    """
    try:
        yield
    except OSError as error:
        raise CliError(f"cannot be read: {error.strerror or error}", kind="cannot-read", path=path) from error
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"[:_REASON_LENGTH]
        raise CliError(f"not a file written by cs build: {reason}", kind=kind, path=path) from error
