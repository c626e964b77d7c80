"""The ``conda ship`` shortcut: find the ``cs`` command and run it."""

from .errors import ShipError
from .executable import find_executable
from .process import run_executable

__all__ = ["ShipError", "find_executable", "run_executable"]

__version__ = "0.1.0"
