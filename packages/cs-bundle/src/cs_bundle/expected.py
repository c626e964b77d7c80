"""What a lock says of an archive."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedArchive:
    """What an archive must be.

    :ivar sha256: lower-case hex digest.
    :ivar size_bytes: size, where it is known.
    """

    file_name: str
    sha256: str
    size_bytes: int | None = None
