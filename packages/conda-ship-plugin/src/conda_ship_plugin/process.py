"""Run a command as if conda were not there: same arguments, same streams, same exit status."""

from __future__ import annotations

import signal
import subprocess
from typing import TYPE_CHECKING

from .errors import ShipError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def run_executable(path: Path, arguments: Sequence[str]) -> int:
    """Run an executable in the foreground.

    :returns: its exit status.
    :raises ShipError: when it cannot be started, or a signal ended it.
    """
    try:
        process = subprocess.Popen([path, *arguments])
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise ShipError(f"cs cannot be started ({reason})", kind="executable-failed", path=path) from error
    status = _wait(process)
    if status < 0:
        message = f"cs was ended by {_name_signal(-status)}"
        raise ShipError(message, kind="ended-by-signal", path=path, signal_number=-status)
    return status


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end. The terminal sends Ctrl-C to the command as well: what it makes of that counts."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue


def _name_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
