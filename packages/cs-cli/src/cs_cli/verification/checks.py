"""``cs verify``: is a build complete and undamaged?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cs_bundle import BundleError, BundleReport, WantedArchive, verify_bundle
from cs_stamp import (
    NotTemplateError,
    Plan,
    PlannedArchive,
    StampError,
    StampReport,
    read_mark,
    read_stamp,
    require_format,
    require_target,
    verify_signature,
    verify_stamp,
)

from ..building.plan import possible_names
from ..errors import CliError, describe_error
from ..terminal.console import Console
from ..untrusted import VALUE_LIMIT_BYTES, parse_document, read_limited
from .bytecode import check_bytecode
from .checksums import NOTICED_BYTES, check_file, find_size, read_checksums, read_sizes, reading

SCHEMA_VERSION = 1
"""Version of ``cs verify --json``; ``docs/reference/cs.md`` describes it."""

_STATED = ("runtime", "runtime_version", "layout", "platform", "delegate", "identity", "package_count", "wheel_count")
"""What both ``info.json`` and the runtime itself say about the runtime."""

Reported = CliError | StampError | BundleError


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One problem, as the error that it would be if it were the only one."""

    error: Reported

    def to_dict(self) -> dict[str, Any]:
        """Return the fault as JSON values."""
        return describe_error(self.error)


@dataclass(slots=True, kw_only=True)
class Verification:
    """What was checked.

    :ivar checks: the checks that passed.
    :ivar problems: the checks that failed.
    :ivar unchecked: files of a directory that belong to no build.
    :ivar console: where the progress of hashing large files is shown.
    """

    path: Path
    console: Console = field(default_factory=lambda: Console(quiet=True))
    checks: list[str] = field(default_factory=list)
    problems: list[Fault] = field(default_factory=list)
    unchecked: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """The lines that a person reads on stdout."""
        return [*(f"ok: {check}" for check in self.checks), *(f"not checked: {name}" for name in self.unchecked)]

    def attempt(self, check: Callable[[], str | None]) -> bool:
        """Carry out a check and record the result.

        :param check: returns what it found to be right, ``None`` if it does not apply to this file, or raises an error.
        :returns: whether it passed.
        """
        try:
            if (found := check()) is not None:
                self.checks.append(found)
        except (CliError, StampError, BundleError) as error:
            self.problems.append(Fault(error=error))
            return False
        return True

    def error(self) -> Reported:
        """Return what is wrong as one error."""
        if len(self.problems) == 1:
            return self.problems[0].error
        message = f"{len(self.problems)} problems found"
        return CliError(message, kind="verification-failed", path=self.path, problems=self.problems)

    def to_dict(self) -> dict[str, Any]:
        """Return the verification as the document of ``--json``."""
        return {
            "schema_version": SCHEMA_VERSION,
            "path": str(self.path),
            "ok": not self.problems,
            "checks": self.checks,
            "unchecked": self.unchecked,
            "problems": [problem.to_dict() for problem in self.problems],
        }


def verify_path(path: Path, console: Console | None = None) -> Verification:
    """Check a staged directory, or one runtime, and collect everything that is wrong with it.

    :param console: where progress is shown; ``None`` for nowhere.
    :raises CliError: ``not-found``, or ``nothing-staged`` if a directory holds no ``STEM.sha256``.
    """
    verification = Verification(path=path, console=console or Console(quiet=True))
    if path.is_dir():
        _verify_folder(verification, path)
    elif path.is_file():
        _verify_runtime(verification, path)
    else:
        raise CliError("no such file or directory", kind="not-found", path=path)
    return verification


def _verify_folder(verification: Verification, folder: Path) -> None:
    lists = sorted(path for path in folder.glob("*.sha256") if path.is_file())
    if not lists:
        hint = "give a directory written by cs build, or one runtime"
        raise CliError("no build found here (no `*.sha256` file)", kind="nothing-staged", path=folder, hint=hint)
    stems = [path.name.removesuffix(".sha256") for path in lists]
    listed: set[str] = set()
    for stem in stems:
        listed |= _verify_stem(verification, folder, stem)
    present = {path.name for path in folder.iterdir()} - listed - {path.name for path in lists}
    own = present & {name for stem in stems for name in possible_names(stem)}
    for name in sorted(own):
        hint = "remove it: it is from another build"
        error = CliError("no checksum file lists this artifact", kind="file-unlisted", path=folder / name, hint=hint)
        verification.problems.append(Fault(error=error))
    verification.unchecked += sorted(present - own)


