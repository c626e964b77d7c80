"""One file by itself: a runtime, a bundle, or another file of a build, with what is beside it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from cs_bundle import BundleReader, WantedArchive, open_bundle, verify_bundle
from cs_stamp import verify_stamp

from ..archives.store import archives_of_packages
from ..companions.files import SUFFIXES
from ..errors import CliError
from ..terminal.console import Console, format_count
from .checks import Kind, Result
from .checksums import SUFFIX, check_file, read_checksums
from .files import StagedFiles
from .folder import report_changed, verify_stem
from .runtime import CheckedRuntime, check_bundle, check_runtime
from .statements import Trust, check_file_statement

_BLOCK_BYTES = 1 << 20


def verify_file(path: Path, trust: Trust, console: Console) -> tuple[Result, list[CheckedRuntime]]:
    """Check one file, and what is beside it.

    :param path: a file, or a link to one, which is followed.
    :returns: the checks, and the runtime, if the file is one and intact.
    """
    place = Path(os.path.realpath(path)) if path.is_symlink() else path
    kind, stem = _tell_kind(place.name)
    result, files = Result(path=path, kind=kind), StagedFiles(place.parent)
    runtimes: list[CheckedRuntime] = []
    if kind == "runtime":
        runtime = check_runtime(result, files, place.name)
        if runtime is not None:
            runtimes, stem = [runtime], runtime.stem
            _check_own_bundle(result, files, runtime)
    elif kind == "bundle":
        _check_bundle(result, files, place.name, stem)
    elif place.name.endswith(SUFFIX):
        runtime = verify_stem(result, files, stem, trust, console)[1]
        runtimes = [runtime] if runtime is not None else []
    is_changed = any(one.is_signed for one in runtimes) and not _is_listed(files, place.name, stem)
    if is_changed and not trust.keys:
        result.leave(place.name, "checksum", "signed for its platform since it was built, which changes the digest")
    elif not result.problems and not place.name.endswith(SUFFIX):
        _check_checksum(result, files, place.name, stem)
    if not result.problems and not place.name.endswith(SUFFIX) and (trust.keys or not is_changed):
        check_file_statement(result, files, place.name, stem, runtimes[0] if runtimes else None, trust)
    if not any(one.ok for one in result.checks) and not result.problems:
        message, hint = "nothing beside it says what it should be", f"put {stem}{SUFFIX} beside it"
        result.fail(place.name, "checksum", CliError(message, kind="nothing-staged", path=place, hint=hint))
    report_changed(result, files)
    return result, runtimes


def _tell_kind(name: str) -> tuple[Kind, str]:
    """Tell what a file is by its name, and the first part of the names of its build."""
    for role, suffix in SUFFIXES.items():
        if name.endswith(suffix):
            return "bundle" if role == "bundle" else "companion", name.removesuffix(suffix)
    return "runtime", name.removesuffix(".exe")


def _check_own_bundle(result: Result, files: StagedFiles, runtime: CheckedRuntime) -> None:
    bundle = runtime.report.header.bundle_file_name
    if bundle is None:
        return
    if files.exists(bundle):
        result.attempt(bundle, "archives", lambda: check_bundle(files, bundle, runtime.report.plan.archives))
    else:
        result.leave(bundle, "archives", "not beside the runtime")


def _is_listed(files: StagedFiles, name: str, stem: str) -> bool:
    """Tell whether the checksum file beside a file lists it as it is now."""
    try:
        return read_checksums(files, f"{stem}{SUFFIX}").get(name) == files.hash(name)
    except CliError:
        return False


def _check_checksum(result: Result, files: StagedFiles, name: str, stem: str) -> None:
    """Check a file against the checksum file of its build, if that is beside it."""
    checksums = f"{stem}{SUFFIX}"
    if not files.exists(checksums):
        return
    digests: dict[str, str] = {}

    def read() -> str:
        digests.update(read_checksums(files, checksums))
        return f"lists {len(digests)} files"

    if not result.attempt(checksums, "checksums", read):
        return
    if name in digests:
        result.attempt(name, "checksum", lambda: check_file(files, name, digests[name], {}, lambda _: None))
    else:
        result.leave(name, "checksum", f"{checksums} does not list this name")


def _check_bundle(result: Result, files: StagedFiles, name: str, stem: str) -> None:
    """Check a bundle against the runtime beside it, else against the lock, else by its form alone."""
    runtime = next((one for one in (stem, f"{stem}.exe") if files.exists(one)), None)
    lock = f"{stem}{SUFFIXES['lock']}"

    def check() -> str:
        if runtime is not None:
            files.require(runtime)
            plan = verify_stamp(files.path(runtime)).plan
            return f"{check_bundle(files, name, plan.archives)}, as {runtime} says"
        if files.exists(lock):
            return f"{_check_against_lock(files, name, lock)}, as {lock} says"
        return f"{_check_form(files, name)} in good form"

    result.attempt(name, "archives", check)
    if runtime is None and not files.exists(lock):
        result.leave(name, "lock", "neither its runtime nor its lock is beside it: digests of archives not compared")


def _check_form(files: StagedFiles, name: str) -> str:
    """Read every byte of a bundle that nothing says the content of."""
    files.require(name)
    reader = open_bundle(files.path(name))
    for _, file in reader.iterate_archives():
        while file.read(_BLOCK_BYTES):
            pass
    return format_count(len(reader.names), "archive")


def _check_against_lock(files: StagedFiles, name: str, lock: str) -> str:
    files.require(name)
    reader = open_bundle(files.path(name))
    expected = _choose_archives(reader, _list_archives(files, lock))
    return format_count(len(verify_bundle(files.path(name), expected, exact=True).verified), "archive")


def _choose_archives(reader: BundleReader, platforms: Sequence[tuple[WantedArchive, ...]]) -> Iterable[WantedArchive]:
    """Choose the platform of a lock that a bundle is for: the one with most of its archives."""
    names = set(reader.names)
    return max(platforms, key=lambda archives: len(names & {one.file_name for one in archives}), default=())


def _list_archives(files: StagedFiles, name: str) -> list[tuple[WantedArchive, ...]]:
    """List the archives of each platform of a runtime lock."""
    from cs_lock import derive, read_lock

    size = files.require(name).st_size
    source = read_lock(files.path(name))
    if source.size_bytes != size:
        raise CliError("the lock changed while it was read", kind="file-changed", path=files.path(name))
    derived = derive(source, environment="default", strict=False)
    return [
        archives_of_packages((*derived.packages(one), *derived.wheels(one)), files.folder) for one in derived.platforms
    ]
