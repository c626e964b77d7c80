"""Everything that is checked before an environment may ship."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from ._checks import check_channels, check_file_names, check_local_names, check_record
from ._dependencies import check_dependencies, check_lost, check_noarch, check_required
from ._environments import Channel
from ._errors import Problem, merge_platforms
from ._names import labels_of
from ._refusals import refuse_damaged
from ._selection import Selection
from ._suggestions import did_you_mean
from ._wheel_checks import check_wheel_names, check_wheels


def validate(
    channels: Sequence[Channel],
    channels_key: str,
    selections: Sequence[Selection],
    *,
    exclude: Iterable[str],
    require: Iterable[str],
    features: Mapping[str, str],
) -> list[Problem]:
    """Find everything that keeps an environment from shipping, and what its owner should know.

    :param channels_key: key path of the channels.
    :param selections: what would ship on each platform.
    :param features: for labels, the workspace's feature that asks for it.
    :returns: the problems; one that is the same on several platforms is listed once.
    """
    exclude, require = tuple(exclude), tuple(require)
    problems = check_channels(channels, channels_key) + refuse_damaged(selections, features)
    for selection in selections:
        problems += _check_selection(selection, exclude, require)
    problems += check_local_names(
        (selection.platform.name, record) for selection in selections for record in selection.records if record.is_local
    )
    problems += check_wheel_names(selections)
    requested = {(one.platform.name, label) for one in selections for label in one.requested}
    return [
        replace(one, is_requested=any((name, one.package) in requested for name in one.platforms))
        for one in merge_platforms(problems)
    ]


def _check_selection(selection: Selection, exclude: tuple[str, ...], require: tuple[str, ...]) -> list[Problem]:
    """Check what ships on one platform."""
    platform, records = selection.platform, selection.records
    labels = selection.labels
    problems = [*selection.problems, *check_required(require, labels, selection.takers, platform.name)]
    # A dependency on a damaged package is reported as that package, not as a missing dependency.
    present = labels.union(package.label for package in selection.damaged)
    excluded = selection.dropped.union(*map(labels_of, exclude))
    problems += check_dependencies(records, present, excluded, platform.name)
    problems += check_lost(records, selection.requirements, excluded - present, platform.name)
    problems += check_noarch(records, present, selection.takers, platform.name)
    for record in records:
        problems += check_record(record, selection.keys[record.name], platform)
    if selection.wheels or selection.pending:
        problems += check_wheels(selection)
    return problems + check_file_names(platform.name, records)


def check_exclude(exclude: Iterable[str], selections: Sequence[Selection]) -> list[Problem]:
    """Warn of names in ``exclude`` that no platform has."""
    matched = {exclusion.name for selection in selections for exclusion in selection.exclusions}
    present = matched.union(*(selection.labels for selection in selections))
    names = present | {label.rpartition(":")[2] for label in present}
    problems = []
    for name in sorted(set(exclude)):
        if not labels_of(name) & matched:
            hint = did_you_mean(name, names)
            message = f"'exclude' names {name!r}, which is not in the environment on any platform"
            problems.append(
                Problem(kind="unmatched-exclude", severity="warning", message=message, package=name, hint=hint)
            )
    return problems
