"""One archive that somebody wants: in a bundle, in the cache, or from the network."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedArchive:
    """An archive as a lock names it.

    :ivar sha256: lower-case hex digest.
    :ivar size_bytes: size, where it is known.
    :ivar url: ``https``, ``http``, ``oci`` or ``file`` address; empty for an archive that is not to be fetched.
    """

    file_name: str
    sha256: str
    size_bytes: int | None = None
    url: str = ""

    @property
    def is_local(self) -> bool:
        """Whether its address names a file of this machine."""
        return self.url[:5].lower() == "file:"
