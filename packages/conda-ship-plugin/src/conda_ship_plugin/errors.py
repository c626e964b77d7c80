"""The one error that this package raises; :mod:`conda_ship_plugin.plugin` turns it into one of conda's."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class ShipError(Exception):
    """Say why ``cs`` could not be run, or did not end by itself.

    :param message: what is wrong.
    :param path: the executable in question.
    :param hint: what to do about it.
    :param exit_status: status for ``conda`` to exit with.
    """

    def __init__(
        self, message: str, *, path: Path | None = None, hint: str | None = None, exit_status: int = 1
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.hint = hint
        self.exit_status = exit_status

    def __str__(self) -> str:
        """Render as ``MESSAGE: PATH. HINT.``, in one line whatever characters the path has."""
        text = self.message if self.path is None else f"{self.message}: {_show(self.path)}"
        return f"{text}. {self.hint}." if self.hint else f"{text}."


def _show(path: Path) -> str:
    """Show a path to a terminal: what is no letter, mark or sign in it is escaped."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in str(path))
