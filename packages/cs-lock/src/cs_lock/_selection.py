"""Which packages of one platform ship."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ._candidates import Candidates
from ._environments import ForeignPackage
from ._errors import LockError, Problem
from ._exclusions import Exclusion, Graph, explain_exclusions, find_dropped
from ._names import PYPI_PREFIX, has_extra, parse_requirement_name, pypi_label
from ._order import sort_by_dependency
from ._outcomes import Outcomes, find_askers
from ._pending import PendingEntry
from ._platforms import Platform
from ._records import PackageRecord, parse_dependency_names
from ._wheels import Wheel

if TYPE_CHECKING:
    from ._pypi_forms import Form

Requested = Iterable[str] | Mapping[str, Iterable[str]] | None
"""Names that the workspace asks for: for every platform, or by platform name or subdir."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What ships on one platform.

    :ivar records: conda packages in install order.
    :ivar wheels: in install order, after the records.
    :ivar pending: what needs an archive of this machine, sorted by label.
    :ivar lost: records and wheels whose files, on this machine, cannot be read; sorted by label.
    :ivar damaged: packages with damaged entries that are left.
    :ivar keys: for each label, the key path of its entry in the source lock.
    :ivar askers: for what is pending, lost or damaged, the requested labels that need it.
    :ivar exclusions: the effect of each excluded name on this platform.
    :ivar requested: labels that the workspace asks for.
    :ivar dropped: labels that do not ship.
    :ivar problems: what is wrong with the list of packages itself.
    """

    platform: Platform
    records: tuple[PackageRecord, ...]
    wheels: tuple[Wheel, ...] = ()
    pending: tuple[PendingEntry, ...] = ()
    lost: tuple[PendingEntry, ...] = ()
    damaged: tuple[ForeignPackage, ...] = ()
    keys: Mapping[str, str]
    askers: Mapping[str, tuple[str, ...]]
    exclusions: tuple[Exclusion, ...] = ()
    requested: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()

    @property
    def labels(self) -> frozenset[str]:
        """The labels of everything that ships, or will when it is settled."""
        return frozenset(
            {
                *(record.name for record in self.records),
                *(pypi_label(wheel.name) for wheel in self.wheels),
                *(entry.label.removeprefix("conda:") for entry in self.pending),
            }
        )

    @property
    def requirements(self) -> dict[str, tuple[str, ...]]:
        """For the label of each PyPI package that ships, or will, what it requires (PEP 508)."""
        pending = {entry.label: entry.record.requires_dist for entry in self.pending if entry.record is not None}
        return pending | {pypi_label(wheel.name): wheel.requires_dist for wheel in self.wheels}

    @property
    def takers(self) -> dict[str, str]:
        """For each label that was dropped, the excluded one that took it along."""
        return {label: one.name for one in self.exclusions for label in (one.name, *one.removed)}

    def arrange(self, records: Iterable[PackageRecord], wheels: Iterable[Wheel]) -> Selection:
        """Return the selection with other records and wheels, in install order."""
        by_name = {record.name: record for record in records}
        needs = {name: set(parse_dependency_names(record.depends)) for name, record in by_name.items()}
        needs |= {entry.name: set(entry.depends) for entry in self.pending if entry.kind == "conda"}
        order = sort_by_dependency({name: needed & needs.keys() for name, needed in needs.items()})
        ordered = tuple(by_name[name] for name in order if name in by_name)
        return replace(self, records=ordered, wheels=sort_wheels(wheels))


def select_packages(
    candidates: Candidates, exclude: Iterable[str], requested: Collection[str], features: Mapping[str, str], root: Path
) -> Selection:
    """Apply exclusions to the packages of one platform, and find out what each of the others ships as.

    :param exclude: names of packages to drop.
    :param requested: names that the workspace asks for.
    :param features: for labels, the workspace's feature that asks for it.
    :param root: directory of the lock, where relative paths start.
    """
    excluded, wanted = candidates.find(exclude), candidates.find_requested(requested)
    needs = candidates.needs
    dropped = find_dropped(needs, excluded, wanted) if excluded else set()
    kept = {label: needs[label] - dropped for label in needs if label not in dropped} if dropped else needs
    outcomes = _collect(candidates, kept, root)
    unready = [*outcomes.pending, *outcomes.lost, *outcomes.damaged]
    askers = find_askers(kept, wanted, unready) if unready else {}
    pending, lost = (_name_askers(entries, askers, features) for entries in (outcomes.pending, outcomes.lost))
    order = sort_by_dependency({label: kept[label] for label in kept if not label.startswith(PYPI_PREFIX)})
    return Selection(
        platform=candidates.platform,
        records=tuple(outcomes.records[label] for label in order if label in outcomes.records),
        wheels=sort_wheels(outcomes.wheels.values()),
        pending=pending,
        lost=lost,
        damaged=tuple(outcomes.damaged.values()),
        keys=candidates.keys,
        askers=askers,
        exclusions=tuple(
            replace(one, size_bytes=sum(map(candidates.measure, (one.name, *one.removed))))
            for one in explain_exclusions(needs, excluded, wanted, dropped, candidates.platform.name)
        ),
        requested=frozenset(wanted),
        dropped=frozenset(dropped),
        problems=tuple(candidates.duplicates),
    )


def _collect(candidates: Candidates, labels: Iterable[str], root: Path) -> Outcomes:
    outcomes = Outcomes(root)
    for label in labels:
        if record := candidates.records.get(label):
            outcomes.add_record(record, candidates.keys[label])
        if pypi := candidates.pypi.get(label):
            outcomes.add_pypi(pypi)
        if foreign := candidates.foreign.get(label):
            outcomes.add_foreign(foreign)
    return outcomes


def _name_askers(
    entries: Mapping[str, PendingEntry], askers: Mapping[str, tuple[str, ...]], features: Mapping[str, str]
) -> tuple[PendingEntry, ...]:
    """Return entries with those that ask for them, sorted by label."""
    named = []
    for label, entry in sorted(entries.items()):
        feature = next((features[asker] for asker in askers[label] if asker in features), None)
        named.append(replace(entry, wanted_by=askers[label], feature=feature))
    return tuple(named)


def sort_wheels(wheels: Iterable[Wheel]) -> tuple[Wheel, ...]:
    """Sort wheels so that each comes after those that it needs; ties are sorted by name.

    What an extra needs does not count: extras make large circles of packages that need each other only for tests.
    """
    by_name = {wheel.name: wheel for wheel in wheels}
    needs: Graph = {
        name: {
            required
            for one in wheel.requires_dist
            if (required := parse_requirement_name(one)) in by_name and not has_extra(one)
        }
        for name, wheel in by_name.items()
    }
    return tuple(by_name[name] for name in sort_by_dependency(needs))


def reform_selections(selections: Sequence[Selection]) -> list[Selection]:
    """Give wheels what they require in rattler's form; where it cannot be read, that is a problem."""
    wheels = [wheel for selection in selections for wheel in selection.wheels]
    if not wheels:
        return list(selections)
    from ._pypi_forms import find_forms

    forms = find_forms(wheels)
    return [_reform(selection, forms) for selection in selections]


def _reform(selection: Selection, forms: Mapping[Form, Form]) -> Selection:
    from ._pypi_forms import reform

    wheels, problems = [], [*selection.problems]
    for wheel in selection.wheels:
        try:
            wheels.append(reform(wheel, forms))
        except LockError as error:
            wheels.append(wheel)
            problems.append(_describe_error(error, pypi_label(wheel.name), selection.platform))
    return replace(selection, wheels=tuple(wheels), problems=tuple(problems))


def _describe_error(error: LockError, label: str, platform: Platform) -> Problem:
    return Problem(
        kind=error.kind,
        message=error.message,
        platform=platform.name,
        package=label,
        key=error.key,
        hint=error.hint,
    )


def requested_names(requested: Requested, platform: Platform) -> tuple[str, ...]:
    """Return the names that the workspace asks for on a platform."""
    if requested is None:
        return ()
    if isinstance(requested, Mapping):
        return tuple(requested.get(platform.name, requested.get(platform.subdir, ())))
    return tuple(requested)
