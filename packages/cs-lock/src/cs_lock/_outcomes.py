"""What the packages that are left ship as: as they are, as archives that are yet to come, or not at all."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from pathlib import Path

from ._digests import complete_digest, hash_file, is_file
from ._environments import ForeignPackage
from ._exclusions import Graph, reach
from ._locations import find_file, is_local_archive
from ._names import PYPI_PREFIX, parse_requirement_name
from ._pending import PendingEntry, Reason
from ._pypi_locations import Place, read_place
from ._pypi_records import PypiRecord
from ._records import PackageRecord, parse_dependency_name
from ._wheel_names import find_wheel_version
from ._wheels import Wheel

_TREE_REASONS: dict[str, Reason] = {"directory": "directory", "git": "git"}


class Outcomes:
    """A collector of what ships on one platform.

    :ivar records: conda packages that ship as they are, by label.
    :ivar wheels: wheels that ship as they are, by label.
    :ivar pending: what needs an archive of this machine, by label.
    :ivar lost: records and wheels whose files, on this machine, cannot be read, by label.
    :ivar damaged: packages with damaged entries, by label.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.records: dict[str, PackageRecord] = {}
        self.wheels: dict[str, Wheel] = {}
        self.pending: dict[str, PendingEntry] = {}
        self.lost: dict[str, PendingEntry] = {}
        self.damaged: dict[str, ForeignPackage] = {}

    def add_record(self, record: PackageRecord, key: str) -> None:
        """Add a conda package; a local one without a digest has that of its file."""
        record = complete_digest(record, self.directory)
        if record.sha256 or not record.is_local:
            self.records[record.name] = record
            if record.is_local and not is_file(record.find_file(self.directory)):
                self.lost[record.name] = _wait_for_record(record, key, "lost-file")
        else:
            self.pending[record.name] = _wait_for_record(record, key, "missing-file")

    def add_pypi(self, record: PypiRecord) -> None:
        """Add a PyPI package."""
        label = f"{PYPI_PREFIX}{record.name}"
        wheel = make_wheel(record, self.directory)
        if wheel is None:
            self.pending[label] = _wait_for_wheel(record)
        else:
            self.wheels[label] = wheel
            if wheel.is_local and not is_file(wheel.find_file(self.directory)):
                self.lost[label] = replace(_wait_for_wheel(record), reason="lost-file")

    def add_foreign(self, package: ForeignPackage) -> None:
        """Add a source package, or one with a damaged entry."""
        is_incomplete = package.error is not None and package.error.kind == "missing-field"
        is_local = package.kind == "conda" and is_local_archive(package.location)
        if package.error is None or (is_incomplete and is_local):
            self.pending[package.label] = _wait_for_source(package)
        else:
            self.damaged[package.label] = package


def make_wheel(record: PypiRecord, directory: Path) -> Wheel | None:
    """Make the wheel that a PyPI package is; ``None`` if it has none, or none with a digest.

    :param directory: of the lock: a wheel at a path without a digest has that of its file.
    """
    if record.form != "wheel" or record.file_name is None:
        return None
    sha256, size_bytes = record.sha256, None
    if record.origin == "file" and not sha256:
        sha256, size_bytes = hash_file(find_file(record.location.removeprefix("direct+"), directory)) or ("", None)
    if not sha256:
        return None
    return Wheel(
        name=record.name,
        version=record.version or find_wheel_version(record.file_name),
        file_name=record.file_name,
        url=record.url,
        location=record.location.removeprefix("direct+") if record.origin == "file" else None,
        sha256=sha256,
        size_bytes=size_bytes,
        requires_dist=record.requires_dist,
        requires_python=record.requires_python,
        source=record,
    )


def find_askers(needs: Graph, requested: Collection[str], labels: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Find for some labels the requested ones that need them, each itself first if it is one.

    :param requested: labels that the workspace asks for; if there are none, those that no other needs.
    """
    needed_by: dict[str, set[str]] = {label: set() for label in needs}
    for label, dependencies in needs.items():
        for dependency in dependencies:
            needed_by[dependency].add(label)
    asked = needs.keys() & requested or {label for label in needs if not needed_by[label] - {label}}
    found = {label: reach(needed_by, [label]) & asked for label in labels}
    return {label: (*({label} & askers), *sorted(askers - {label})) for label, askers in found.items()}


def _wait_for_record(record: PackageRecord, key: str, reason: Reason) -> PendingEntry:
    """Describe a conda package at a path whose file cannot be read."""
    return PendingEntry(
        label=f"conda:{record.name}",
        kind="conda",
        name=record.name,
        version=record.version,
        reason=reason,
        origin="file",
        form="conda",
        location=record.location or record.url,
        sha256=record.sha256,
        key=key,
        depends=tuple(map(parse_dependency_name, record.depends)),
        license=record.license,
    )


def _wait_for_source(package: ForeignPackage) -> PendingEntry:
    """Describe a source package, or a conda package at a path that the lock does not describe completely."""
    is_source = package.kind == "source"
    place = read_place(package.location, package.name, package.key) if is_source else Place(origin="file", form="tree")
    return PendingEntry(
        label=f"conda:{package.name}",
        kind="conda",
        name=package.name,
        version=package.version,
        reason="source-package" if is_source else "incomplete",
        origin=place.origin,
        form=place.form if is_source else "conda",
        location=package.location,
        url=place.url,
        subdirectory=place.subdirectory,
        commit=place.commit,
        requested_revision=place.requested_revision,
        key=package.key,
        depends=package.depends,
        license=package.license,
    )


def _wait_for_wheel(record: PypiRecord) -> PendingEntry:
    """Describe a PyPI package of which the lock has no wheel, or none with a digest."""
    if record.form == "wheel":
        reason: Reason = "missing-file" if record.origin == "file" else "unpinned"
    else:
        reason = _TREE_REASONS.get(record.origin, "sdist")
    return PendingEntry(
        label=f"{PYPI_PREFIX}{record.name}",
        kind="pypi",
        name=record.name,
        version=record.version,
        reason=reason,
        origin=record.origin,
        form=record.form,
        location=record.location,
        url=record.url,
        sha256=record.sha256,
        subdirectory=record.subdirectory,
        commit=record.commit,
        requested_revision=record.requested_revision,
        requires_python=record.requires_python,
        key=record.key,
        depends=tuple(filter(None, map(parse_requirement_name, record.requires_dist))),
        record=record,
    )
