"""Which file names a bundle may hold."""

from __future__ import annotations

import re

from ._errors import BundleRejectedError

ARCHIVE_SUFFIXES = (".conda", ".tar.bz2", ".whl")
NAME_LIMIT_BYTES = 255

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+!~=-]*")


def is_archive_name(name: str) -> bool:
    """Tell whether a name is one of a package archive, safe on every file system."""
    return name.endswith(ARCHIVE_SUFFIXES) and name not in ARCHIVE_SUFFIXES and is_plain_name(name)


def is_plain_name(name: str) -> bool:
    """Tell whether a name is safe on every file system; the cache keeps sources, too, which no bundle holds."""
    return len(name) <= NAME_LIMIT_BYTES and _NAME.fullmatch(name) is not None


def check_entry_name(name: str) -> str:
    """Return the name of a top-level archive, without a leading ``./``.

    :raises BundleRejectedError: if it is nested, absolute, holds ``..`` or is not one of an archive.
    """
    bare = name.removeprefix("./")
    if bare.startswith("/") or "\\" in bare or re.match(r"[A-Za-z]:", bare):
        raise _reject("absolute", "its name is absolute", name)
    components = bare.split("/")
    if ".." in components:
        raise _reject("dot-dot", "its name contains `..`", name)
    if len(components) > 1:
        raise _reject("nested", "it is inside a directory", name)
    if not is_archive_name(bare):
        raise _reject("not-an-archive", "its name is not that of a package archive", name)
    return bare


def _reject(kind: str, why: str, name: str) -> BundleRejectedError:
    return BundleRejectedError(
        f"the entry {name!r} is refused: {why}",
        kind=kind,
        name=name,
        hint="a bundle contains only package archives, at its top level",
    )
