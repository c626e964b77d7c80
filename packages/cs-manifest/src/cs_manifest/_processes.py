"""Run the programs of a build, with everything that they say in a log."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

_TAIL_BYTES = 1 << 16
# pip ends with advice; what is wrong stands in front of it.
_MARKED = ("ERROR", "error:")
_TRACEBACK = "Traceback (most recent call last)"


def run_command(
    command: Sequence[str], *, log: Path, environ: Mapping[str, str], cwd: str | Path | None = None
) -> None:
    """Run a program to its end, without a terminal; whatever ends this call early ends its children, too.

    :param log: file that its output is appended to.
    :raises subprocess.CalledProcessError: if it fails; ``output`` is the end of what it said.
    :raises OSError: if it cannot be started.
    """
    with log.open("ab") as file:
        start = file.tell()
        process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            umask=0o022 if os.name == "posix" else -1,
        )
        try:
            status = process.wait()
        except BaseException:
            _end(process)
            raise
    if status != 0:
        raise subprocess.CalledProcessError(status, list(command), output=_read_end(log, start))


def find_reason(output: str) -> str:
    """Return the line of a program's output that says what is wrong.

    :returns: the first line of the exception that its last traceback ends with, its last error after that, else its
        last line.
    """
    lines = [line for line in output.splitlines() if line.strip()]
    tracebacks = [at for at, line in enumerate(lines) if line.lstrip().startswith(_TRACEBACK)]
    rest = lines[tracebacks[-1] :] if tracebacks else lines
    marked = [line.strip() for line in rest if line.lstrip().startswith(_MARKED)]
    if marked or not tracebacks:
        return (marked or [line.strip() for line in lines] or [""])[-1]
    return _find_exception(rest) or lines[-1].strip()


def _find_exception(traceback: Sequence[str]) -> str:
    """Return the message of the exception in a traceback, its first line: other lines are advice."""
    indent = _measure_indent(traceback[0])
    first = next((line.strip() for line in traceback[1:] if _measure_indent(line) <= indent), "")
    name, _, message = first.partition(": ")
    return message if " " in message and re.fullmatch(r"[\w.]+(?:Error|Exception)", name) else first


def _measure_indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a program and everything that it has started."""
    if os.name == "posix":
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    process.wait()


def _read_end(log: Path, start: int) -> str:
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(start, size - _TAIL_BYTES))
        return file.read().decode("utf-8", "replace")
