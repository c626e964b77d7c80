"""``cs verify``: every path that was given, one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from cs_manifest import MANIFEST_NAMES

from ..errors import CliError, advise
from ..options import VerifyOptions
from ..terminal.console import Console
from .checks import Result, Verification
from .folder import verify_folder
from .single import verify_file
from .statements import Trust, load_trust


def verify_paths(options: VerifyOptions, console: Console) -> Verification:
    """Check everything that a command line names.

    :raises CliError: if a path or a key does not exist, or the flags contradict each other; nothing has been checked
        then.
    """
    _check_usage(options)
    trust = load_trust(options.keys, options.provenance)
    return Verification(results=tuple(_verify_path(path, options, trust, console) for path in options.paths))


def _check_usage(options: VerifyOptions) -> None:
    _require_paths(options.paths)
    _require_workspace(options.against, "--against")
    _require_workspace(options.rebuild, "--rebuild")
    if options.require_signature and not options.keys:
        message, hint = "needs a key: anyone can sign with one of their own", advise("public-key")
        raise CliError(message, kind="usage", flag="--require-signature", hint=hint)
    if options.provenance is not None:
        _require_paths([options.provenance])
        if any(path.is_dir() for path in options.paths):
            message = "a directory has its own statements of provenance"
            raise CliError(message, kind="usage", flag="--provenance", hint="give the path of one file")


def _require_workspace(workspace: Path | None, flag: str) -> None:
    """Refuse a place without a workspace, before anything is checked."""
    if workspace is None:
        return
    if not workspace.exists():
        message = f"{workspace} does not exist"
    elif workspace.is_file() or any((workspace / name).is_file() for name in MANIFEST_NAMES):
        return
    else:
        message = f"{workspace} is a directory without a manifest"
    hint = "give the directory of a workspace, or its manifest"
    raise CliError(message, kind="usage", flag=flag, hint=hint)


def _require_paths(paths: Iterable[Path]) -> None:
    for path in paths:
        if not path.is_dir() and not path.is_file():
            message = "not a file or directory" if path.exists() else "no such file or directory"
            raise CliError(message, kind="not-found", path=path)


def _verify_path(path: Path, options: VerifyOptions, trust: Trust, console: Console) -> Result:
    verify = verify_folder if path.is_dir() else verify_file
    result, runtimes = verify(path, trust, console)
    for runtime in runtimes:
        if options.against is not None:
            from .against import check_against

            check_against(result, runtime, options.in_workspace(options.against))
        if options.rebuild is not None:
            from .rebuild import check_rebuild

            check_rebuild(result, runtime, options.in_workspace(options.rebuild), console)
    return result
