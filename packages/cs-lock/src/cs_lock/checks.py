"""What archives and channels must be like to ship."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from cs_lock.credentials import judge_url
from cs_lock.environments import Channel
from cs_lock.errors import Problem
from cs_lock.locations import find_scheme, is_archive_name
from cs_lock.platforms import SUBDIRS, Platform
from cs_lock.records import PackageRecord

_SCHEMES = ("http", "https", "oci")
# Names that every file system takes, and bundles hold.
_SAFE_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+!~=-]*")
# A scheme, a host that may be one, a port with at most 16 bits, and no blanks.
_PORT = r"(?:[0-5]?[0-9]{1,4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_HOST_URL = re.compile(rf"[a-z+]+://(?:[\w.~-]+|\[[0-9A-Fa-f:.]+\])(?::{_PORT})?(?:/[^\x00-\x20\x7f\\]*)?")


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
    if not record.is_local:
        scheme = find_scheme(record.url)
        if scheme not in _SCHEMES:
            message = f"packages cannot be fetched by {scheme}: {record.url}"
            return [("unknown-scheme", message, None, "use an https channel")]
        if not _HOST_URL.fullmatch(record.url):
            return [("invalid-url", f"{record.url!r} is not a valid URL", None, "lock the workspace again")]
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
