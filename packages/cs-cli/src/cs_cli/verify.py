"""``cs verify``: does what was staged agree with itself?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cs_bundle import ExpectedArchive, verify_bundle
from cs_stamp import Plan, StampReport, read_stamp, verify_stamp

from .artifacts import hash_file
from .errors import CliError

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was checked, and found right."""

    path: Path
    checks: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the verification as the document of ``--json``."""
        return {"schema_version": SCHEMA_VERSION, "path": str(self.path), "checks": list(self.checks)}


def verify_path(path: Path) -> Verification:
    """Check a staged folder, or one runtime.

    :raises CliError: if a checksum, a lock or ``info.json`` does not agree with the files.
    :raises StampError: if a runtime's stamp is damaged.
    :raises BundleError: if a bundle is.
    """
    if path.is_dir():
        return Verification(path=path, checks=tuple(_verify_folder(path)))
    if not path.is_file():
        raise CliError("not-found", "there is no such file or folder", path=path, exit_code=2)
    return Verification(path=path, checks=tuple(_verify_runtime(path)))


def _verify_folder(folder: Path) -> Iterator[str]:
    lists = sorted(folder.glob("*.sha256"))
    if not lists:
        raise CliError(
            "nothing-staged", "the folder holds no STEM.sha256", path=folder, hint="name a folder of cs build"
        )
    for checksums in lists:
        names = _verify_checksums(checksums)
        yield f"{checksums.name}: {len(names)} files"
        yield from _verify_set(folder, checksums.name.removesuffix(".sha256"), names)


def _verify_checksums(checksums: Path) -> list[str]:
    names = []
    for number, line in enumerate(checksums.read_text(encoding="utf-8").splitlines(), 1):
        digest, separator, name = line.partition("  ")
        if not separator or len(digest) != 64 or "/" in name or "\\" in name:
            raise CliError("checksums-damaged", f"line {number} is not a checksum", path=checksums, actual=line)
        _verify_digest(checksums.parent / name, digest)
        names.append(name)
    return names


def _verify_digest(path: Path, expected: str) -> None:
    if not path.is_file():
        raise CliError("file-missing", "the file is listed but not there", path=path, hint="stage it again")
    actual = hash_file(path)
    if actual != expected:
        message = "the file is not the one that was staged"
        raise CliError("checksum-mismatch", message, path=path, expected=expected, actual=actual, hint="stage it again")


def _verify_set(folder: Path, stem: str, names: list[str]) -> Iterator[str]:
    """Check runtime, lock, bundle and ``info.json`` of one stem against each other."""
    runtimes = [name for name in names if name in (stem, f"{stem}.exe")]
    if not runtimes:
        raise CliError("runtime-missing", f"{stem}.sha256 lists no runtime", path=folder / f"{stem}.sha256")
    runtime = folder / runtimes[0]
    report = verify_stamp(runtime)
    yield from _verify_parts(runtime, report)
    with read_stamp(runtime) as stamp:
        _verify_same(folder / f"{stem}.runtime.lock", stamp.read_lock())
    yield f"{stem}.runtime.lock: the one in the runtime"
    _verify_info(folder / f"{stem}.info.json", folder, report.identity)
    yield f"{stem}.info.json: identity, sizes and digests"
    bundle = report.header.bundle_file_name
    if bundle is not None:
        yield _verify_bundle(folder / bundle, report.plan)


def _verify_runtime(runtime: Path) -> Iterator[str]:
    yield from _verify_parts(runtime, verify_stamp(runtime))


def _verify_parts(runtime: Path, report: StampReport) -> Iterator[str]:
    yield f"{runtime.name}: stamp {report.identity[:16]}, every part"
    if report.header.layout == "embedded":
        with read_stamp(runtime) as stamp, stamp.open_part("bundle") as part:
            report_of_bundle = verify_bundle(part, _expected(report.plan), exact=True)
        yield f"{runtime.name}: {len(report_of_bundle.archives)} archives"


def _verify_bundle(path: Path, plan: Plan) -> str:
    report = verify_bundle(path, _expected(plan), exact=True)
    return f"{path.name}: {len(report.archives)} archives"


def _expected(plan: Plan) -> list[ExpectedArchive]:
    return [ExpectedArchive(file_name=one.file_name, sha256=one.sha256, size_bytes=one.size) for one in plan.packages]


def _verify_same(path: Path, content: bytes) -> None:
    if path.read_bytes() != content:
        raise CliError("lock-mismatch", "the lock is not the one in the runtime", path=path, hint="stage it again")


def _verify_info(path: Path, folder: Path, identity: str) -> None:
    try:
        info = json.loads(path.read_bytes())
        files = {str(file["name"]): (int(file["size"]), str(file["sha256"])) for file in info["files"]}
        stated = str(info["identity"])
    except (ValueError, KeyError, TypeError) as error:
        raise CliError("info-damaged", f"cannot be read: {error}", path=path) from error
    if stated != identity:
        message = "states another stamp than the runtime's"
        raise CliError("info-mismatch", message, path=path, key="identity", expected=identity, actual=stated)
    for name, (size, digest) in files.items():
        if (folder / name).stat().st_size != size:
            raise CliError("info-mismatch", f"states another size for {name}", path=path, key="files")
        _verify_digest(folder / name, digest)
