"""A lock file's bytes, made into a tree or refused."""

from __future__ import annotations

import gc
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ._blocks import Node, Unsupported, parse_blocks
from ._errors import LockError

MAX_SIZE_BYTES = 64 * 1024 * 1024
MAX_LINES = 2_000_000
"""A lock of 10,000 packages has 9 MB and 200,000 lines."""

_CONTROL_BYTES = bytes({*range(0x20), 0x7F} - set(b"\t\n\r"))
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_CONFLICT = re.compile("^(?:<{7}|>{7}) ", re.MULTILINE)
RESTORE = "restore the file from version control, or lock the workspace again"


def read_text(path: Path) -> str:
    """Read a lock file.

    :param path: the file.
    :returns: its text, with ``\\n`` line ends.
    :raises LockError: when it cannot be read, is too large, empty, binary or not UTF-8.
    """
    data = _read_bytes(path)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _position(data[: error.start].decode("utf-8", "replace"))
        raise LockError(
            "the lock is not UTF-8 text",
            kind="not-utf-8",
            path=path,
            line=line,
            column=column,
            actual=f"byte 0x{data[error.start]:02x}",
            hint=RESTORE,
        ) from error
    # Deleting bytes is much faster than looking for them.
    suspect = not data.isascii() or len(data.translate(None, _CONTROL_BYTES)) < len(data)
    control = _CONTROL.search(text) if suspect else None
    if control is not None:
        line, column = _position(text[: control.start()])
        message = "the lock is not text: it contains control characters"
        raise LockError(message, kind="binary", path=path, line=line, column=column, hint=RESTORE)
    if not text.strip():
        raise LockError("the lock is empty", kind="empty", path=path, line=1, column=1, hint=RESTORE)
    if text.startswith("version https://git-lfs."):
        hint = "fetch the file itself with 'git lfs pull'"
        raise LockError(
            "this is a Git LFS pointer to a lock", kind="git-lfs-pointer", path=path, line=1, column=1, hint=hint
        )
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def parse_text(text: str, path: Path) -> dict[str, Node]:
    """Read a lock's YAML.

    :param text: the document.
    :param path: where it came from, for messages.
    :returns: the top-level mapping; scalars are text, never numbers or dates.
    :raises LockError: when it is not a YAML mapping.
    """
    try:
        return dict(parse_blocks(text))
    except Unsupported:
        return _parse_slowly(text, path)


@contextmanager
def pause_collection() -> Iterator[None]:
    """Keep the garbage collector from looking at many new objects of which none is garbage."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _parse_slowly(text: str, path: Path) -> dict[str, Node]:
    from ._events import parse_events

    try:
        root = parse_events(text)
    except LockError as error:
        error.path = path
        raise _find_conflict(text, path) or error from None
    if not isinstance(root, dict):
        kind = "a list" if isinstance(root, list) else "nothing" if root is None else "text"
        raise LockError(
            "this is not a lock",
            kind="not-a-lock",
            path=path,
            line=1,
            column=1,
            expected="a YAML mapping",
            actual=kind,
            hint=RESTORE,
        )
    return root


def _find_conflict(text: str, path: Path) -> LockError | None:
    """Describe a lock that git could not merge."""
    mark = _CONFLICT.search(text)
    if mark is None:
        return None
    line, column = _position(text[: mark.start()])
    hint = "take one side of it, and lock the workspace again"
    message = "the lock has the marks of a merge conflict"
    return LockError(message, kind="invalid-yaml", path=path, line=line, column=column, hint=hint)


def _read_bytes(path: Path) -> bytes:
    try:
        # Reading a pipe or a device might never end.
        if not stat.S_ISREG(path.stat().st_mode):
            raise LockError("the lock is not a regular file", kind="unreadable", path=path)
        with path.open("rb") as file:
            data = file.read(MAX_SIZE_BYTES + 1)
    except OSError as error:
        kind = "missing" if isinstance(error, FileNotFoundError) else "unreadable"
        hint = "lock the workspace first, with the tool that owns its manifest" if kind == "missing" else None
        raise LockError(f"cannot read the lock: {error.strerror}", kind=kind, path=path, hint=hint) from error
    if len(data) > MAX_SIZE_BYTES:
        raise LockError(f"the lock is larger than {MAX_SIZE_BYTES >> 20} MiB", kind="too-large", path=path)
    if data.count(b"\n") > MAX_LINES:
        raise LockError(f"the lock has more than {MAX_LINES} lines", kind="too-large", path=path)
    return data


def _position(before: str) -> tuple[int, int]:
    """Return line and column of what follows the text, both counted from 1."""
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
