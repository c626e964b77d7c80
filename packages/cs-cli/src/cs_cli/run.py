"""``cs run``: build, install, run, clean up."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from cs_bundle import DiskFullError, disk_full
from cs_stamp import literal_path

from .building.execution import BuildResult, Materials, build_artifacts
from .building.plan import BuildPlan
from .errors import CliError, add_advice
from .project.platforms import host_platform
from .project.protected_inputs import refuse_outputs
from .terminal.console import Console, format_count, print_lines
from .terminal.interrupts import ASKING


def run_runtime(
    plan: BuildPlan, materials: Materials, arguments: Sequence[str], console: Console, *, install_path: Path | None
) -> int:
    """Build a runtime in a temporary directory and run it.

    :param install_path: prefix to install into and to keep; ``None`` for a temporary one.
    :returns: the runtime's exit status, 128 plus the signal's number if one ended it.
    :raises CliError: ``cannot-run`` if it is not for this machine's platform, ``output-is-input`` if the
        prefix would replace what the build reads.
    """
    if plan.subdir != host_platform():
        message = f"a runtime for {plan.subdir} cannot run on {host_platform()}"
        raise CliError(message, kind="cannot-run", hint="use cs build")
    if install_path is not None:
        _refuse_prefix(install_path.absolute(), materials)
    with tempfile.TemporaryDirectory(prefix="cs-run-", ignore_cleanup_errors=True) as work:
        result = _build(plan, materials, Path(work), console)
        materials.store.release()  # the runtime may run for days
        prefix = install_path.absolute() if install_path else Path(work) / "prefix"
        settings = {"QUIET": console.quiet, "OFFLINE": materials.store.offline}
        environment = runtime_environment(plan.derivation.config.runtime, prefix, settings)
        if install_path is None and not console.quiet and not console.verbose:
            status = _install(plan, result, environment, console)
            if status:
                return status
        return run_process([str(result.runtime), *arguments], environment)


def _install(plan: BuildPlan, result: BuildResult, environment: dict[str, str], console: Console) -> int:
    """Let the runtime install itself first, and show how far it is, but nothing of the temporary directory.

    :returns: its exit status; its error is shown if it fails.
    """
    words = ["self"] if plan.derivation.config.commands == "self" else []
    count = format_count(len(plan.packages), "package")
    command = [str(result.runtime), *words, "--progress", "json", "bootstrap"]
    sizes = [package.size_bytes for package in plan.packages]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    said: list[str] = []
    with console.progress(f"installing {count}", total) as update:

        def take(line: str) -> None:
            match _parse_event(line):
                case {"event": "progress", "archive_bytes": int(done_bytes)}:
                    update(done_bytes)
                case {"event": "error", "message": str(message)}:
                    said.append(f"{plan.derivation.config.runtime}: error: {message}")
                case None:
                    said.append(line)

        status = run_process(command, environment, on_line=take, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    if status:
        print_lines(said, sys.stderr)
    return status


def _parse_event(line: str) -> object:
    """Parse a JSON event of ``docs/reference/runtime.md``; ``None`` for what something else has written."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def _build(plan: BuildPlan, materials: Materials, work: Path, console: Console) -> BuildResult:
    """Build; if the disk is full, name the directory that the user can choose, not the temporary one inside it."""
    try:
        return build_artifacts(plan, materials, work / "dist", console)
    except DiskFullError as error:
        if error.path is not None and error.path.is_relative_to(work):
            raise add_advice(disk_full(work.parent, None), "temporary") from error
        raise


def _refuse_prefix(prefix: Path, materials: Materials) -> None:
    """Refuse a prefix with an input in one of its directories; ``docs/explanation/prefix-lifecycle.md`` names them."""
    prefix = Path(os.path.realpath(prefix))
    beside = [prefix.with_name(f".{prefix.name}.{what}") for what in ("staging", "previous")] if prefix.name else []
    refuse_outputs(materials.inputs, files=[prefix], folders=[prefix, *beside])


def runtime_environment(runtime: str, prefix: Path, settings: dict[str, bool]) -> dict[str, str]:
    """Compose the environment of a runtime: that of this process, the prefix, and the switches that are on.

    An environment that is active here is not active there, where a conda delegate would work on it, not on the prefix.

    :param runtime: the runtime's name; its variables start with it, upper-cased, other characters as ``_``.
    """
    stem = re.sub(r"[^A-Z0-9]", "_", runtime.upper())
    switched_on = {f"{stem}_{name}": "1" for name, value in settings.items() if value}
    inherited = {name: value for name, value in os.environ.items() if name != "CONDA_PREFIX"}
    return {**inherited, **switched_on, "CONDA_SHIP_PREFIX": literal_path(str(prefix))}


def run_process(
    command: list[str], environment: dict[str, str], *, on_line: Callable[[str], None] | None = None, **streams: Any
) -> int:
    """Run a command in the foreground, pass on the signals that ask it to stop, and wait for it.

    :param on_line: takes each line that the command writes to stderr, which it otherwise shares.
    :param streams: those of :class:`subprocess.Popen`; by default the ones of this process.
    :returns: its exit status, 128 plus the signal's number if one ended it.
    """
    with _relayed_signals() as relay:
        if on_line is not None:
            streams["stderr"] = subprocess.PIPE
        process = subprocess.Popen(command, env=environment, **streams)
        try:
            relay.start(process)
            if on_line is not None and process.stderr is not None:
                with process.stderr as lines:
                    for line in lines:
                        on_line(line.decode(errors="replace").rstrip("\r\n"))
            status = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    return status if status >= 0 else 128 - status


class _Relay:
    """A relay of signals to a process; those that arrived before it started are sent as soon as it has."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []

    def start(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        for number in self._early:
            self._send(process, number)

    def take(self, number: int, _frame: FrameType | None) -> None:
        if self._process is None:
            self._early.append(number)
        elif not _came_from_terminal(number):
            self._send(self._process, number)

    @staticmethod
    def _send(process: subprocess.Popen[bytes], number: int) -> None:
        with contextlib.suppress(OSError, ValueError):
            process.send_signal(number)


@contextlib.contextmanager
def _relayed_signals() -> Iterator[_Relay]:
    """Relay the signals that ask to stop; one that is ignored, as under ``nohup``, stays so for the process, too."""
    relay = _Relay()
    relayed = [number for number in ASKING if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    previous = {number: signal.signal(number, relay.take) for number in relayed}
    try:
        yield relay
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _came_from_terminal(number: int) -> bool:
    """Tell whether a terminal has sent the signal to the child as well: Ctrl-C reaches the whole group."""
    if os.name == "nt" or number == signal.SIGTERM:
        return os.name == "nt"
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