def _verify_stem(verification: Verification, folder: Path, stem: str) -> set[str]:
    """Check the files of one build, each by itself and against the others.

    :returns: the names that its checksum file lists.
    """
    checksums = folder / f"{stem}.sha256"
    try:
        digests = read_checksums(checksums)
    except CliError as error:
        verification.problems.append(Fault(error=error))
        return set()
    intact = _check_digests(verification, folder, stem, digests)
    runtimes = [name for name in (stem, f"{stem}.exe") if name in digests]
    if len(runtimes) != 1:
        message = f"it lists {'two runtimes' if runtimes else 'no runtime'}"
        verification.problems.append(Fault(error=CliError(message, kind="checksums-damaged", path=checksums)))
    elif runtimes[0] in intact:
        _verify_together(verification, folder, stem, digests, intact)
    return set(digests)


def _check_digests(verification: Verification, folder: Path, stem: str, digests: dict[str, str]) -> set[str]:
    """Check the files that a checksum file lists.

    :returns: the names of those that match.
    """
    sizes = read_sizes(folder / f"{stem}.info.json", digests)
    total, done = sum(find_size(folder / name) for name in digests), 0

    def count(hashed_bytes: int) -> None:
        nonlocal done
        done += hashed_bytes
        update(done)

    def check(name: str) -> Callable[[], str]:
        return lambda: check_file(folder / name, digests[name], sizes, count)

    with verification.console.progress(f"checking {folder}", total if total >= NOTICED_BYTES else 0) as update:
        return {name for name in digests if verification.attempt(check(name))}


def _verify_together(
    verification: Verification, folder: Path, stem: str, digests: dict[str, str], intact: set[str]
) -> None:
    """Check lock, bundle and ``info.json`` against the runtime; damaged ones have already been reported.

    :param digests: what the checksum file says.
    :param intact: names of the files that match it.
    """
    runtime = folder / (stem if stem in digests else f"{stem}.exe")
    report = _verify_runtime(verification, runtime, siblings=False)
    if report is None:
        return
    lock, info = folder / f"{stem}.runtime.lock", folder / f"{stem}.info.json"
    if lock.name in intact:
        verification.attempt(lambda: _check_lock(lock, runtime))
    if info.name in intact:
        verification.attempt(lambda: _check_info(info, report, digests, intact))
    bundle = report.header.bundle_file_name
    if bundle is not None and bundle in intact:
        verification.attempt(lambda: _check_bundle(folder / bundle, report.plan))
    for name in (lock.name, info.name, bundle):
        if name is not None and name not in digests:
            error = CliError(f"it does not list {name}", kind="checksums-damaged", path=folder / f"{stem}.sha256")
            verification.problems.append(Fault(error=error))


def _verify_runtime(verification: Verification, runtime: Path, *, siblings: bool = True) -> StampReport | None:
    """Check a runtime, and the bundle next to it if there is one."""
    reports: list[StampReport] = []

    def check_stamp() -> str:
        reports.append(verify_stamp(runtime))
        return f"{runtime.name}: stamp {reports[0].identity[:16]} intact"

    if not verification.attempt(check_stamp):
        return None
    report = reports[0]
    verification.attempt(lambda: _check_template(runtime, report))
    verification.attempt(lambda: _check_signature(runtime))
    bundled = report.plan.bundled(report.header.layout)
    if bundled or report.header.layout == "embedded":
        verification.attempt(lambda: _check_embedded(runtime, bundled))
    if report.header.bytecode == "shipped":
        verification.attempt(lambda: _check_bytecode(runtime, report.plan))
    bundle = report.header.bundle_file_name
    if siblings and bundle is not None and (runtime.parent / bundle).is_file():
        verification.attempt(lambda: _check_bundle(runtime.parent / bundle, report.plan))
    return report


