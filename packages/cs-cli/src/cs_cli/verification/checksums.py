"""``STEM.sha256``, and whether the files that it lists are those that were staged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from ..companions.files import SUFFIXES, parse_checksums
from ..errors import CliError
from ..untrusted import VALUE_LIMIT_BYTES, parse_object
from .documents import take, take_objects
from .files import StagedFiles, reading

SUFFIX = SUFFIXES["checksums"]

_SIGNED = "; if you signed it for its platform, run `cs sign` on the directory"

NOTICED_BYTES = 1 << 30
"""Hashing fewer bytes than this is too fast to notice."""


def read_checksums(files: StagedFiles, name: str) -> dict[str, str]:
    """Read a file in the format of ``sha256sum``, of at most :data:`~cs_cli.untrusted.VALUE_LIMIT_BYTES`.

    :returns: digests by file name.
    :raises CliError: ``checksums-damaged``.
    """
    data = files.read(name, VALUE_LIMIT_BYTES)
    with reading(files.path(name), "checksums-damaged"):
        return parse_checksums(data)


def read_sizes(files: StagedFiles, info: str, digests: Mapping[str, str]) -> dict[str, int]:
    """Read the sizes that ``info.json`` states, if it is the one that the checksum file lists.

    :returns: sizes by file name; empty if they are not known.
    """
    try:
        data = files.read(info)
        if sha256(data).hexdigest() != digests.get(info):
            return {}
        stated = take_objects(parse_object(data), "files")
        return {take(one, str, "name"): take(one, int, "size_bytes") for one in stated}
    except (CliError, ValueError):
        return {}


def check_file(
    files: StagedFiles, name: str, expected: str, sizes: Mapping[str, int], on_bytes: Callable[[int], None]
) -> str:
    """Check that a file is the one that was staged.

    A large file whose size does not match is not read: that could take minutes for nothing.

    :param expected: hex digest.
    :param sizes: as :func:`read_sizes` returns them.
    :param on_bytes: called with the number of bytes just read.
    :raises CliError: ``file-missing``, ``not-a-file``, ``cannot-read`` or ``checksum-mismatch``.
    """
    size = files.require(name).st_size
    if sizes and size >= NOTICED_BYTES and sizes.get(name) != size:
        stated = f"{sizes[name]} bytes" if name in sizes else "a file of this build"
        raise _not_as_staged(files, name, stated, f"{size} bytes")
    actual = files.hash(name, on_bytes)
    if actual != expected:
        raise _not_as_staged(files, name, expected, actual)
    return "checksum"


def _not_as_staged(files: StagedFiles, name: str, expected: str, actual: str) -> CliError:
    is_companion = name.endswith(tuple(SUFFIXES.values()))
    return CliError(
        "the file has changed since it was built",
        kind="checksum-mismatch",
        path=files.path(name),
        expected=expected,
        actual=actual,
        hint=f"build it again, or copy it again{'' if is_companion else _SIGNED}",
    )


def find_runtime(digests: Iterable[str], checksums: Path, stem: str) -> str:
    """Return the name of the runtime that a checksum file lists.

    :raises CliError: ``checksums-damaged`` if it does not list exactly one.
    """
    found = [name for name in digests if name in (stem, f"{stem}.exe")]
    if len(found) != 1:
        message = f"it lists {'two runtimes' if found else 'no runtime'}"
        raise CliError(message, kind="checksums-damaged", path=checksums)
    return found[0]
