"""How large a package may be, by its own description.

The runtime has the same limits under the same names: ``vectors/limits.json`` has them for the tests of both.
"""

from __future__ import annotations

MOST_ENTRIES = 1_000_000
"""Paths that a package lists, directories that these imply, and entry points, taken together."""

ENTRIES_OF_ANY = 20_000
"""Entries that an archive of any size may have ..."""

BYTES_PER_ENTRY = 16
"""... and bytes of the archive for each additional one: a real entry takes 40 or more."""

LONGEST_PATHS = 64 << 20
"""Bytes of all paths of a package together."""

LONGEST_PATH = 4096
"""Bytes of one path: no system opens a longer one."""

DEEPEST_PATH = 256
"""Parts of one path."""

LONGEST_PLACEHOLDER = 4096
"""Bytes of a placeholder for the prefix."""

LARGEST_LISTS = 128 << 20
"""Bytes of ``info/paths.json``, ``files``, ``has_prefix``, ``no_link`` and ``no_softlink`` together."""

LARGEST_METADATA = 4 << 20
"""Bytes of ``info/link.json``, and of each file that is read of a wheel's ``dist-info``."""

LARGEST_INFO = 1 << 30
"""Bytes that ``info/`` unpacks to: the largest known one takes 0.2 GiB."""

SLACK_BYTES = 64 << 20
"""Bytes that a wheel of any size may unpack to ..."""

LARGEST_FACTOR = 200
"""... and additional bytes for each of the archive."""


def most_entries(archive_bytes: int) -> int:
    """Return how many entries an archive of that size may have."""
    return min(MOST_ENTRIES, ENTRIES_OF_ANY + archive_bytes // BYTES_PER_ENTRY)


def most_bytes(archive_bytes: int) -> int:
    """Return how many bytes a wheel of that size may unpack to."""
    return SLACK_BYTES + LARGEST_FACTOR * archive_bytes
