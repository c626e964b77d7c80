"""``cs verify``: every path that was given, one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import CliError
from ..options import VerifyOptions
from ..terminal.console import Console
from .checks import Result, Verification
from .folder import verify_folder
from .runtime import CheckedRuntime
from .single import verify_file


def verify_paths(options: VerifyOptions, console: Console) -> Verification:
    """Check everything that a command line names.

    :raises CliError: ``not-found`` if one of the paths does not exist; nothing has been checked then.
    """
    _require_paths(options.paths)
    return Verification(results=tuple(_verify_path(path, console)[0] for path in options.paths))


def _require_paths(paths: Iterable[Path]) -> None:
    for path in paths:
        if not path.is_dir() and not path.is_file():
            message = "not a file or directory" if path.exists() else "no such file or directory"
            raise CliError(message, kind="not-found", path=path)


def _verify_path(path: Path, console: Console) -> tuple[Result, list[CheckedRuntime]]:
    return verify_folder(path, console) if path.is_dir() else verify_file(path, console)
