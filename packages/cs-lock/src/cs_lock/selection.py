"""The packages of one platform, and which of them ship."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from .environments import ForeignPackage, Reference, SourceEnvironment
from .errors import LockError, Problem
from .exclusions import Exclusion, explain_exclusions, find_dropped, reach
from .foreign import normalize_pypi_name
from .order import sort_by_dependency
from .pending import PendingEntry
from .platforms import Platform
from .records import PackageRecord, parse_dependency_names
from .source import SourceLock
from .wheels import Wheel

Requested = Iterable[str] | Mapping[str, Iterable[str]] | None
"""Names that the workspace asks for: for every platform, or by platform name or subdir."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What ships on one platform.

    :ivar records: in install order.
    :ivar wheels: in install order, after the records.
    :ivar pending: what needs an archive of this machine, sorted by label.
    :ivar keys: for each record's name, the key path of its entry in the source lock.
    :ivar foreign_by_label: source and PyPI packages that are left.
    :ivar roots: for each of those from PyPI, the requested ones that need it, by label.
    :ivar exclusions: the effect of each excluded name on this platform.
    :ivar dropped: names that do not ship; PyPI packages as ``pypi:NAME``.
    """

    platform: Platform
    records: tuple[PackageRecord, ...]
    keys: Mapping[str, str]
    foreign_by_label: Mapping[str, ForeignPackage]
    roots: Mapping[str, frozenset[str]]
    exclusions: tuple[Exclusion, ...]
    dropped: frozenset[str]
    duplicates: tuple[Problem, ...]
    wheels: tuple[Wheel, ...] = ()
    pending: tuple[PendingEntry, ...] = ()

    @property
    def foreign(self) -> tuple[ForeignPackage, ...]:
        """Source and PyPI packages that are left."""
        return tuple(self.foreign_by_label.values())


class Candidates:
    """Every package that an environment has for one platform, by label.

    A label is the package's name, ``pypi:NAME`` for one from PyPI.
    """

    def __init__(self, source: SourceLock, environment: SourceEnvironment, platform: Platform) -> None:
        self.platform = platform
        self.records: dict[str, PackageRecord] = {}
        self.foreign: dict[str, ForeignPackage] = {}
        self.keys: dict[str, str] = {}
        self.duplicates: list[Problem] = []
        for reference in environment.references[platform.name]:
            self._add(source, reference)
        self.needs = self._connect()

    def _add(self, source: SourceLock, reference: Reference) -> None:
        if reference.kind != "conda":
            self._add_foreign(source.foreign(reference))
            return
        try:
            record = source.archive(reference)
        except LockError as error:
            self._add_foreign(source.foreign(reference, error))
            return
        known = self.records.setdefault(record.name, record)
        if known is record:
            self.keys[record.name] = source.entry_key(reference)
        elif (known.url, known.location) != (record.url, record.location):
            self.duplicates.append(_describe_duplicate(known, record, self.platform.name, reference.key))

    def _add_foreign(self, package: ForeignPackage) -> None:
        self.foreign.setdefault(f"pypi:{package.name}" if package.kind == "pypi" else package.name, package)

    def _connect(self) -> dict[str, set[str]]:
        """Map each label to the labels that it needs and that exist."""
        labels = self.records.keys() | self.foreign.keys()
        needs = {name: set(labels & parse_dependency_names(r.depends)) for name, r in self.records.items()}
        for label, package in self.foreign.items():
            prefix = "pypi:" if package.kind == "pypi" else ""
            needs.setdefault(label, set()).update({prefix + name for name in package.depends} & labels)
        return needs

    def find(self, names: Iterable[str]) -> set[str]:
        """Find the labels of names in ``exclude`` or among the requested names."""
        return {label for name in names for label in labels_of(name) & self.needs.keys()}


def select_packages(candidates: Candidates, exclude: Iterable[str], requested: Collection[str]) -> Selection:
    """Apply exclusions to the packages of one platform.

    :param candidates: the packages.
    :param exclude: names of packages to drop.
    :param requested: names that the workspace asks for.
    :returns: what ships.
    """
    excluded, wanted = candidates.find(exclude), candidates.find(requested)
    needs = candidates.needs
    dropped = find_dropped(needs, excluded, wanted) if excluded else set()
    kept = {label: needs[label] - dropped for label in needs if label not in dropped} if dropped else needs
    order = sort_by_dependency(kept)
    return Selection(
        platform=candidates.platform,
        records=tuple(candidates.records[label] for label in order if label in candidates.records),
        keys=candidates.keys,
        foreign_by_label={label: candidates.foreign[label] for label in order if label in candidates.foreign},
        roots=_find_roots({label: needs for label, needs in kept.items() if label.startswith("pypi:")}, wanted),
        exclusions=tuple(explain_exclusions(needs, excluded, wanted, dropped, candidates.platform.name)),
        dropped=frozenset(dropped),
        duplicates=tuple(candidates.duplicates),
    )


def labels_of(name: str) -> set[str]:
    """Return the labels that a name may stand for: of both kinds, unless it starts with ``conda:`` or ``pypi:``."""
    kind, separator, rest = name.lower().partition(":")
    if separator and kind in ("conda", "pypi"):
        return {rest if kind == "conda" else f"pypi:{normalize_pypi_name(rest)}"}
    return {name.lower(), f"pypi:{normalize_pypi_name(name)}"}


def _find_roots(needs: Mapping[str, Collection[str]], wanted: Collection[str]) -> dict[str, frozenset[str]]:
    """Find for each package the requested ones that need it.

    :param needs: packages of one kind, and what each needs.
    :param wanted: the requested ones; if there are none, those that no other needs.
    """
    needed = {name for label, names in needs.items() for name in names if name != label}
    asked = needs.keys() & wanted or needs.keys() - needed
    roots: dict[str, set[str]] = {label: {label} & asked for label in needs}
    for root in asked:
        for name in reach(needs, [root]):
            if name in roots and name not in asked:
                roots[name].add(root)
    return {label: frozenset(found) for label, found in roots.items()}


def requested_names(requested: Requested, platform: Platform) -> tuple[str, ...]:
    """Return the names that the workspace asks for on a platform."""
    if requested is None:
        return ()
    if isinstance(requested, Mapping):
        return tuple(requested.get(platform.name, requested.get(platform.subdir, ())))
    return tuple(requested)


def _describe_duplicate(known: PackageRecord, other: PackageRecord, platform: str, key: str) -> Problem:
    return Problem(
        kind="duplicate-package",
        message=f"{known.name} appears twice: {known.file_name} and {other.file_name}",
        platform=platform,
        package=known.name,
        key=key,
        hint="an environment has one package of each name: lock the workspace again",
    )
