"""The ``cs`` command: parse the command line, run the command, turn failures into messages and exit statuses."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .commandline.parsing import parse_arguments, split_words
from .commandline.table import load_command
from .errors import EXIT_FAILED, CliError, Diagnosed, describe_error, exit_status_of, explain_system
from .terminal.interrupts import Interruption, interrupt_on_signals
from .terminal.streams import choose_colors

if TYPE_CHECKING:
    from .terminal.lines import Block

_if_stderr_takes_it = contextlib.suppress(CliError, BrokenPipeError)
"""An error that cannot be printed keeps its exit status: that is not another error."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``cs``.

    :param argv: arguments without the program's name; ``None`` for the process's own.
    :returns: exit status: 0 done, 1 failed, 2 wrong usage; of ``cs run`` the runtime's; 128 plus the signal's
        number if one stopped it.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    choose_colors(_find_value(words, "--color"))
    _soften_streams()
    warnings.showwarning = _show_warning
    try:
        status = _guard(words)
        _flush_output()
        return status
    except BrokenPipeError:
        # The reader has closed the pipe. Without this, the interpreter would complain when it flushes the rest at exit.
        _discard_output()
        return EXIT_FAILED


def _guard(words: list[str]) -> int:
    """Carry out the request; turn failures into messages on stderr and an exit status."""
    try:
        interrupt_on_signals()
        options = parse_arguments(words)
        status = load_command(options.command).run(options)
        _flush_results()
        return status
    except KeyboardInterrupt as error:
        _print_error(["interrupted"])
        return 128 + (error.signal_number if isinstance(error, Interruption) else signal.SIGINT)
    except BrokenPipeError:
        raise
    except Exception as error:
        return _report(error, words)


def _flush_results() -> None:
    from .terminal.console import flush_results

    flush_results()


def _soften_streams() -> None:
    """Escape a name that a stream cannot encode, and open streams that were closed.

    Otherwise the next file that is opened would be the standard output of programs that ``cs`` starts. Results that
    cannot be printed are an error; messages that nobody wants to read are not.
    """
    for name, access in (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, access)
            os.set_inheritable(number, True)
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, io.TextIOWrapper(io.FileIO(number, mode), encoding="utf-8"))
        if name != "stdin":
            with contextlib.suppress(AttributeError, ValueError):
                getattr(sys, name).reconfigure(errors="backslashreplace")


def _show_warning(message: Warning | str, *_: object, **_more: object) -> None:
    """Show the warning of a library: it may contain output of a build backend."""
    from .terminal.console import Console

    Console().warn(str(message))


def _flush_output() -> None:
    """Write what is still buffered; output that cannot be written has already been reported, and is discarded."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError) as error:
            if stream is sys.stdout and isinstance(error, BrokenPipeError):
                raise
            _discard_output()


def _discard_output() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _wants_json(words: list[str]) -> bool:
    """Tell whether errors must be JSON: by ``--error-format``, even in an invalid command line, else by a variable."""
    return _find_value(words, "--error-format", os.environ.get("CONDA_SHIP_ERROR_FORMAT")) == "json"


def _find_value(words: list[str], wanted: str, value: str | None = None) -> str | None:
    """Find the value of a flag, even in an invalid command line; the last one counts."""
    for word, following in itertools.pairwise([*split_words(words)[0], ""]):
        flag, separator, rest = word.partition("=")
        if flag == wanted:
            value = rest if separator else following
    return value


def _has(words: list[str], *flags: str) -> bool:
    """Tell whether a flag is given, even in an invalid command line."""
    return not set(flags).isdisjoint(split_words(words)[0])


def _report(error: Exception, words: list[str]) -> int:
    diagnosed = error if isinstance(error, Diagnosed) else _wrap_unexpected(error)
    if _wants_json(words):
        from .terminal.console import print_json

        with _if_stderr_takes_it:
            print_json(describe_error(diagnosed), sys.stderr, indent=None)
    else:
        from .error_text import render_error

        is_long, is_quiet = _has(words, "-v", "--verbose"), _has(words, "-q", "--quiet")
        _print_error(render_error(diagnosed, links=not is_quiet, is_long=is_long))
    return exit_status_of(diagnosed)


def _print_error(lines: Sequence[Block]) -> None:
    from .terminal.console import print_lines

    with _if_stderr_takes_it:
        print_lines(lines, sys.stderr)


def _wrap_unexpected(error: Exception) -> CliError:
    """Report an unexpected exception; with a traceback only on request."""
    if os.environ.get("CONDA_SHIP_TRACEBACK"):
        import traceback

        from cs_bundle import redact_text

        _print_error(redact_text("".join(traceback.format_exception(error))).rstrip("\n").split("\n"))
    if isinstance(error, OSError):
        return explain_system(error)
    hint = "this is a bug in cs; please report it with the traceback shown by CONDA_SHIP_TRACEBACK=1"
    return CliError(f"{type(error).__name__}: {error}", kind="internal", hint=hint)
