"""What a set of packages must be like to ship."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from cs_lock.environments import Channel, ForeignPackage
from cs_lock.errors import LockError, Problem
from cs_lock.platforms import SUBDIRS, Platform
from cs_lock.records import PackageRecord, parse_dependency_name, parse_dependency_names

_USER_INFO = re.compile(r"^([a-zA-Z][a-zA-Z0-9+.-]*://)[^/?#]*@")
_TOKEN = re.compile(r"/t/[^/]+(?=/|$)")
_SECRET_WORDS = ("token", "signature", "key", "secret", "password", "credential", "auth")
_LOCK_AGAIN = "lock the workspace again; a lock that lacks packages cannot be installed"


def redact_url(url: str) -> str:
    """Hide the credentials of a URL.

    :param url: with or without them
    :returns: the URL with ``***`` in their place
    """
    if "@" not in url and "/t/" not in url and "?" not in url:
        return url
    redacted = _TOKEN.sub("/t/***", _USER_INFO.sub(r"\1***@", url))
    path, _, query = redacted.partition("?")
    names = [part.partition("=")[0].lower() for part in query.split("&")]
    return f"{path}?***" if any(word in name for name in names for word in _SECRET_WORDS) else redacted


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
    problems = [*_check_url(record.url), *_check_subdir(record, platform)]
    if not record.sha256:
        hint = "lock the workspace again against a channel that publishes SHA-256 digests"
        problems.append(("missing-sha256", f"{record.name} has no sha256", f"{key}.sha256", hint))
    return [
        Problem(kind=kind, message=message, platform=platform.name, package=record.name, key=where or key, hint=hint)
        for kind, message, where, hint in problems
    ]


def _check_url(url: str) -> list[tuple[str, str, str | None, str]]:
    if redact_url(url) != url:
        message = f"the package's URL holds credentials: {redact_url(url)}"
        return [("credentials", message, None, "lock with credentials kept outside the URL, and revoke these")]
    scheme, separator, _ = url.partition("://")
    if not separator:
        message = f"the package is a local file: {url}"
        return [("local-package", message, None, "publish it on a channel; a path means nothing on another machine")]
    if scheme not in ("http", "https", "file"):
        return [("unknown-scheme", f"packages cannot be fetched by {scheme}: {url}", None, "use an https channel")]
    return []


def _check_subdir(record: PackageRecord, platform: Platform) -> list[tuple[str, str, str | None, str]]:
    if record.subdir not in SUBDIRS and record.subdir != "noarch":
        message = f"{record.name} is for {record.subdir!r}, which is not a conda subdir"
        return [("unknown-subdir", message, None, "lock the workspace again")]
    if record.subdir not in (platform.subdir, "noarch"):
        message = f"{record.name} is for {record.subdir}, not for {platform.subdir}"
        return [("wrong-subdir", message, None, "lock the workspace again")]
    return []


def check_file_urls(records: Iterable[PackageRecord], platform: str) -> list[Problem]:
    """Warn of packages that only this machine can fetch, which an embedded or external layout can still ship."""
    names = sorted(record.name for record in records if record.url.startswith("file:"))
    if not names:
        return []
    message = f"{len(names)} packages are files of this machine, {names[0]} among them"
    hint = "only a runtime that brings its packages along can be built from them"
    return [
        Problem(kind="file-url", severity="warning", message=message, platform=platform, package=names[0], hint=hint)
    ]


def check_channels(channels: Sequence[Channel], key: str) -> list[Problem]:
    """Check that no channel's URL holds credentials."""
    return [
        Problem(
            kind="credentials",
            message=f"a channel's URL holds credentials: {redact_url(channel.url)}",
            key=f"{key}[{index}]",
            hint="keep credentials outside the URL, lock again, and revoke these",
        )
        for index, channel in enumerate(channels)
        if redact_url(channel.url) != channel.url
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
