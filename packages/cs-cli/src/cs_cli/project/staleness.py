"""Does the source lock still match the manifest?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cs_lock import (
    Mismatch,
    Problem,
    SourceLock,
    find_mismatches,
    find_pypi_mismatches,
    is_channel,
    list_names,
    redact_url,
)
from cs_manifest import Environment, Platform, Project, RequestedSpec, mask_credentials

_BUILDS = 2
"""Builds of one version that an error names."""


def check_requests(
    project: Project, source: SourceLock, environment: str, requested: Sequence[RequestedSpec]
) -> list[Problem]:
    """Find the packages that the manifest asks for and that the lock lacks, or has in another version or build.

    This checks the source lock: packages that ``exclude`` drops afterwards are not missing. Conditional requests and
    requirements with markers are left out, because only a solver knows their conditions; for packages that the lock has
    only as source, the name alone counts.

    :param source: its platforms have the workspace's names.
    :returns: one error for each package and spec, for all platforms together.
    """
    return _check(project, source, environment, requested, "asks for")


def check_constraints(
    project: Project, source: SourceLock, environment: str, constraints: Sequence[RequestedSpec]
) -> list[Problem]:
    """Find the conda packages of the lock that the manifest's ``[constraints]`` do not allow.

    The parameters and the result are those of :func:`check_requests`. A package that the lock does not have is allowed.
    """
    return _check(project, source, environment, constraints, "allows only", only_locked=True)


def _check(
    project: Project,
    source: SourceLock,
    environment: str,
    wanted: Sequence[RequestedSpec],
    verb: str,
    *,
    only_locked: bool = False,
) -> list[Problem]:
    platforms = [platform.name for platform in source.platforms(environment)]
    requests: dict[str, list[RequestedSpec]] = {}
    from_pypi: dict[str, list[RequestedSpec]] = {}
    for one in wanted:
        if one.kind == "pypi":
            from_pypi.setdefault(one.spec, []).append(one)
        elif not (one.is_conditional or one.is_virtual):
            requests.setdefault(one.spec if one.kind == "conda" else one.name, []).append(one)
    return [
        *_group(
            project, requests, find_mismatches(source, environment, _spread(requests, platforms)), verb, only_locked
        ),
        *_group(
            project, from_pypi, find_pypi_mismatches(source, environment, _spread(from_pypi, platforms)), verb, False
        ),
    ]


def _spread(requests: Mapping[str, Sequence[RequestedSpec]], platforms: Sequence[str]) -> dict[str, list[str]]:
    """Return the specs that hold for each platform."""
    return {
        platform: [spec for spec, ones in requests.items() if any(one.holds_for(platform) for one in ones)]
        for platform in platforms
    }


def _group(
    project: Project,
    requests: Mapping[str, Sequence[RequestedSpec]],
    mismatches: Sequence[Mismatch],
    verb: str,
    only_locked: bool,
) -> list[Problem]:
    """Describe mismatches, those that differ only in their platform, or its build, together."""
    groups: dict[tuple[str, str | None], list[Mismatch]] = {}
    for mismatch in mismatches:
        if mismatch.found or not only_locked:
            groups.setdefault((mismatch.spec, mismatch.found.version if mismatch.found else None), []).append(mismatch)
    return [_describe(project, _origin(requests[spec], alike), alike, verb) for (spec, _), alike in groups.items()]


def _origin(requests: Sequence[RequestedSpec], mismatches: Sequence[Mismatch]) -> RequestedSpec:
    return next(one for one in requests if one.holds_for(mismatches[0].platform))


def _describe(project: Project, request: RequestedSpec, alike: Sequence[Mismatch], verb: str) -> Problem:
    found = list(dict.fromkeys(one.found.identity for one in alike if one.found))
    name = f"PyPI package {request.name}" if request.kind == "pypi" else request.name
    has = f"the lock has {list_names(found, _BUILDS)}" if found else f"the lock has no {name}"
    error = project.document.error("", kind="key-unknown", key=request.key)
    return Problem(
        kind="stale-lock",
        message=f"the manifest {verb} {mask_credentials(alike[0].spec)!r}, but {has}",
        platforms=tuple(one.platform for one in alike),
        package=f"pypi:{request.name}" if request.kind == "pypi" else request.name,
        feature=request.feature,
        key=error.key,
        path=project.manifest_path,
        line=error.line,
        column=error.column,
        hint=f"run `{project.kind.lock_command}`",
    )


def check_environment(
    project: Project, source: SourceLock, environment: Environment, strangers: Sequence[Platform]
) -> list[Problem]:
    """Warn of platforms and channels that only the manifest or only the lock has.

    :param strangers: platforms of the lock that the manifest does not have.
    """
    locked = {platform.name for platform in source.platforms(environment.name)}
    missing = [platform.name for platform in environment.platforms if platform.name not in locked]
    more = [platform.name for platform in strangers] if environment.platforms else []
    names = [channel.name for channel in environment.channels]
    urls = [channel.url for channel in source.channels(environment.name)] if names else []
    absent = [redact_url(name) for name in names if not any(is_channel(url, name) for url in urls)]
    extra = [redact_url(url) for url in urls if not any(is_channel(url, name) for name in names)]
    return [
        *_compare(project, "platform", missing, "the manifest", "the lock"),
        *_compare(project, "platform", more, "the lock", "the manifest"),
        *_compare(project, "channel", absent, "the manifest", "the lock"),
        *_compare(project, "channel", extra, "the lock", "the manifest"),
    ]


def _compare(project: Project, what: str, names: Sequence[str], holder: str, other: str) -> list[Problem]:
    if not names:
        return []
    message = f"{holder} has the {what}{'s' if len(names) > 1 else ''} {list_names(names)}, which {other} does not have"
    hint = f"run `{project.kind.lock_command}`"
    return [Problem(kind=f"stale-{what}s", severity="warning", message=message, hint=hint)]
