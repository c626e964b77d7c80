"""Every package that an environment has for one platform, and what each needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from ._credentials import redact_url
from ._environments import ForeignPackage, Reference, SourceEnvironment
from ._errors import LockError, Problem
from ._names import labels_of, list_pypi_names, normalize_pypi_name, parse_requirement_name, pypi_label
from ._platforms import Platform
from ._pypi_locations import read_place
from ._pypi_records import PypiRecord
from ._records import PackageRecord, parse_dependency_names
from ._source import SourceLock

PYTHON = "python"


class Candidates:
    """Every package that an environment has for one platform, by label.

    :ivar records: conda packages.
    :ivar pypi: PyPI packages.
    :ivar foreign: source packages, and packages whose entries are damaged.
    :ivar keys: for each label, the key path of its entry in the source lock.
    :ivar needs: for each label, the labels that it needs and that exist.
    """

    def __init__(self, source: SourceLock, environment: SourceEnvironment, platform: Platform) -> None:
        self.platform = platform
        self.records: dict[str, PackageRecord] = {}
        self.pypi: dict[str, PypiRecord] = {}
        self.foreign: dict[str, ForeignPackage] = {}
        self.keys: dict[str, str] = {}
        self.duplicates: list[Problem] = []
        for reference in environment.references[platform.name]:
            self._add(source, reference)
        self._refuse_doubles()
        self.needs = self._connect()

    def find(self, names: Iterable[str]) -> set[str]:
        """Find the labels of the names in ``exclude``."""
        return {label for name in names for label in labels_of(name) & self.needs.keys()}

    def find_requested(self, names: Iterable[str]) -> set[str]:
        """Find the labels of requested names; for a PyPI project, that of the conda package that contains it."""
        labels = set()
        for name in names:
            found = labels_of(name) & self.needs.keys()
            labels |= found or {self._provide(name.rpartition(":")[2])} & self.needs.keys()
        return labels

    def measure(self, label: str) -> int:
        """Return the size of the archive of a label in bytes, 0 if the lock does not have it."""
        record = self.records.get(label)
        return (record.size_bytes or 0) if record is not None else 0

    def _add(self, source: SourceLock, reference: Reference) -> None:
        try:
            if reference.kind == "conda":
                self._add_record(source.archive(reference), source, reference)
            elif reference.kind == "pypi":
                self._add_pypi(source.pypi(reference), reference)
            else:
                package = source.foreign(reference)
                read_place(package.location, package.name, package.key)  # raises what keeps it from being built
                self._add_foreign(package)
        except LockError as error:
            self._add_foreign(source.foreign(reference, error))

    def _add_record(self, record: PackageRecord, source: SourceLock, reference: Reference) -> None:
        known = self.records.setdefault(record.name, record)
        if known is record:
            self.keys[record.name] = source.entry_key(reference)
        elif (known.url, known.location) != (record.url, record.location):
            names = f"{known.file_name} and {record.file_name}"
            self.duplicates.append(_describe_duplicate(record.name, record.name, names, self.platform, reference.key))

    def _add_pypi(self, record: PypiRecord, reference: Reference) -> None:
        label = pypi_label(record.name)
        known = self.pypi.setdefault(label, record)
        if known is record:
            self.keys[label] = record.key
        elif known.location != record.location:
            names = " and ".join(one.file_name or redact_url(one.location) for one in (known, record))
            owner = f"the PyPI package {record.name}"
            self.duplicates.append(_describe_duplicate(label, owner, names, self.platform, reference.key))

    def _add_foreign(self, package: ForeignPackage) -> None:
        self.foreign.setdefault(package.label, package)
        self.keys.setdefault(package.label, package.key)

    def _refuse_doubles(self) -> None:
        for label in self.foreign.keys() & self.records.keys():
            if self.foreign[label].kind == "source":
                names = f"{self.records[label].file_name} and {redact_url(self.foreign[label].location)}"
                key = self.foreign[label].key
                self.duplicates.append(_describe_duplicate(label, label, names, self.platform, key))

    def _connect(self) -> dict[str, set[str]]:
        """Map each label to the labels that it needs and that exist."""
        labels = self.records.keys() | self.foreign.keys()
        needs = {name: set(labels & parse_dependency_names(r.depends)) for name, r in self.records.items()}
        for label, package in self.foreign.items():
            if package.kind != "pypi":
                needs.setdefault(label, set()).update(labels.intersection(package.depends))
        if self.pypi or any(package.kind == "pypi" for package in self.foreign.values()):
            self._connect_pypi(needs)
        return needs

    def _connect_pypi(self, needs: dict[str, set[str]]) -> None:
        """Add the PyPI packages: each needs Python, and what it requires from PyPI, otherwise from conda."""
        required = {label: set(_required(record)) for label, record in self.pypi.items()}
        for label, package in self.foreign.items():
            if package.kind == "pypi":
                required.setdefault(label, set(package.depends))
        for label, names in required.items():
            found = (pypi_label(name) if pypi_label(name) in required else self._provide(name) for name in names)
            needs[label] = {one for one in (*found, PYTHON) if one in needs or one in required}

    def _provide(self, name: str) -> str:
        """Return the label of the conda package that contains a PyPI project, or at least has its name."""
        return self._providers.get(normalize_pypi_name(name), name)

    @cached_property
    def _providers(self) -> dict[str, str]:
        """The labels of conda packages by the names of the PyPI projects that they contain."""
        return {name: label for label, record in self.records.items() for name in list_pypi_names(record.purls)}


def _required(record: PypiRecord) -> Iterator[str]:
    """Yield the names of the projects that a PyPI package requires."""
    for requirement in record.requires_dist:
        if name := parse_requirement_name(requirement):
            yield name


def _describe_duplicate(label: str, owner: str, names: str, platform: Platform, key: str) -> Problem:
    return Problem(
        kind="duplicate-package",
        message=f"{owner} appears twice: {names}",
        platform=platform.name,
        package=label,
        key=key,
        hint="an environment has one package of each name: lock the workspace again",
    )
