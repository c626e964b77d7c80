"""``STEM.sha256``, and whether the files that it lists are those that were staged."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from cs_bundle import hash_file

from ..errors import CliError
from ..untrusted import VALUE_LIMIT_BYTES, parse_document, read_limited

NOTICED_BYTES = 1 << 30
"""Hashing fewer bytes than this is too fast to notice."""


def read_checksums(checksums: Path) -> dict[str, str]:
    """Read a file in the format of ``sha256sum``, of at most :data:`~cs_cli.untrusted.VALUE_LIMIT_BYTES`.

    :returns: digests by file name.
    :raises CliError: ``checksums-damaged``.
    """
    digests: dict[str, str] = {}
    with reading(checksums, "checksums-damaged"):
        for number, line in enumerate(_read_lines(checksums), 1):
            digest, separator, name = line.partition("  ")
            if not separator or len(digest) != 64 or not name or "/" in name or "\\" in name or name in digests:
                raise CliError(
                    f"line {number} is not a checksum", kind="checksums-damaged", path=checksums, actual=line
                )
            digests[name] = digest
    return digests


def _read_lines(path: Path) -> list[str]:
    """Read lines that end with a newline only: Python accepts more line ends, a damaged newline among them."""
    text = read_limited(path, VALUE_LIMIT_BYTES).decode()
    if text and not text.endswith("\n"):
        raise ValueError("its last line is cut off")
    return text.split("\n")[:-1]


def read_sizes(info: Path, digests: Mapping[str, str]) -> dict[str, int]:
    """Read the sizes that ``info.json`` states, if it is the one that the checksum file lists.

    :returns: sizes by file name; empty if they are not known.
    """
    try:
        data = read_limited(info, VALUE_LIMIT_BYTES)
        if hashlib.sha256(data).hexdigest() != digests.get(info.name):
            return {}
        return {str(file["name"]): int(file["size"]) for file in parse_document(data)["files"]}
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return {}


def find_size(path: Path) -> int:
    """Return the size of a file in bytes, 0 if it is not known."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def check_file(path: Path, sha256: str, sizes: Mapping[str, int], on_bytes: Callable[[int], None]) -> str:
    """Check that a file is the one that was staged.

    A large file whose size does not match is not read: that could take minutes for nothing.

    :param sizes: as :func:`read_sizes` returns them.
    :param on_bytes: called with the number of bytes just read.
    :returns: the checks that passed.
    :raises CliError: ``file-missing``, ``cannot-read`` or ``checksum-mismatch``.
    """
    if not path.is_file():
        raise CliError("the file is listed but missing", kind="file-missing", path=path, hint="build it again")
    with reading(path, "cannot-read"):
        size = path.stat().st_size
        if sizes and size >= NOTICED_BYTES and sizes.get(path.name) != size:
            stated = f"{sizes[path.name]} bytes" if path.name in sizes else "a file of this build"
            raise _not_as_staged(path, stated, f"{size} bytes")
        actual = hash_file(path, on_bytes)
    if actual != sha256:
        raise _not_as_staged(path, sha256, actual)
    return f"{path.name}: checksum"


def _not_as_staged(path: Path, expected: str, actual: str) -> CliError:
    return CliError(
        "the file has changed since it was built",
        kind="checksum-mismatch",
        path=path,
        expected=expected,
        actual=actual,
        hint="build it again, or copy it again",
    )


@contextlib.contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turn any failure to read a file into an error with its path.

    :param kind: of the error if the content is invalid.
    """
    try:
        yield
    except OSError as error:
        raise CliError(f"cannot be read: {error.strerror or error}", kind="cannot-read", path=path) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise CliError(f"not a file written by cs build: {reason}", kind=kind, path=path) from error
