"""Where output goes: results to stdout, everything else to stderr.

Everything that ``cs`` writes to a terminal goes through this module, and no other prints. It takes lines and values,
never text with line ends in it: those, and all else that commands a terminal, come from outside and are shown, not
obeyed.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

from cs_bundle import redact_text

from .escaping import dump_json, escape_line
from .style import Line, style_of

ProgressCallback = Callable[[int], None]
"""Receives how many bytes are done, from any thread."""


class Console:
    """The output to a person, which can be quiet.

    :param quiet: say nothing but errors and results.
    :ivar warnings: everything that was warned of.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self.quiet = quiet
        self.warnings: list[str] = []

    def say(self, line: str) -> None:
        """Tell what is happening, on stderr; no address in it shows a secret."""
        if not self.quiet:
            print_lines([redact_text(line)], sys.stderr)

    def warn(self, text: str) -> None:
        """Say what its owner should know, and keep it for the document of ``--json``."""
        self.warnings.append(redact_text(text))
        self.say(f"warning: {text}")

    @contextlib.contextmanager
    def progress(self, title: str, total_bytes: int) -> Iterator[ProgressCallback]:
        """Show a bar on a terminal, one line elsewhere."""
        if self.quiet or total_bytes == 0:
            yield lambda _: None
        elif not sys.stderr.isatty():
            self.say(f"{title} ({format_bytes(total_bytes)})")
            yield lambda _: None
        else:
            with _bar(title, total_bytes) as update:
                yield update


@contextlib.contextmanager
def _bar(title: str, total_bytes: int) -> Iterator[ProgressCallback]:
    from rich.console import Console as RichConsole
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    lock = threading.Lock()
    with Progress(*columns, console=RichConsole(stderr=True), transient=True) as progress:
        task = progress.add_task(escape_line(title), total=total_bytes)

        def update(done_bytes: int) -> None:
            with lock:
                progress.update(task, completed=done_bytes)

        yield update


def print_lines(lines: Iterable[Line], stream: TextIO | None = None) -> None:
    """Print lines.

    :param stream: stdout by default.
    """
    stream = stream or sys.stdout
    style = style_of(stream)
    print("".join(f"{style.render(line)}\n" for line in lines), end="", file=stream, flush=stream is sys.stderr)


def print_json(document: dict[str, Any], stream: TextIO | None = None, *, indent: int | None = 2) -> None:
    """Print one JSON document.

    :param stream: stdout by default.
    :param indent: ``None`` for everything on one line.
    """
    print(dump_json(document, indent=indent), file=stream or sys.stdout)


def format_bytes(count: int) -> str:
    """Render a number of bytes in decimal units, as package indexes do: ``17.5 MB``."""
    if count < 1000:
        return f"{count} B"
    value, unit = count / 1000, "kB"
    for larger in ("MB", "GB"):
        if value >= 999.95:
            value, unit = value / 1000, larger
    return f"{value:.1f} {unit}"
