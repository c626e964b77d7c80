"""Directories of a prefix where executables are looked for, the first one first."""

from __future__ import annotations

UNIX_PLACES = ("bin/", "condabin/")
WINDOWS_PLACES = (
    "",
    "Library/mingw-w64/bin/",
    "Library/usr/bin/",
    "Library/bin/",
    "Scripts/",
    "bin/",
    "condabin/",
)
NOARCH_PLACE = "python-scripts/"
"""Where the archive of a ``noarch: python`` package has what the prefix has in ``bin`` or ``Scripts``."""

WINDOWS_SUFFIXES = (".exe", ".bat", ".cmd")
