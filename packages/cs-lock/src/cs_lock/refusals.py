"""Which packages of a lock cannot ship as they are, described so that its owner knows where to start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from .credentials import redact_url
from .dependencies import list_names
from .environments import ForeignPackage
from .errors import Problem
from .names import describe_label
from .pending import PendingEntry, Reason
from .selection import Selection

_SETTLE_WHEEL = "build a wheel from it, and put it into the archive folder"
# Kind of the problem, what the lock has, and what to do.
_REASONS: dict[Reason, tuple[str, str, str]] = {
    "directory": ("pypi-source", "the lock has only the directory {}", _SETTLE_WHEEL),
    "git": ("pypi-source", "the lock has only the git repository {}", _SETTLE_WHEEL),
    "sdist": ("pypi-source", "the lock has only the sdist {}", _SETTLE_WHEEL),
    "source-package": (
        "source-package",
        "the lock has only its source, {}",
        "build the package, and put it into the archive folder",
    ),
    "unpinned": ("missing-sha256", "the lock has no sha256 for {}", "put the wheel into the archive folder"),
    "missing-file": (
        "missing-archive",
        "its file cannot be read: {}",
        "restore the file, or put the archive into the archive folder",
    ),
    "incomplete": (
        "missing-archive",
        "the lock does not describe {} completely",
        "put the archive into the archive folder",
    ),
}


def refuse_damaged(selections: Sequence[Selection], features: Mapping[str, str]) -> list[Problem]:
    """Describe the packages whose entries are damaged.

    :param selections: what would ship on each platform.
    :param features: for labels, the workspace's feature that asks for it.
    """
    return [
        _refuse_entry(package, selection.platform.name, selection.askers.get(package.label, ()), features)
        for selection in selections
        for package in selection.damaged
    ]


def refuse_pending(selections: Iterable[Selection]) -> list[Problem]:
    """Describe the entries that nothing was found for: requested ones first.

    :param selections: what would ship on each platform.
    """
    entries = [(selection.platform.name, entry) for selection in selections for entry in selection.pending]
    entries.sort(key=lambda item: not _is_requested(item[1]))
    return [_refuse_pending(entry, platform) for platform, entry in entries]


def _is_requested(entry: PendingEntry) -> bool:
    return entry.label.removeprefix("conda:") in entry.wanted_by


def _refuse_pending(entry: PendingEntry, platform: str) -> Problem:
    kind, what, hint = _REASONS[entry.reason]
    label = entry.label.removeprefix("conda:")
    owner = describe_label(label) if entry.kind == "pypi" else f"the package {entry.name}"
    place = redact_url(entry.url or entry.location)
    asked = explain_askers(label, entry.wanted_by, entry.feature)
    return Problem(
        kind=kind,
        message=f"{_name_version(owner, entry.version)} needs an archive: {what.format(place)}{asked}",
        platform=platform,
        package=label,
        feature=entry.feature,
        key=entry.key,
        hint=hint,
    )


def _refuse_entry(
    package: ForeignPackage, platform: str, askers: Sequence[str], features: Mapping[str, str]
) -> Problem:
    """Describe a package whose entry is damaged."""
    error = package.error
    assert error is not None  # a package without one is source, and pending
    owner = describe_label(package.label)
    message = error.message if owner in error.message else f"{owner}: {error.message}"
    if error.expected is not None:
        message += (
            f"; expected {error.expected}, found {error.actual}" if error.actual else f"; expected {error.expected}"
        )
    feature = next((features[label] for label in askers if label in features), None)
    return Problem(
        kind=error.kind,
        message=message + explain_askers(package.label, askers, feature),
        platform=platform,
        package=package.label,
        feature=feature,
        key=error.key or package.key,
        hint=error.hint or "lock the workspace again",
    )


def explain_askers(label: str, askers: Sequence[str], feature: str | None) -> str:
    """Say at the end of a message who asks for a package; nothing if that is not known.

    :param label: of the package.
    :param askers: requested labels that need it, itself first if it is one.
    :param feature: the workspace's feature that asks for the first of them.
    """
    if not askers or askers[0] == label:
        return f" (the feature {feature!r} asks for it)" if feature else ""
    names = list_names(askers)
    verb = "needs" if len(askers) == 1 else "need"
    first = f"; the feature {feature!r} asks for {askers[0]}" if feature else ""
    return f" ({names} {verb} it{first})"


def _name_version(owner: str, version: str | None) -> str:
    return f"{owner} {version}" if version else owner
