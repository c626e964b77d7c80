"""The ``cs`` command: parse the command line, run the command, turn failures into messages and exit statuses."""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import signal
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .arguments import parse_arguments
from .errors import EXIT_FAILED, CliError, Diagnosed, describe_error, exit_status_of, render_error
from .terminal.interrupts import Interruption, interrupt_on_signals
from .terminal.streams import choose_colors

if TYPE_CHECKING:
    from .options import BuildOptions, InspectOptions, RunOptions, SignOptions, VerifyOptions
    from .terminal.lines import Line


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
        status = _COMMANDS[options.command](options)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt as error:
        _print_error(["interrupted"])
        return 128 + (error.signal_number if isinstance(error, Interruption) else signal.SIGINT)
    except BrokenPipeError:
        raise
    except Exception as error:
        return _report(error, as_json=_wants_json(words))


def _soften_streams() -> None:
    """Escape a name that a stream cannot encode, and ignore output to a stream that was closed."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, io.TextIOWrapper(io.FileIO(os.devnull, "w"), encoding="utf-8"))
        with contextlib.suppress(AttributeError, ValueError):
            getattr(sys, name).reconfigure(errors="backslashreplace")


def _show_warning(message: Warning | str, *_: object, **_more: object) -> None:
    """Show the warning of a library: it may contain output of a build backend."""
    from .terminal.console import Console

    Console().warn(str(message))


def _flush_output() -> None:
    """Write what is still buffered; output that cannot be written has already been reported, and is discarded."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except (OSError, ValueError):
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
    own = words[: words.index("--")] if "--" in words else words
    for word, following in itertools.pairwise([*own, ""]):
        flag, separator, rest = word.partition("=")
        if flag == wanted:
            value = rest if separator else following
    return value


def _report(error: Exception, *, as_json: bool) -> int:
    diagnosed = error if isinstance(error, Diagnosed) else _wrap_unexpected(error)
    if as_json:
        from .terminal.console import print_json

        print_json(describe_error(diagnosed), sys.stderr, indent=None)
    else:
        _print_error(render_error(diagnosed))
    return exit_status_of(diagnosed)


def _print_error(lines: Sequence[Line]) -> None:
    from .terminal.console import print_lines

    print_lines(lines, sys.stderr)


def _wrap_unexpected(error: Exception) -> CliError:
    """Report an unexpected exception; with a traceback only on request."""
    if os.environ.get("CONDA_SHIP_TRACEBACK"):
        import traceback

        from cs_bundle import redact_text

        _print_error(redact_text("".join(traceback.format_exception(error))).rstrip("\n").split("\n"))
    if isinstance(error, OSError):
        path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes)) else None
        return CliError(error.strerror or str(error), kind="io", path=path)
    hint = "this is a bug in cs; please report it with the traceback shown by CONDA_SHIP_TRACEBACK=1"
    return CliError(f"{type(error).__name__}: {error}", kind="internal", hint=hint)


def _inspect(options: InspectOptions) -> int:
    from .inspection.command import inspect

    return inspect(options)


def _build(options: BuildOptions) -> int:
    from .building.preparation import prepared_builds
    from .building.several import build_several, describe_plans
    from .project.platforms import ALL_PLATFORMS
    from .terminal.console import print_json, print_lines
    from .terminal.lines import whole

    with prepared_builds(options) as requests:
        if options.dry_run:
            plans = describe_plans(requests, options.out_dir)
            document, lines, faults = plans.to_dict(), plans.lines, None
        else:
            outcome = build_several(requests, options.out_dir, keep_going=options.platform == ALL_PLATFORMS)
            document, faults = outcome.to_dict(), outcome.fault()
            lines = [(whole(line),) for line in outcome.lines]
    if options.json:
        print_json({**document, "warnings": requests[0].console.warnings})
    else:
        print_lines(lines)
    if faults:
        raise faults
    return 0


def _run(options: RunOptions) -> int:
    from .building.preparation import prepared_build
    from .run import run_runtime

    with prepared_build(options) as request:
        return run_runtime(
            request.plan, request.materials, options.arguments, request.console, install_path=options.install_path
        )


def _verify(options: VerifyOptions) -> int:
    from .terminal.console import Console, print_json, print_lines
    from .verification.verifying import verify_paths

    verification = verify_paths(options, Console(quiet=options.quiet))
    if options.json:
        print_json(verification.to_dict())
    elif not options.quiet:
        print_lines(verification.lines)
    if verification.problems and not options.json:
        raise verification.error()
    return EXIT_FAILED if verification.problems else 0


def _sign(options: SignOptions) -> int:
    from .signing.folder import sign_folder
    from .signing.signer import load_signer
    from .terminal.console import Console, print_json, print_lines

    console = Console(quiet=options.quiet)
    given = options.signing
    key = None if given is None else load_signer(given, options.path, os.environ, console)
    signing = sign_folder(options.path, key, console)
    if options.json:
        print_json({**signing.to_dict(), "warnings": console.warnings})
    else:
        print_lines(signing.lines)
    return 0


_COMMANDS: dict[str, Callable[[Any], int]] = {
    "inspect": _inspect,
    "build": _build,
    "run": _run,
    "verify": _verify,
    "sign": _sign,
}
