"""Where is the ``cs`` command?"""

from __future__ import annotations

import os
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import ShipError

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "CONDA_SHIP_EXECUTABLE"
"""Environment variable that names the executable to run; when it is set, nothing else is tried."""


def find_executable(environ: Mapping[str, str] | None = None) -> Path:
    """Find ``cs``: what :data:`VARIABLE` names, else the one next to this Python, else the one on ``PATH``.

    :param environ: environment to look at; default: this process's.
    :raises ShipError: when there is none, or it cannot be executed.
    """
    environ = os.environ if environ is None else environ
    named = environ.get(VARIABLE)
    if named:
        return _check_executable(Path(named).expanduser(), hint=f"Correct or unset {VARIABLE}")
    for directory in _list_script_directories():
        path = directory / _executable_name()
        if path.is_file():
            return _check_executable(path, hint="Reinstall cs-cli")
    found = shutil.which("cs", path=environ.get("PATH", os.defpath))
    if found is None:
        raise ShipError(
            "the cs command is neither next to this Python nor on PATH",
            kind="executable-missing",
            hint=f"Install it with `pip install cs-cli`, or name it in {VARIABLE}",
        )
    return Path(found)


def _executable_name() -> str:
    return "cs.exe" if os.name == "nt" else "cs"


def _list_script_directories() -> list[Path]:
    """List the directory of the Python executable, and that of its scripts (another one on Windows)."""
    directories = [Path(sys.executable).parent, Path(sysconfig.get_path("scripts"))]
    return list(dict.fromkeys(directories))


def _check_executable(path: Path, *, hint: str) -> Path:
    if not path.is_file():
        raise ShipError("the executable does not exist", kind="executable-missing", path=path, hint=hint)
    if not os.access(path, os.X_OK):
        raise ShipError("this file is not executable", kind="executable-failed", path=path, hint=hint)
    return path
