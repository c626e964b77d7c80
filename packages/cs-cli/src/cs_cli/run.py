"""``cs run``: build, install, run, clean up."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from .build import Materials, build_artifacts
from .console import Console
from .errors import CliError
from .plan import BuildPlan
from .platforms import host_platform


def run_runtime(
    plan: BuildPlan, materials: Materials, arguments: Sequence[str], console: Console, *, install_path: Path | None
) -> int:
    """Build a runtime in a temporary folder and run it.

    :param install_path: prefix to install into and to keep; ``None`` for a temporary one.
    :returns: the runtime's exit status, 128 plus the signal's number if one ended it.
    :raises CliError: ``cannot-run`` if it is for another platform than this machine's.
    """
    if plan.subdir != host_platform():
        message = f"a runtime for {plan.subdir} cannot run on {host_platform()}"
        raise CliError("cannot-run", message, hint="use cs build")
    with tempfile.TemporaryDirectory(prefix="cs-run-", ignore_cleanup_errors=True) as work:
        result = build_artifacts(plan, materials, Path(work) / "dist", console)
        prefix = install_path.absolute() if install_path else Path(work) / "prefix"
        return _run([str(result.runtime), *arguments], prefix, quiet=console.quiet)


def _run(command: list[str], prefix: Path, *, quiet: bool) -> int:
    environment = {**os.environ, "CONDA_SHIP_PREFIX": str(prefix)}
    with _ignored_interrupts():
        status = subprocess.run(command, env=environment, check=False).returncode
    return status if status >= 0 else 128 - status


@contextlib.contextmanager
def _ignored_interrupts() -> Iterator[None]:
    """Leave Ctrl-C to the program that runs: it may want to handle it."""
    previous = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
