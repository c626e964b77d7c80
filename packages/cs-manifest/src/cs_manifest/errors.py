"""The one error that this package raises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

from .credentials import mask_credentials

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
    "key-missing",
    "key-unknown",
    "key-conflict",
    "value-type",
    "value-invalid",
    "update-unsupported",
    "version-missing",
    "version-metadata",
    "condarc-invalid",
    "credentials",
    "environment-not-found",
    "feature-not-found",
]

ERROR_KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)
"""Every value of :attr:`ManifestError.kind`; a kind is never renamed, only added."""


class ManifestError(Exception):
    """Say what is wrong with a project's manifest, where, and what to do; credentials in addresses are masked.

    :param message: one sentence: what is wrong.
    :param kind: stable identifier, one of :data:`ERROR_KINDS`.
    :param path: file that the error is about.
    :param line: 1-based line in that file.
    :param column: 1-based column, in characters.
    :param key: key path, as in TOML (``tool.conda-ship.runtime``).
    :param expected: what would have been right.
    :param actual: what was found.
    :param hint: what to do about it.
    :param lines: lines to add to the file.
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
        self.message = mask_credentials(message)
        self.kind: ErrorKind = kind
        self.path = path
        self.line = line
        self.column = column
        self.key = _mask(key)
        self.expected = _mask(expected)
        self.actual = _mask(actual)
        self.hint = _mask(hint)
        self.lines = lines

    def __str__(self) -> str:
        """Render as ``FILE:LINE:COLUMN: key: message (hint)``, leaving out what is not known."""
        where = [str(part) for part in (self.path, self.line, self.column) if part is not None]
        parts = [":".join(where)] if where else []
        if self.key is not None:
            parts.append(self.key)
        parts.append(self.message)
        text = ": ".join(parts)
        return f"{text} ({self.hint})" if self.hint else text

    def to_dict(self) -> dict[str, str | int | list[str] | None]:
        """Return every attribute, for ``--error-format json``.

        :returns: a JSON-serialisable dictionary with the same keys for every error.
        """
        return {
            "kind": self.kind,
            "message": self.message,
            "path": None if self.path is None else str(self.path),
            "line": self.line,
            "column": self.column,
            "key": self.key,
            "expected": self.expected,
            "actual": self.actual,
            "hint": self.hint,
            "lines": list(self.lines),
        }


def _mask(text: str | None) -> str | None:
    return None if text is None else mask_credentials(text)
