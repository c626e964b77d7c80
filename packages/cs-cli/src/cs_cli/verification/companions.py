"""The files beside a runtime that say what is in it: lock, package list, ``info.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from ..companions.files import SUFFIXES, render_packages
from ..errors import CliError
from ..untrusted import parse_object
from .checks import Result, join_names
from .documents import take, take_objects
from .files import StagedFiles, reading
from .runtime import CheckedRuntime

_STATED = ("runtime", "runtime_version", "layout", "platform", "delegate", "source_revision")
"""What ``info.json`` copies from the header."""


def check_lock(files: StagedFiles, name: str, runtime: CheckedRuntime) -> str:
    """Check that the lock is the one in the runtime.

    :raises CliError: ``lock-mismatch``.
    """
    part = next(part for part in runtime.report.parts if part.tag == "lock")
    if files.require(name).st_size != part.size_bytes or files.hash(name) != part.sha256:
        message, path = "the lock does not match the runtime", files.path(name)
        raise CliError(message, kind="lock-mismatch", path=path, hint="build it again")
    return "lock matches the runtime"


def check_packages(files: StagedFiles, name: str, runtime: CheckedRuntime) -> str:
    """Check that the package list is that of the plan.

    :raises CliError: ``packages-mismatch``, with the first line that differs.
    """
    expected = render_packages(runtime.report.plan.archives)
    if files.hash(name) != sha256(expected).hexdigest():
        raise _describe_packages(files, name, expected)
    return "packages match the runtime"


def _describe_packages(files: StagedFiles, name: str, expected: bytes) -> CliError:
    """Return the error for a package list, with the first line that differs."""
    limit = 2 * len(expected) + 1024
    lines = files.read(name, limit).split(b"\n")
    wanted = expected.split(b"\n")
    number = next((n for n, (one, other) in enumerate(zip(lines, wanted, strict=False)) if one != other), len(wanted))
    shown = [(some[number] if number < len(some) else b"").decode(errors="replace")[:200] for some in (wanted, lines)]
    return CliError(
        f"line {number + 1} does not match the runtime",
        kind="packages-mismatch",
        path=files.path(name),
        expected=shown[0],
        actual=shown[1],
        hint="build it again",
    )


def check_info(result: Result, files: StagedFiles, name: str, runtime: CheckedRuntime) -> None:
    """Check ``info.json`` against the runtime and the files, and keep what it says."""
    path = files.path(name)

    def read() -> str:
        with reading(path, "info-damaged"):
            info = parse_object(files.read(name))
            differences = list(_compare_info(info, files, name, runtime))
        for error in differences[1:]:
            result.fail(name, "info", error)
        if differences:
            raise differences[0]
        runtime.info = info
        return "metadata matches the files"

    result.attempt(name, "info", read)


def _compare_info(
    info: Mapping[str, Any], files: StagedFiles, name: str, runtime: CheckedRuntime
) -> Iterator[CliError]:
    header, plan = runtime.report.header, runtime.report.plan
    actual: dict[str, Any] = {key: getattr(header, key) for key in _STATED}
    actual |= {
        "identity": runtime.report.identity,
        "package_count": len(plan.archives),
        "wheel_count": len(plan.wheels),
        "parts": {
            "template": runtime.report.stamp_offset,
            **{part.tag: part.size_bytes for part in runtime.report.parts},
        },
    }
    stated = {key: info[key] for key in actual}
    yield from _compare(files, name, actual, stated)
    yield from _compare(files, name, *_compare_template(info, runtime))
    yield from _compare_archives(info, files, name, runtime)
    yield from _compare_files(info, files, name, runtime)


def _compare(files: StagedFiles, name: str, actual: Mapping[str, Any], stated: Mapping[str, Any]) -> Iterator[CliError]:
    for key, value in actual.items():
        if type(stated[key]) is not type(value) or stated[key] != value:
            yield refuse_info(files, name, key, str(value), str(stated[key])[:500])


def _compare_template(info: Mapping[str, Any], runtime: CheckedRuntime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what is known of the template, and what ``info.json`` says about it."""
    known: dict[str, Any] = {}
    if runtime.mark is not None:
        known |= {key: getattr(runtime.mark, key) for key in ("name", "version", "target")}
    if runtime.template_sha256 is not None:
        known["sha256"] = runtime.template_sha256
    prefix = "inputs.template"
    actual = {f"{prefix}.{key}": value for key, value in known.items()}
    return actual, {f"{prefix}.{key}": take(info, str, "inputs", "template", key) for key in known}


def _compare_archives(
    info: Mapping[str, Any], files: StagedFiles, name: str, runtime: CheckedRuntime
) -> Iterator[CliError]:
    """Check that the archives that stand for source are in the plan."""
    planned = {one.file_name: one.sha256 for one in runtime.report.plan.archives}
    for one in take_objects(info, "local_archives"):
        file_name, digest = take(one, str, "file_name"), take(one, str, "sha256")
        if planned.get(file_name) != digest:
            known = planned.get(file_name, "no such archive in the runtime")
            yield refuse_info(files, name, f"local_archives.{file_name}", known, digest)


def _compare_files(
    info: Mapping[str, Any], files: StagedFiles, name: str, runtime: CheckedRuntime
) -> Iterator[CliError]:
    """Check the files that ``info.json`` lists against the checksum file, which has been checked against the files."""
    listed = {take(one, str, "name"): one for one in take_objects(info, "files")}
    covered = runtime.digests.keys() - {name, f"{runtime.stem}{SUFFIXES['provenance']}"}
    if differing := sorted(listed.keys() ^ covered):
        message = f"it and the checksum file do not list the same files: {join_names(differing)}"
        yield CliError(message, kind="info-mismatch", path=files.path(name), key="files", hint="build it again")
    for one, stated in listed.items():
        size = files.find_size(one) if one in runtime.intact else stated.get("size_bytes")
        if one in covered and (stated.get("sha256"), stated.get("size_bytes")) != (runtime.digests[one], size):
            message = f"the size or digest of {one} does not match"
            yield CliError(message, kind="info-mismatch", path=files.path(name), key="files", hint="build it again")


def refuse_info(files: StagedFiles, name: str, key: str, expected: str, actual: str) -> CliError:
    """Return the error for a value that is not the runtime's."""
    message, path = "it does not match the runtime", files.path(name)
    return CliError(message, kind="info-mismatch", path=path, key=key, expected=expected, actual=actual)