def _check_template(runtime: Path, report: StampReport) -> str:
    try:
        mark = read_mark(runtime, size_bytes=report.stamp_offset)
    except NotTemplateError as error:
        message = "the stamped executable is not a conda-ship template"
        raise CliError(message, kind=error.kind, path=runtime, hint="build it again with a `cs-template`") from error
    require_target(mark, (report.header.platform,), runtime)
    require_format(mark, runtime)
    return f"{runtime.name}: template {mark.name} {mark.version} for {mark.target}"


def _check_signature(runtime: Path) -> str | None:
    report = verify_signature(runtime)
    if report is None:
        return None
    return (
        f"{runtime.name}: signature covers the stamp ({'ad hoc' if report.is_ad_hoc else 'certificates not checked'})"
    )


def _check_embedded(runtime: Path, bundled: Iterable[PlannedArchive]) -> str:
    with read_stamp(runtime) as stamp, stamp.open_part("bundle") as part:
        report = verify_bundle(part, _expected(bundled), exact=True, path=runtime)
    return f"{runtime.name}: {_count_archives(report)}"


def _check_bytecode(runtime: Path, plan: Plan) -> str:
    with read_stamp(runtime) as stamp, stamp.open_part("bytecode") as part:
        count = check_bytecode(part, plan, path=runtime)
    return f"{runtime.name}: {count} compiled modules"


def _check_bundle(path: Path, plan: Plan) -> str:
    report = verify_bundle(path, _expected(plan.archives), exact=True)
    return f"{path.name}: {_count_archives(report)}"


def _count_archives(report: BundleReport) -> str:
    number = len(report.verified)
    return "one archive" if number == 1 else f"{number} archives"


def _expected(archives: Iterable[PlannedArchive]) -> Iterable[WantedArchive]:
    return [WantedArchive(file_name=one.file_name, sha256=one.sha256, size_bytes=one.size_bytes) for one in archives]


def _check_lock(path: Path, runtime: Path) -> str:
    with read_stamp(runtime) as stamp, reading(path, "cannot-read"):
        lock = stamp.read_lock()
        if path.stat().st_size != len(lock) or read_limited(path, len(lock)) != lock:
            raise CliError(
                "the lock does not match the runtime", kind="lock-mismatch", path=path, hint="build it again"
            )
    return f"{path.name}: lock matches the runtime"


def _check_info(path: Path, report: StampReport, digests: dict[str, str], intact: set[str]) -> str:
    with reading(path, "info-damaged"):
        info = parse_document(read_limited(path, VALUE_LIMIT_BYTES))
        stated = {key: info[key] for key in _STATED}
        files = {str(file["name"]): (int(file["size"]), str(file["sha256"])) for file in info["files"]}
    actual = {key: getattr(report.header, key, None) for key in _STATED}
    plan = report.plan
    actual |= {
        "identity": report.identity,
        "package_count": len(plan.archives),
        "wheel_count": len(plan.wheels),
    }
    for key, value in actual.items():
        if stated[key] != value:
            message = "it does not match the runtime"
            raise CliError(
                message, kind="info-mismatch", path=path, key=key, expected=str(value), actual=str(stated[key])
            )
    _check_listed(path, files, digests, intact)
    return f"{path.name}: metadata matches the files"


def _check_listed(info: Path, files: dict[str, tuple[int, str]], digests: dict[str, str], intact: set[str]) -> None:
    """Check the files that ``info.json`` lists against the checksum file, which has been checked against the files."""
    later = {info.name, f"{info.name.removesuffix('.info.json')}.provenance.json"}
    if differing := sorted(files.keys() ^ (digests.keys() - later)):
        message = f"it and the checksum file do not list the same files: {', '.join(differing)}"
        raise CliError(message, kind="info-mismatch", path=info, key="files", hint="build it again")
    for name, (size, digest) in files.items():
        if digest != digests[name] or (name in intact and (info.parent / name).stat().st_size != size):
            message = f"the size or digest of {name} does not match"
            raise CliError(message, kind="info-mismatch", path=info, key="files", hint="build it again")
