"""A directory that ``cs build`` wrote: every build in it, file by file and each file against the others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..building.plan import possible_names
from ..companions.files import OPTIONAL_ROLES, SUFFIXES
from ..errors import CliError
from ..terminal.console import Console
from .bills import check_cyclonedx, check_spdx
from .checks import CheckName, Result
from .checksums import NOTICED_BYTES, SUFFIX, check_file, find_runtime, read_checksums, read_sizes
from .companions import check_info, check_lock, check_packages
from .files import StagedFiles
from .notices import check_notices
from .runtime import CheckedRuntime, check_bundle, check_runtime
from .statements import Trust, check_folder_statement

_COMPANIONS: dict[str, tuple[CheckName, Callable[[StagedFiles, str, CheckedRuntime], str]]] = {
    "lock": ("lock", check_lock),
    "packages": ("packages", check_packages),
    "sbom": ("sbom", check_cyclonedx),
    "spdx": ("spdx", check_spdx),
    "notices": ("notices", check_notices),
}
"""How the files beside a runtime are compared with it, by role."""


def verify_folder(folder: Path, trust: Trust, console: Console) -> tuple[Result, list[CheckedRuntime]]:
    """Check every build in a directory, and collect everything that is wrong with it.

    :returns: the checks, and the runtimes that are as they were built.
    """
    return verify_files(StagedFiles(folder), trust, console)


def verify_files(files: StagedFiles, trust: Trust, console: Console) -> tuple[Result, list[CheckedRuntime]]:
    """Check a directory as :func:`verify_folder` does.

    :param files: those in it, with other content if some of them are about to be replaced.
    """
    folder, result = files.folder, Result(path=files.folder, kind="folder")
    names = _list_names(result, folder)
    stems = [name.removesuffix(SUFFIX) for name in names if name.endswith(SUFFIX)]
    if not stems and not result.problems:
        hint = "give a directory written by cs build, a runtime or a bundle"
        message = "no build found here (no `*.sha256` file)"
        result.fail(".", "checksums", CliError(message, kind="nothing-staged", path=folder, hint=hint))
    listed: set[str] = {f"{stem}{SUFFIX}" for stem in stems}
    runtimes = []
    for stem in stems:
        digests, runtime = verify_stem(result, files, stem, trust, console)
        listed |= digests.keys()
        runtimes += [runtime] if runtime is not None else []
    _report_unlisted(result, folder, [name for name in names if name not in listed], stems)
    report_changed(result, files)
    return result, runtimes


def _list_names(result: Result, folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir())
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        result.fail(".", "checksums", CliError(message, kind="cannot-read", path=folder))
        return []


def _report_unlisted(result: Result, folder: Path, names: list[str], stems: list[str]) -> None:
    own = {name for stem in stems for name in possible_names(stem)}
    for name in names:
        if name in own:
            hint = "remove it: it is from another build"
            error = CliError(
                "no checksum file lists this artifact", kind="file-unlisted", path=folder / name, hint=hint
            )
            result.fail(name, "listed", error)
        else:
            result.leave(name, "listed", "not a file of a build")


def report_changed(result: Result, files: StagedFiles) -> None:
    """Report the files that changed while they were checked."""
    for error in files.list_changed():
        result.fail(error.path.name if error.path else "", "unchanged", error)


def verify_stem(
    result: Result, files: StagedFiles, stem: str, trust: Trust, console: Console
) -> tuple[dict[str, str], CheckedRuntime | None]:
    """Check the files of one build, each by itself and against the others.

    :returns: the digests that its checksum file lists, and the runtime, if that is as it was built.
    """
    name, digests = f"{stem}{SUFFIX}", dict[str, str]()

    def read() -> str:
        digests.update(read_checksums(files, name))
        find_runtime(digests, files.path(name), stem)
        return f"lists {len(digests)} files"

    is_complete = result.attempt(name, "checksums", read)
    intact = _check_digests(result, files, stem, digests, console)
    if not is_complete or find_runtime(digests, files.path(name), stem) not in intact:
        return digests, None
    runtime = check_runtime(result, files, find_runtime(digests, files.path(name), stem))
    if runtime is not None:
        runtime.digests, runtime.intact = digests, intact
        _check_together(result, files, stem, runtime, trust)
    return digests, runtime


def _check_digests(
    result: Result, files: StagedFiles, stem: str, digests: dict[str, str], console: Console
) -> set[str]:
    """Check the files that a checksum file lists.

    :returns: the names of those that match.
    """
    sizes = read_sizes(files, f"{stem}{SUFFIXES['info']}", digests)
    total, done = sum(map(files.find_size, digests)), 0

    def count(hashed_bytes: int) -> None:
        nonlocal done
        done += hashed_bytes
        update(done)

    def check(name: str) -> Callable[[], str]:
        return lambda: check_file(files, name, digests[name], sizes, count)

    with console.progress(f"checking {files.folder}", total if total >= NOTICED_BYTES else 0) as update:
        return {name for name in digests if result.attempt(name, "checksum", check(name))}


def _check_together(result: Result, files: StagedFiles, stem: str, runtime: CheckedRuntime, trust: Trust) -> None:
    """Check the other files against the runtime; damaged ones have already been reported."""
    bundle = runtime.report.header.bundle_file_name
    names = {role: f"{stem}{suffix}" for role, suffix in SUFFIXES.items()}
    for role, (question, check) in _COMPANIONS.items():
        if (name := names[role]) in runtime.intact:
            result.attempt(name, question, partial(check, files, name, runtime))
    if bundle is not None and bundle in runtime.intact:
        result.attempt(bundle, "archives", lambda: check_bundle(files, bundle, runtime.report.plan.archives))
    if names["info"] in runtime.intact:
        check_info(result, files, names["info"], runtime)
    if names["provenance"] in runtime.intact:
        check_folder_statement(result, files, names["provenance"], runtime, trust)
    required = [name for role, name in names.items() if role not in {"checksums", *OPTIONAL_ROLES}]
    for name in [*required, *([] if bundle is None else [bundle])]:
        if name not in runtime.digests:
            checksums = f"{stem}{SUFFIX}"
            error = CliError(f"it does not list {name}", kind="checksums-damaged", path=files.path(checksums))
            result.fail(checksums, "checksums", error)
