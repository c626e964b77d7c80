"""Everything that this package raises on purpose."""

from __future__ import annotations

from pathlib import Path

from .urls import redact_text


class BundleError(Exception):
    """Say what is wrong with a bundle, an archive or a download.

    Whatever it says goes through :func:`cs_bundle.urls.redact_text`: no address in it holds a secret.

    :ivar kind: stable identifier of the fault; ``docs/reference/bundle-format.md`` lists those of bundles.
    :ivar path: bundle or file that the error is about.
    :ivar name: entry of the bundle, or archive, that the error is about.
    :ivar url: where an archive comes from, without credentials.
    :ivar expected: what should have been there.
    :ivar actual: what was there.
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
        self.url = None if url is None else redact_text(url)
        self.expected = None if expected is None else redact_text(expected)
        self.actual = None if actual is None else redact_text(actual)
        self.hint = hint

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path is not None else ""
        advice = f" ({self.hint})" if self.hint else ""
        return f"{where}{self.message}{advice}"


class BundleReadError(BundleError):
    """Report a file that cannot be opened or read at all."""

    kind = "cannot-read"


class BundleWriteError(BundleError):
    """Report a bundle that could not be written; nothing was left behind."""

    kind = "cannot-write"


class ArchiveNameError(BundleError):
    """Refuse a file name that a bundle cannot hold."""

    kind = "not-an-archive"


class BundleRejectedError(BundleError):
    """Refuse a bundle for what it holds; ``kind`` says which rule it breaks."""

    kind = "rejected"


class ArchiveMismatchError(BundleRejectedError):
    """Refuse an archive whose size or SHA-256 is not the expected one."""

    kind = "sha256-mismatch"


class FetchError(BundleError):
    """Report an archive that could not be fetched."""

    kind = "fetch"


class DiskFullError(BundleError):
    """Report a disk, or a quota, without room; ``expected`` is what was needed, ``actual`` what is free."""

    kind = "disk-full"


class RefusedError(Exception):
    """Say why a request or its answer is not acceptable; never leaves this package.

    :ivar kind: of the error that is made of it.
    """

    def __init__(self, kind: str, why: str) -> None:
        super().__init__(why)
        self.kind = kind
