"""What is in a runtime, for bills of materials of every format."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cs_lock import PackageRecord, Wheel

from .. import __version__
from ..errors import CliError
from ..licenses.checks import WheelLicenses
from ..licenses.stated import StatedLicense, read_license
from ..project.revision import name_revision
from .dependencies import DependencyGraph, Package, connect_packages, key_of
from .files import StagedFile
from .purls import name_record, name_wheel

if TYPE_CHECKING:
    from cs_stamp import Mark, StampInfo

    from ..building.plan import BuildPlan
    from ..wheels.origins import Origin

Properties = tuple[tuple[str, str], ...]

_NAMESPACE = uuid.UUID("6f0f4e0e-4d4b-5c39-8b8c-6a2d3f3a5c11")
"""Namespace of the serial numbers, UUIDs of version 5 made from the stamp: the same build gives the same one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A package of a runtime.

    :ivar purl: its package URL, which no other package has.
    :ivar url: of the archive; ``None`` for one that comes with the runtime.
    :ivar hashes: digests of the archive in hex, by the name of the algorithm.
    :ivar needs: package URLs of what it needs, sorted.
    :ivar is_complete: whether everything that it needs ships.
    """

    purl: str
    name: str
    version: str
    file_name: str
    url: str | None
    license: StatedLicense | None
    hashes: Mapping[str, str]
    properties: Properties
    needs: tuple[str, ...]
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """A runtime and everything in it.

    :ivar stem: first part of the names of its files.
    :ivar serial_number: made from the stamp's identity.
    :ivar runtime_sha256: of the staged executable.
    :ivar created: time of ``SOURCE_DATE_EPOCH``, if it is set.
    :ivar template_sha256: of the template's file, as far as the runtime has it.
    :ivar properties: of the runtime, in which names may repeat.
    :ivar roots: package URLs of what the workspace asks for, sorted.
    """

    stem: str
    name: str
    version: str
    serial_number: uuid.UUID
    runtime_sha256: str
    created: datetime.datetime | None
    builder_version: str
    template_name: str
    template_version: str
    template_sha256: str
    properties: Properties
    components: tuple[Component, ...]
    roots: tuple[str, ...]


def take_inventory(
    plan: BuildPlan,
    mark: Mark,
    stamp: StampInfo,
    runtime: StagedFile,
    licenses: WheelLicenses,
    environ: Mapping[str, str],
) -> Inventory:
    """Take the inventory of a runtime that was just written.

    :param mark: of the template.
    :param runtime: the staged executable.
    :param licenses: of the wheels that the build has read.
    :param environ: where ``SOURCE_DATE_EPOCH`` is looked for; without it there is no time.
    :raises CliError: ``source-date-epoch``.
    """
    config, requested = plan.derivation.config, plan.derivation.requested
    asked = [spec for spec in requested if spec.holds_for(plan.platform)]
    graph = connect_packages(plan.records, plan.wheels, asked, plan.subdir)
    names = {key_of(package): _name(package) for package in plan.packages}
    return Inventory(
        stem=plan.stem,
        name=config.runtime,
        version=config.known_version,
        serial_number=make_serial_number(stamp.identity),
        runtime_sha256=runtime.sha256,
        created=read_epoch(environ),
        builder_version=__version__,
        template_name=mark.name,
        template_version=mark.version,
        template_sha256=stamp.template_sha256,
        properties=tuple(_describe_runtime(plan, mark, stamp)),
        components=tuple(_list_components(plan, graph, names, licenses)),
        roots=tuple(sorted(names[key] for key in graph.roots)),
    )


def make_serial_number(identity: str) -> uuid.UUID:
    """Make the serial number of the bills of a stamp.

    :param identity: hex identity of the stamp.
    """
    return uuid.uuid5(_NAMESPACE, identity)


def read_epoch(environ: Mapping[str, str]) -> datetime.datetime | None:
    """Read ``SOURCE_DATE_EPOCH``.

    :raises CliError: ``source-date-epoch`` if it is not a time.
    """
    if not (epoch := environ.get("SOURCE_DATE_EPOCH")):
        return None
    try:
        return datetime.datetime.fromtimestamp(int(epoch), tz=datetime.UTC)
    except (ValueError, OverflowError, OSError):
        message = "SOURCE_DATE_EPOCH is not a valid Unix timestamp"
        raise CliError(message, kind="source-date-epoch", expected="seconds since 1970", actual=repr(epoch)) from None


def _describe_runtime(plan: BuildPlan, mark: Mark, stamp: StampInfo) -> Iterator[tuple[str, str]]:
    yield "cs:identity", stamp.identity
    yield "cs:layout", plan.derivation.config.layout
    yield "cs:platform", plan.subdir
    yield "cs:lock-platform", plan.platform
    yield "cs:builder", f"cs-cli {__version__}"
    yield "cs:template", f"{mark.name} {mark.version}"
    yield "cs:template-target", mark.target
    yield "cs:template-sha256", stamp.template_sha256
    if plan.source_revision is not None:
        yield "cs:source-revision", plan.source_revision
    for exclusion in plan.derivation.lock.exclusions:
        if exclusion.platform == plan.platform:
            yield from (("cs:excluded", name) for name in (exclusion.name, *exclusion.removed))


def _list_components(
    plan: BuildPlan, graph: DependencyGraph, names: Mapping[str, str], licenses: WheelLicenses
) -> Iterator[Component]:
    sources = {one.archive.sha256: one.origin for one in plan.derivation.archives}
    for package in plan.packages:
        key = key_of(package)
        yield Component(
            purl=names[key],
            name=package.name,
            version=package.version,
            file_name=package.file_name,
            url=None if package.is_local else package.url,
            license=_find_license(package, licenses),
            hashes=_list_hashes(package),
            properties=tuple(_describe_package(package, sources.get(package.sha256))),
            needs=tuple(sorted(names[other] for other in graph.needs[key])),
            is_complete=key not in graph.broken,
        )


def _name(package: Package) -> str:
    return name_record(package) if isinstance(package, PackageRecord) else name_wheel(package)


def _find_license(package: Package, licenses: WheelLicenses) -> StatedLicense | None:
    return read_license(licenses.get(package.file_name) if isinstance(package, Wheel) else package.license)


def _list_hashes(package: Package) -> dict[str, str]:
    hashes = {"SHA-256": package.sha256}
    if isinstance(package, PackageRecord) and package.md5:
        hashes["MD5"] = package.md5
    return hashes


def _describe_package(package: Package, source: Origin | None) -> Iterable[tuple[str, str]]:
    """Yield the file, the projects of PyPI that a conda package contains, and where a local archive came from."""
    yield "cs:file-name", package.file_name
    if isinstance(package, PackageRecord):
        yield from (("cs:contains", purl) for purl in package.purls or ())
    if source is None:
        return
    yield "cs:source", f"{source.kind}:{source.location}"
    if source.commit is not None:
        yield "cs:commit", name_revision(source.commit, is_dirty=source.is_dirty)
    if source.backend is not None:
        yield "cs:build-backend", source.backend
    yield from (("cs:build-requirement", requirement) for requirement in source.requirements)
