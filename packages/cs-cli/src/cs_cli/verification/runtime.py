"""One runtime by itself: its stamp, its template, its signature, and what it contains."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from cs_bundle import BundleReport, WantedArchive, verify_bundle
from cs_stamp import (
    Mark,
    NotTemplateError,
    Plan,
    PlannedArchive,
    StampReport,
    read_mark,
    read_stamp,
    require_format,
    require_target,
    verify_signature,
    verify_stamp,
)

from ..errors import CliError
from ..terminal.console import format_count
from .bytecode import check_bytecode
from .checks import Result
from .files import StagedFiles, reading

_MACHO_MAGICS = (b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_PE_MAGIC = b"MZ"
_BLOCK_BYTES = 1 << 20


@dataclass(slots=True, kw_only=True)
class CheckedRuntime:
    """A runtime whose stamp is intact, and what is known of its build.

    :ivar name: its file name.
    :ivar mark: of its template, if that has one.
    :ivar template_sha256: digest of its template, as far as the runtime still has all of it.
    :ivar is_signed: whether it has a signature of its platform that no build gives, with certificates.
    :ivar is_restated: whether the statement says that it got such a signature after it was built.
    :ivar info: ``STEM.info.json``, if it is there and as it was staged.
    :ivar statement: the statement of provenance about it.
    :ivar digests: what the checksum file lists.
    :ivar intact: the names of those files that match it.
    """

    name: str
    path: Path
    report: StampReport
    mark: Mark | None = None
    template_sha256: str | None = None
    is_signed: bool = False
    is_restated: bool = False
    info: Mapping[str, Any] | None = None
    statement: Mapping[str, Any] | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    intact: Collection[str] = ()

    @property
    def stem(self) -> str:
        """First part of the names of the build's files."""
        return self.report.header.artifact_name


def check_runtime(result: Result, files: StagedFiles, name: str) -> CheckedRuntime | None:
    """Check a runtime by itself.

    :returns: the runtime, ``None`` if its stamp is damaged.
    """
    path, found = files.path(name), list[CheckedRuntime]()

    def check_stamp() -> str:
        files.require(name)
        found.append(CheckedRuntime(name=name, path=path, report=verify_stamp(path)))
        return f"stamp {found[0].report.identity[:16]} intact"

    if not result.attempt(name, "stamp", check_stamp):
        return None
    runtime = found[0]
    result.attempt(name, "template", lambda: _check_template(runtime))
    result.attempt(name, "code-signature", lambda: _check_signature(runtime))
    if (extra := runtime.report.trailing_size_bytes) and _allows_anything_behind(path):
        detail = f"{extra} bytes follow the stamp: this format has no signature to cover them"
        result.leave(name, "code-signature", detail)
    header, plan = runtime.report.header, runtime.report.plan
    bundled = plan.bundled(header.layout)
    if bundled or header.layout == "embedded":
        result.attempt(name, "archives", lambda: _check_embedded(path, bundled))
    if header.bytecode == "shipped":
        result.attempt(name, "bytecode", lambda: _check_bytecode(path, plan))
    return runtime


def _allows_anything_behind(path: Path) -> bool:
    """Tell whether the format of an executable has no signature, so that nothing limits what follows the stamp."""
    with path.open("rb") as file:
        start = file.read(4)
    return not start.startswith(_PE_MAGIC) and start not in _MACHO_MAGICS


def _check_template(runtime: CheckedRuntime) -> str:
    try:
        mark = read_mark(runtime.path, size_bytes=runtime.report.stamp_offset)
    except NotTemplateError as error:
        message = "the stamped executable is not a conda-ship template"
        hint = "build it again with a `cs-template`"
        raise CliError(message, kind=error.kind, path=runtime.path, hint=hint) from error
    require_format(mark, runtime.path)
    require_target(mark, (runtime.report.header.platform,), runtime.path)
    runtime.mark = mark
    return f"template {mark.name} {mark.version} for {mark.target}"


def _check_signature(runtime: CheckedRuntime) -> str | None:
    report = verify_signature(runtime.path)
    if report is None or report.is_ad_hoc:
        runtime.template_sha256 = _hash_template(runtime)
    if report is None:
        return None
    runtime.is_signed = not report.is_ad_hoc
    return f"signature covers the stamp ({'ad hoc' if report.is_ad_hoc else 'certificates not checked'})"


def _hash_template(runtime: CheckedRuntime) -> str | None:
    """Hash the bytes before the stamp; ``None`` for macOS, where a build changes the beginning of its template."""
    digest, left = sha256(), runtime.report.stamp_offset
    with reading(runtime.path, "cannot-read"), runtime.path.open("rb") as file:
        start = file.read(4)
        if start in _MACHO_MAGICS:
            return None
        file.seek(0)
        while left and (block := file.read(min(_BLOCK_BYTES, left))):
            digest.update(block)
            left -= len(block)
    return digest.hexdigest()


def _check_embedded(path: Path, bundled: Iterable[PlannedArchive]) -> str:
    with read_stamp(path) as stamp, stamp.open_part("bundle") as part:
        report = verify_bundle(part, _expect(bundled), exact=True, path=path)
    return format_count(len(report.verified), "archive")


def _check_bytecode(path: Path, plan: Plan) -> str:
    with read_stamp(path) as stamp, stamp.open_part("bytecode") as part:
        count = check_bytecode(part, plan, path=path)
    return f"{count} compiled modules"


def check_bundle(files: StagedFiles, name: str, archives: Iterable[PlannedArchive]) -> str:
    """Check a bundle file against the packages that it is for.

    :raises CliError: if it is not a file.
    :raises BundleError: if it is damaged, or has other archives.
    """
    files.require(name)
    report: BundleReport = verify_bundle(files.path(name), _expect(archives), exact=True)
    return format_count(len(report.verified), "archive")


def _expect(archives: Iterable[PlannedArchive]) -> list[WantedArchive]:
    return [WantedArchive(file_name=one.file_name, sha256=one.sha256, size_bytes=one.size_bytes) for one in archives]
