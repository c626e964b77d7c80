"""What a set of packages must be like to ship."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from cs_lock.credentials import judge_url
from cs_lock.environments import Channel, ForeignPackage
from cs_lock.errors import LockError, Problem
from cs_lock.locations import find_scheme, is_archive_name
from cs_lock.platforms import SUBDIRS, Platform
from cs_lock.records import PackageRecord, parse_dependency_name, parse_dependency_names

_SCHEMES = ("http", "https", "oci")
# Names that every file system takes, and bundles hold.
_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+!~=-]*")
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
_LOCK_AGAIN = "lock the workspace again; a lock that lacks packages cannot be installed"


def check_required(
    require: Iterable[str], present: Collection[str], gone: Mapping[str, str], platform: str
) -> list[Problem]:
    """Check that packages that must ship do.

    :param present: names that ship
    :param gone: for each name that was dropped, the excluded name that took it along
    """
    problems = []
    for name in sorted(set(require) - set(present)):
        taker = gone.get(name)
        hint = "add it to the workspace's dependencies and lock again, or remove it from 'require'"
        if taker is not None:
            hint = f"it was dropped because {taker!r} is in 'exclude'"
        message = f"the required package {name!r} is not in the environment"
        problems.append(Problem(kind="missing-required", message=message, platform=platform, package=name, hint=hint))
    return problems


def check_dependencies(records: Iterable[PackageRecord], present: AbstractSet[str], platform: str) -> list[Problem]:
    """Check that everything that a package needs is there, was dropped on purpose, or is virtual.

    :param present: names that ship, and names that were dropped
    """
    problems = []
    for record in records:
        if parse_dependency_names(record.depends) <= present:
            continue
        for spec in record.depends:
            name = parse_dependency_name(spec)
            if name in present or name.startswith("__") or is_conditional(spec):
                continue
            message = f"{record.name} needs {spec!r}, which the lock does not have"
            problems.append(
                Problem(
                    kind="missing-dependency",
                    message=message,
                    platform=platform,
                    package=record.name,
                    hint=_LOCK_AGAIN,
                )
            )
    return problems


def is_conditional(spec: str) -> bool:
    """Tell whether a match spec holds only under a condition, which the solver has judged already."""
    return "; if " in spec or "when=" in spec


def check_record(record: PackageRecord, key: str, platform: Platform) -> list[Problem]:
    """Check one package by itself: digest, location, subdir.

    :param key: key path of its entry in the lock
    """
    problems = [*_check_location(record), *_check_subdir(record, platform)]
    if not record.sha256:
        hint = "lock the workspace again against a channel that publishes SHA-256 digests"
        message = f"{record.name} has no sha256"
        if record.is_local:
            message += f", and its file cannot be read: {record.location}"
            hint = "put the file back, or lock the workspace again"
        problems.append(("missing-sha256", message, f"{key}.sha256", hint))
    return [
        Problem(kind=kind, message=message, platform=platform.name, package=record.name, key=where or key, hint=hint)
        for kind, message, where, hint in problems
    ]


def _check_location(record: PackageRecord) -> list[tuple[str, str, str | None, str]]:
    scheme = find_scheme(record.url)
    if not record.is_local and scheme not in _SCHEMES:
        return [
            ("unknown-scheme", f"packages cannot be fetched by {scheme}: {record.url}", None, "use an https channel")
        ]
    if not is_archive_name(record.file_name) or not _SAFE_NAME.fullmatch(record.file_name):
        message = f"{record.file_name!r} is not a file name of the form NAME-VERSION-BUILD.conda"
        return [("invalid-file-name", message, None, "lock the workspace again")]
    return []


def _check_subdir(record: PackageRecord, platform: Platform) -> list[tuple[str, str, str | None, str]]:
    if record.subdir not in SUBDIRS and record.subdir != "noarch":
        message = f"{record.name} is for {record.subdir!r}, which is not a conda subdir"
        return [("unknown-subdir", message, None, "lock the workspace again")]
    if record.subdir not in (platform.subdir, "noarch"):
        message = f"{record.name} is for {record.subdir}, not for {platform.subdir}"
        return [("wrong-subdir", message, None, "lock the workspace again")]
    return []


def check_file_names(platform: str, records: Iterable[PackageRecord]) -> list[Problem]:
    """Check that no two archives of a platform have one file name: a bundle is flat."""
    owners: dict[str, PackageRecord] = {}
    problems = []
    for record in records:
        owner = owners.setdefault(record.file_name, record)
        if owner is not record:
            message = f"{owner.name} and {record.name} have one file name: {record.file_name}"
            problems.append(_describe_shared_name(message, record, platform))
    return problems


def check_local_names(local: Iterable[tuple[str, PackageRecord]]) -> list[Problem]:
    """Check that local archives for one subdir that are called alike are the same archive.

    :param local: platform names and the local archives that ship for them
    """
    owners: dict[tuple[str, str], PackageRecord] = {}
    problems = []
    for platform, record in local:
        owner = owners.setdefault((record.subdir, record.file_name), record)
        if owner.sha256 != record.sha256:
            message = f"{owner.location} and {record.location} are different archives with one file name"
            problems.append(_describe_shared_name(message, record, platform))
    return problems


def _describe_shared_name(message: str, record: PackageRecord, platform: str) -> Problem:
    return Problem(
        kind="duplicate-file-name",
        message=message,
        platform=platform,
        package=record.name,
        hint="give one of them another build string, and lock the workspace again",
    )


def check_channels(channels: Sequence[Channel], key: str) -> list[Problem]:
    """Check that no channel's URL holds what must not ship."""
    verdicts = [judge_url(channel.url) for channel in channels]
    return [
        Problem(kind=verdict.kind, message=verdict.describe("the channel"), key=f"{key}[{index}]", hint=verdict.hint)
        for index, verdict in enumerate(verdicts)
        if verdict.exposure
    ]


def describe_foreign(package: ForeignPackage, platform: str, feature: str | None) -> Problem:
    """Say that a package cannot ship, and where it came from.

    :param feature: that asks for it, when that is known
    """
    if package.error is not None:
        return _describe_damaged(package, package.error, platform)
    label = "PyPI" if package.kind == "pypi" else "source"
    version = f" {package.version}" if package.version else ""
    origin = f", which the feature {feature!r} asks for," if feature else ""
    hint = f"depend on its conda package instead, or put {package.name!r} into 'exclude'"
    return Problem(
        kind=f"{package.kind}-package",
        message=f"the {label} package {package.name}{version}{origin} cannot ship: only conda packages can",
        platform=platform,
        package=package.name,
        feature=feature,
        key=package.key,
        hint=hint,
    )


def _describe_damaged(package: ForeignPackage, error: LockError, platform: str) -> Problem:
    """Say that the entry of an archive is damaged."""
    message = error.message if package.name in error.message else f"{package.name}: {error.message}"
    if error.expected is not None:
        message += f"; expected {error.expected}, found {error.actual}"
    return Problem(
        kind=error.kind,
        message=message,
        platform=platform,
        package=package.name,
        key=error.key,
        hint=error.hint or "lock the workspace again",
    )
