"""The ``cs`` command: read the request, do it, turn failures into words and exit status."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .arguments import build_parser
from .errors import EXIT_FAILED, CliError, describe_error, exit_code_of, render_error

EXIT_INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``cs``.

    :param argv: arguments without the program's name; ``None`` for the process's own.
    :returns: exit status: 0 done, 1 the build failed, 2 wrong usage; of ``cs run`` the runtime's.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        arguments = build_parser().parse_args(words)
        return _COMMANDS[arguments.command](arguments)
    except KeyboardInterrupt:
        print("interrupted: nothing was changed", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has had enough: stdout goes elsewhere, or the interpreter would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except Exception as error:
        return _report(error, as_json=_wants_json(words))


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _wants_json(words: list[str]) -> bool:
    """Look for ``--error-format json`` before ``--``, even on a command line that cannot be parsed."""
    own = words[: words.index("--")] if "--" in words else words
    return "--error-format=json" in own or ("--error-format", "json") in itertools.pairwise(own)


def _report(error: Exception, *, as_json: bool) -> int:
    if not hasattr(error, "kind"):
        error = _wrap_unexpected(error)
    if as_json:
        print(json.dumps(describe_error(error), sort_keys=True, ensure_ascii=False), file=sys.stderr)
    else:
        print(render_error(error), file=sys.stderr)
    return exit_code_of(error)


def _wrap_unexpected(error: Exception) -> Exception:
    """Make a report out of what nobody expected; a traceback only for those who ask."""
    if os.environ.get("CONDA_SHIP_TRACEBACK"):
        import traceback

        traceback.print_exception(error)
    if isinstance(error, OSError):
        path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes)) else None
        return CliError("io", error.strerror or str(error), path=path)
    hint = "this is a mistake in cs; CONDA_SHIP_TRACEBACK=1 shows where: please report it"
    return CliError("internal", f"{type(error).__name__}: {error}", hint=hint)


def _inspect(arguments: argparse.Namespace) -> int:
    from .console import print_json
    from .derivation import derive_project, find_platform
    from .inspection import inspect_derivation
    from .report import render_inspection

    derivation = derive_project(arguments, strict=False)
    platform = find_platform(derivation.lock, arguments.platform) if arguments.platform else None
    inspection = inspect_derivation(derivation, platform=platform)
    if arguments.json:
        print_json(inspection.to_dict())
    else:
        print(render_inspection(inspection))
    return EXIT_FAILED if derivation.lock.errors else 0


def _build(arguments: argparse.Namespace) -> int:
    from .build import build_artifacts
    from .console import print_json
    from .request import prepare_build

    request = prepare_build(arguments, label=arguments.target_label)
    if arguments.dry_run:
        document = {"dry_run": True, "out_dir": str(arguments.out_dir), "files": list(request.plan.artifact_names)}
        lines = [f"would stage {arguments.out_dir / name}" for name in request.plan.artifact_names]
    else:
        result = build_artifacts(request.plan, request.materials, arguments.out_dir, request.console)
        document = {**result.info, "out_dir": str(result.out_dir)}
        lines = [str(result.out_dir / file.name) for file in result.files]
    if arguments.json:
        print_json(document)
    elif not arguments.quiet:
        print("\n".join(lines))
    return 0


def _run(arguments: argparse.Namespace) -> int:
    from .request import prepare_build
    from .run import run_runtime

    request = prepare_build(arguments, label=None)
    return run_runtime(
        request.plan, request.materials, arguments.arguments, request.console, install_path=arguments.install_path
    )


def _verify(arguments: argparse.Namespace) -> int:
    from .console import print_json
    from .verify import verify_path

    verification = verify_path(arguments.path)
    if arguments.json:
        print_json(verification.to_dict())
    elif not arguments.quiet:
        print("\n".join(f"ok: {check}" for check in verification.checks))
    return 0


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "inspect": _inspect,
    "build": _build,
    "run": _run,
    "verify": _verify,
}
