"""Where output goes: results to stdout, everything else to stderr.

Everything that ``cs`` writes to a terminal goes through this module, and no other prints. It takes lines and values,
never text with line ends in it: those, and all else that commands a terminal, come from outside and are shown, not
obeyed. At a terminal rich lays them out; elsewhere they are plain text, and rich is not even imported.
"""

from __future__ import annotations

import contextlib
import errno
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

from cs_bundle import format_bytes, redact_text

from ..errors import CliError
from .escaping import dump_json, escape_line
from .lines import Block, Line, paint
from .paths import shorten_paths
from .plain import render_plain
from .streams import is_formatted, takes_unicode

ProgressCallback = Callable[[int], None]
"""Receives how many bytes are done, from any thread."""


class Console:
    """The output to a person, which can be quiet, or verbose.

    :param quiet: say nothing but errors and results.
    :param verbose: say what only those want to know who ask for it.
    :ivar warnings: everything that was warned of.
    """

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self.warnings: list[str] = []

    def say(self, line: str) -> None:
        """Tell what is happening, on stderr; no address in it shows a secret."""
        self._print(shorten_paths(redact_text(line)))

    def detail(self, line: str) -> None:
        """Tell something on stderr that is only shown with ``--verbose``."""
        if self.verbose:
            self.say(line)

    def warn(self, text: str) -> None:
        """Say what its owner should know, and keep it for the document of ``--json``."""
        self.warnings.append(redact_text(text))
        self._print((paint("warning:", "bold yellow"), f" {shorten_paths(self.warnings[-1])}"))

    def warn_together(self, texts: Iterable[str], blocks: Iterable[Block]) -> None:
        """Warn of several things at once, of which the document of ``--json`` has each.

        :param texts: one for each; nothing in them is secret.
        :param blocks: what a person reads instead.
        """
        self.warnings += texts
        if not self.quiet:
            print_lines(blocks, sys.stderr)

    def _print(self, line: Line) -> None:
        if not self.quiet:
            print_lines([line], sys.stderr)

    @contextlib.contextmanager
    def progress(self, title: str, total_bytes: int | None) -> Iterator[ProgressCallback]:
        """Show a bar on a terminal, one line elsewhere.

        :param total_bytes: ``None`` if it is unknown; without bytes there is nothing to show.
        """
        if self.quiet or total_bytes == 0:
            yield lambda _: None
        elif not _can_animate(sys.stderr):
            self.say(title if total_bytes is None else f"{title} ({format_bytes(total_bytes)})")
            yield lambda _: None
        else:
            from .formatted import show_bar

            with show_bar(title, total_bytes, sys.stderr) as update:
                yield update

    @contextlib.contextmanager
    def step(self, title: str, done: str | None = None) -> Iterator[None]:
        """Show that something is being done.

        :param done: what is said at the end, without the time, unless it fails.
        """
        started = time.monotonic()
        if self.quiet or not _can_animate(sys.stderr):
            self.say(title)
            yield
        else:
            from .formatted import show_spinner

            with show_spinner(title, sys.stderr):
                yield
        if done is not None:
            self.say(f"{done} in {format_seconds(time.monotonic() - started)}")


def _can_animate(stream: TextIO) -> bool:
    if not stream.isatty():
        return False
    from .formatted import open_console

    return open_console(stream).is_interactive


def ask_secret(question: str) -> str:
    """Ask for a secret at the terminal, which does not show what is typed.

    :raises CliError: ``no-terminal`` if the terminal cannot hide it, or ends the input.
    """
    import getpass
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(f"{escape_line(question)} ")
    except KeyboardInterrupt:
        print_lines([""], sys.stderr)  # what follows is not an answer
        raise
    except (EOFError, getpass.GetPassWarning):
        raise CliError("the terminal cannot ask for a secret", kind="no-terminal") from None


def ask_line(question: str) -> str:
    """Ask at the terminal, and return the answer without spaces around it.

    :raises CliError: ``no-terminal`` if the terminal ends the input.
    """
    print(escape_line(question), end=" ", flush=True)
    try:
        _await_input(sys.stdin)
        answer = sys.stdin.readline()
    except KeyboardInterrupt:
        print_lines([""], sys.stderr)  # what follows is not an answer
        raise
    if not answer:
        print_lines([""], sys.stderr)
        raise CliError("the input ended before the question was answered", kind="no-terminal")
    return answer.strip()


def _await_input(stream: TextIO) -> None:
    """Wait for input, and look for signals meanwhile: reading would not notice one that came just before it."""
    if sys.platform != "win32":
        import select

        while not select.select([stream], [], [], 0.1)[0]:
            pass


def print_lines(blocks: Iterable[Block], stream: TextIO | None = None) -> None:
    """Print lines and tables.

    :param stream: stdout by default.
    """
    stream = stream or sys.stdout
    if is_formatted(stream):
        from .formatted import print_formatted

        with _writing():
            print_formatted(blocks, stream)
    else:
        unicode = takes_unicode(stream)
        text = "".join(f"{line}\n" for block in blocks for line in render_plain(block, unicode=unicode))
        if text:
            with _writing():
                print(text, end="", file=stream, flush=stream is sys.stderr)


def print_json(document: dict[str, Any], stream: TextIO | None = None, *, indent: int | None = 2) -> None:
    """Print one JSON document.

    :param stream: stdout by default.
    :param indent: ``None`` for everything on one line.
    """
    stream = stream or sys.stdout
    with _writing():
        print(dump_json(document, indent=indent, is_ascii=not takes_unicode(stream)), file=stream)


def flush_results() -> None:
    """Write the results that are still buffered.

    :raises CliError: ``cannot-write`` if that is not possible.
    """
    with _writing():
        sys.stdout.flush()


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    """Say of output that cannot be written that it is the output; a reader that has left is not an error."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        is_closed = error.errno == errno.EBADF
        reason = "standard output is closed, or open for reading only" if is_closed else error.strerror or error
        raise CliError(f"cannot write the output: {reason}", kind="cannot-write") from error


def format_count(count: int, noun: str) -> str:
    """Render a number of things: ``one package``, ``3 packages``."""
    return f"one {noun}" if count == 1 else f"{count} {noun}s"


def format_seconds(seconds: float) -> str:
    """Render a duration: ``40 ms``, ``1.4 s``, ``12 s``, ``2 min 5 s``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
