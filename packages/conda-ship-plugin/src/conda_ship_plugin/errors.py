"""The one error that this package raises; :mod:`conda_ship_plugin.plugin` turns it into one of conda's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class ShipError(Exception):
    """A ``cs`` that could not be run, or did not end by itself.

    :ivar kind: stable identifier: ``executable-missing``, ``executable-failed`` or ``ended-by-signal``.
    :ivar path: the executable in question.
    :ivar hint: what to do about it.
    :ivar signal_number: the signal that ended it.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        path: Path | None = None,
        hint: str | None = None,
        signal_number: int | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.path = path
        self.hint = hint
        self.signal_number = signal_number

    def __str__(self) -> str:
        """Return ``PATH: MESSAGE``, as far as known."""
        return self.message if self.path is None else f"{self.path}: {self.message}"

    def to_dict(self) -> dict[str, Any]:
        """Return everything that is known, as JSON values by their names."""
        known = {"kind": self.kind, "message": self.message, "path": str(self.path or ""), "hint": self.hint}
        return {name: value for name, value in known.items() if value}


def render_error(error: ShipError) -> str:
    """Render an error as ``conda ship: MESSAGE: PATH. HINT.``, in one line whatever characters the path has."""
    path = "" if error.path is None else f": {_show(error.path)}"
    return f"conda ship: {error.message}{path}." + (f" {error.hint}." if error.hint else "")


def _show(path: Path) -> str:
    """Show a path to a terminal: characters that are not printable are escaped."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in str(path))
