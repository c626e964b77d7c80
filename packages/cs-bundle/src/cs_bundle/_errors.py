"""Everything that this package raises on purpose."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ._urls import redact_text

_TEXTS = ("kind", "message", "name", "url", "expected", "actual", "hint")


class BundleError(Exception):
    """An error in a bundle, an archive or a download.

    All its texts go through ``redact_text``: no address in it holds a secret.

    :ivar kind: stable identifier of the fault; ``docs/reference/bundle-format.md`` lists those of bundles.
    :ivar path: bundle or file that the error is about.
    :ivar name: entry of the bundle, or archive, that the error is about.
    :ivar url: where an archive comes from, without credentials.
    :ivar expected: what was expected.
    :ivar actual: what was found.
    :ivar hint: what to do about it.
    """

    kind: str = "bundle"

    def __init__(
        self,
        message: str,
        *,
        kind: str | None = None,
        path: Path | None = None,
        name: str | None = None,
        url: str | None = None,
        expected: str | None = None,
        actual: str | None = None,
        hint: str | None = None,
    ) -> None:
        message = redact_text(message)
        super().__init__(message)
        self.kind = kind or type(self).kind
        self.message = message
        self.path = path
        self.name = name
        self.url: str | None = None if url is None else redact_text(url)
        self.expected: str | None = None if expected is None else redact_text(expected)
        self.actual: str | None = None if actual is None else redact_text(actual)
        self.hint = hint

    def __str__(self) -> str:
        """Return ``PATH: MESSAGE``, as far as known."""
        return self.message if self.path is None else f"{self.path}: {self.message}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything that is known, as JSON values by their names."""
        known = {name: getattr(self, name) for name in _TEXTS} | {"path": str(self.path or "")}
        return {name: value for name, value in known.items() if value}


class BundleReadError(BundleError):
    """A file that cannot be opened or read at all."""

    kind = "cannot-read"


class BundleWriteError(BundleError):
    """A bundle that could not be written; nothing was left behind."""

    kind = "cannot-write"


class ArchiveNameError(BundleError):
    """A file name that a bundle cannot hold."""

    kind = "not-an-archive"


class BundleRejectedError(BundleError):
    """A bundle that is refused for its content; ``kind`` says which rule it breaks."""

    kind = "rejected"


class ArchiveMismatchError(BundleRejectedError):
    """An archive whose size or SHA-256 is not the expected one."""

    kind = "sha256-mismatch"


class FetchError(BundleError):
    """An archive that could not be fetched."""

    kind = "fetch"


class DiskFullError(BundleError):
    """A disk, or a quota, without room; ``expected`` is what was needed, ``actual`` what is free."""

    kind = "disk-full"


class RefusedError(Exception):
    """A request or its answer that is not acceptable; never leaves this package.

    :ivar kind: of the error that is made of it.
    """

    def __init__(self, message: str, *, kind: str) -> None:
        super().__init__(message)
        self.kind = kind
