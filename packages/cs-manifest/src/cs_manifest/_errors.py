"""The one error that this package raises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

from ._credentials import mask_credentials

if TYPE_CHECKING:
    from pathlib import Path

ErrorKind = Literal[
    "root-not-found",
    "manifest-not-found",
    "manifest-unreadable",
    "manifest-too-large",
    "manifest-encoding",
    "manifest-syntax",
    "lock-not-found",
    "table-invalid",
    "table-exists",
    "key-missing",
    "key-unknown",
    "key-conflict",
    "value-type",
    "value-invalid",
    "update-unsupported",
    "version-missing",
    "version-metadata",
    "build-backend",
    "condarc-invalid",
    "credentials",
    "environment-not-found",
    "feature-not-found",
]
"""A value of ``ManifestError.kind``; kinds are never renamed, only added."""

ERROR_KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)

_TEXTS = ("kind", "message", "line", "column", "key", "expected", "actual", "hint")


class ManifestError(Exception):
    """An error in a project's manifest; credentials in addresses are masked.

    :ivar message: one sentence that names the problem.
    :ivar kind: stable identifier, one of ``ErrorKind``.
    :ivar path: file that the error is about.
    :ivar line: 1-based line in that file.
    :ivar column: 1-based column, in characters.
    :ivar key: key path, as in TOML (``tool.conda-ship.runtime``).
    :ivar expected: what would have been valid.
    :ivar actual: what was found.
    :ivar hint: what to do about it.
    :ivar lines: lines to add to the file.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: ErrorKind,
        path: Path | None = None,
        line: int | None = None,
        column: int | None = None,
        key: str | None = None,
        expected: str | None = None,
        actual: str | None = None,
        hint: str | None = None,
        lines: tuple[str, ...] = (),
    ) -> None:
        super().__init__(mask_credentials(message))
        self.message: str = mask_credentials(message)
        self.kind: ErrorKind = kind
        self.path = path
        self.line = line
        self.column = column
        self.key: str | None = _mask(key)
        self.expected: str | None = _mask(expected)
        self.actual: str | None = _mask(actual)
        self.hint: str | None = _mask(hint)
        self.lines = lines

    def __str__(self) -> str:
        """Return ``PATH:LINE:COLUMN: KEY: MESSAGE``, as far as known."""
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part is not None)
        return ": ".join(part for part in (place, self.key, self.message) if part)

    def to_dict(self) -> dict[str, Any]:
        """Return everything that is known, as JSON values by their names."""
        known = {name: getattr(self, name) for name in _TEXTS}
        known |= {"path": str(self.path or ""), "lines": list(self.lines)}
        return {name: value for name, value in known.items() if value}


class OverrideError(ManifestError):
    """An error in a setting that overrides the manifest's; ``key`` is its bare name."""


def _mask(text: str | None) -> str | None:
    return None if text is None else mask_credentials(text)
