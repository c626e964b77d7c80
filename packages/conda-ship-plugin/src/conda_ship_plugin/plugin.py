"""What conda loads through the ``conda`` entry point; the only module that imports conda."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conda import plugins

from .errors import ShipError, render_error
from .executable import find_executable
from .process import run_executable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conda.plugins.types import CondaSubcommand


@plugins.hookimpl  # type: ignore[untyped-decorator]  # conda ships no types
def conda_subcommands() -> Iterator[CondaSubcommand]:
    """Register ``conda ship``."""
    from conda.plugins.types import CondaSubcommand

    # Without configure_parser conda hands over all arguments as they are, -h and --version included.
    yield CondaSubcommand(
        name="ship",
        summary="Build single-file conda runtimes from a solved workspace (runs `cs`).",
        action=execute,
    )


def execute(arguments: tuple[str, ...]) -> int:
    """Run ``cs`` with the arguments of ``conda ship``.

    A ``--`` in front of them all only says that conda's own are over, and conda hands it on.

    :returns: the exit status of ``cs``.
    :raises conda.CondaError: when ``cs`` is not there, cannot be started, or was ended by a signal.
    """
    from conda import CondaError

    try:
        return run_executable(find_executable(), arguments[1:] if arguments[:1] == ("--",) else arguments)
    except ShipError as error:
        failure = CondaError(render_error(error))
        failure.return_code = 1 if error.signal_number is None else 128 + error.signal_number
        raise failure from error
