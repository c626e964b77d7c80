"""Rules for archives and channels that ship."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ._credentials import judge_url
from ._environments import Channel
from ._errors import Problem
from ._locations import is_local_channel
from ._platforms import SUBDIRS, Platform
from ._records import PackageRecord

_UNUSABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]")


def check_record(record: PackageRecord, key: str, platform: Platform) -> list[Problem]:
    """Check one package by itself: digest and subdir.

    :param key: key path of its entry in the lock.
    """
    problems, plural_hint = _check_subdir(record, platform), None
    if not record.sha256:
        hint = "lock the workspace again against a channel that publishes SHA-256 digests"
        message = f"{record.name} has no sha256"
        if record.is_local:
            message += f", and its file cannot be read: {record.location}"
            hint, plural_hint = (f"restore the {what}, or lock the workspace again" for what in ("file", "files"))
        problems.append(("missing-sha256", message, f"{key}.sha256", hint))
    return [
        Problem(
            kind=kind,
            message=message,
            platform=platform.name,
            package=record.name,
            key=where or key,
            hint=hint,
            plural_hint=plural_hint if kind == "missing-sha256" else None,
        )
        for kind, message, where, hint in problems
    ]


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
            message = f"{owner.name} and {record.name} have the same file name: {record.file_name}"
            problems.append(_describe_shared_name(message, record, platform))
    return problems


def check_local_names(local: Iterable[tuple[str, PackageRecord]]) -> list[Problem]:
    """Check that local archives for one subdir that are called alike are the same archive.

    :param local: platform names and the local archives that ship for them.
    """
    owners: dict[tuple[str, str], PackageRecord] = {}
    problems = []
    for platform, record in local:
        owner = owners.setdefault((record.subdir, record.file_name), record)
        if owner.sha256 != record.sha256:
            message = f"{owner.location} and {record.location} are different archives with the same file name"
            problems.append(_describe_shared_name(message, record, platform))
    return problems


def _describe_shared_name(message: str, record: PackageRecord, platform: str) -> Problem:
    return Problem(
        kind="duplicate-file-name",
        message=message,
        platform=platform,
        package=record.name,
        hint="give one of them a different build string, and lock the workspace again",
    )


def check_channels(channels: Sequence[Channel], key: str) -> list[Problem]:
    """Check that no channel's URL contains what must not ship, or what no URL or name holds."""
    verdicts = [judge_url(channel.url) for channel in channels]
    unusable = [
        Problem(kind="invalid-url", message=f"{channel.url!r} is not the URL of a channel", key=f"{key}[{index}]")
        for index, channel in enumerate(channels)
        if _UNUSABLE.search(channel.url) and not (is_local_channel(channel.url) or verdicts[index].exposure)
    ]
    return unusable + [
        Problem(kind=verdict.kind, message=verdict.describe("the channel"), key=f"{key}[{index}]", hint=verdict.hint)
        for index, verdict in enumerate(verdicts)
        if verdict.exposure
    ]
