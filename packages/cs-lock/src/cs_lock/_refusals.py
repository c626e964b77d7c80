"""Which packages of a lock cannot ship as they are, described so that its owner knows where to start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ._dependencies import list_names
from ._environments import ForeignPackage
from ._errors import Problem, merge_platforms
from ._names import describe_label
from ._pending import PendingEntry, Reason
from ._selection import Selection

_SETTLE_WHEEL = (
    "build a wheel from it, and put it into the archive folder",
    "build wheels from them, and put these into the archive folder",
)
# Kind of the problem, what the lock has, what to do about one entry and about several.
_REASONS: dict[Reason, tuple[str, str, tuple[str, str]]] = {
    "directory": ("pypi-source", "the lock has only the directory {}", _SETTLE_WHEEL),
    "git": ("pypi-source", "the lock has only the git repository {}", _SETTLE_WHEEL),
    "sdist": ("pypi-source", "the lock has only the sdist {}", _SETTLE_WHEEL),
    "source-package": (
        "missing-archive",
        "the lock has only its source, {}",
        (
            "build the package, and put it into the archive folder",
            "build the packages, and put them into the archive folder",
        ),
    ),
    "unpinned": (
        "missing-sha256",
        "the lock has no sha256 for {}",
        ("put the wheel into the archive folder", "put the wheels into the archive folder"),
    ),
    "missing-file": (
        "missing-archive",
        "its file cannot be read: {}",
        (
            "restore the file, or put the archive into the archive folder",
            "restore the files, or put the archives into the archive folder",
        ),
    ),
    "lost-file": (
        "missing-archive",
        "its file cannot be read: {}",
        ("restore the file, or lock the workspace again", "restore the files, or lock the workspace again"),
    ),
    "incomplete": (
        "missing-archive",
        "the lock does not describe {} completely",
        ("put the archive into the archive folder", "put the archives into the archive folder"),
    ),
}


def refuse_damaged(selections: Sequence[Selection], features: Mapping[str, str]) -> list[Problem]:
    """Describe the packages whose entries are damaged.

    :param selections: what would ship on each platform.
    :param features: for labels, the workspace's feature that asks for it.
    """
    return [
        _refuse_damaged(package, selection.platform.name, selection.askers.get(package.label, ()), features)
        for selection in selections
        for package in selection.damaged
    ]


def refuse_entries(entries: Iterable[tuple[str, PendingEntry]]) -> list[Problem]:
    """Describe the entries that nothing was found for: requested ones first; one on several platforms only once.

    :param entries: each with the name of a platform that needs it.
    """
    ordered = sorted(entries, key=lambda item: not item[1].is_requested)
    return merge_platforms(refuse_entry(entry, platform) for platform, entry in ordered)


def refuse_entry(entry: PendingEntry, platform: str, *, detail: str = "") -> Problem:
    """Describe an entry that nothing was found for.

    :param platform: name of the platform that needs it.
    :param detail: more about the reason; it follows what the lock has.
    """
    kind, what, (hint, plural_hint) = _REASONS[entry.reason]
    owner = describe_label(entry.package) if entry.kind == "pypi" else f"the package {entry.name}"
    asked = explain_askers(entry.package, entry.wanted_by, entry.feature)
    message = f"{_name_version(owner, entry.version)} needs an archive: {what.format(entry.place)}{detail}{asked}"
    problem = entry.make_problem(kind, message, platform=platform, hint=hint)
    return replace(problem, plural="need an archive", plural_hint=plural_hint)


def _refuse_damaged(
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
    """Say at the end of a message what asks for a package; nothing if that is not known.

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
