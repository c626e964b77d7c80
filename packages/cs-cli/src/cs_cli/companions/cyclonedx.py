"""``STEM.cdx.json``: what is in a runtime, as CycloneDX 1.6."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from cs_lock import PackageRecord, Wheel, parse_dependency_name, parse_requirement_name

from .. import __version__
from ..building.plan import BuildPlan
from ..errors import CliError
from ..wheels.origins import Origin
from .files import render_json

_NAMESPACE = uuid.UUID("6f0f4e0e-4d4b-5c39-8b8c-6a2d3f3a5c11")
"""Namespace of the serial numbers, UUIDs of version 5 made from the stamp: the same build gives the same one."""


def render_sbom(
    plan: BuildPlan, identity: str, environ: Mapping[str, str], licenses: Mapping[str, str | None]
) -> bytes:
    """Render the bill of materials.

    :param identity: hex identity of the stamp.
    :param licenses: what the wheels that the build has read state as their licence, by file name.
    :param environ: where ``SOURCE_DATE_EPOCH`` is looked for; without it the document has no time.
    """
    config = plan.derivation.config
    runtime = {
        "type": "application",
        "bom-ref": f"runtime:{config.runtime}@{config.known_version}",
        "name": config.runtime,
        "version": config.known_version,
    }
    metadata: dict[str, Any] = {"component": runtime, "tools": {"components": [_tool()]}}
    if epoch := environ.get("SOURCE_DATE_EPOCH"):
        metadata["timestamp"] = _render_time(epoch)
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(_NAMESPACE, identity).urn,
        "version": 1,
        "metadata": metadata,
        "components": list(_components(plan, licenses)),
        "dependencies": list(_dependencies(plan, runtime["bom-ref"])),
    }
    return render_json(document, indent=None)


def _render_time(epoch: str) -> str:
    try:
        moment = datetime.datetime.fromtimestamp(int(epoch), tz=datetime.UTC)
    except (ValueError, OverflowError, OSError):
        message = "SOURCE_DATE_EPOCH is not a valid Unix timestamp"
        raise CliError(message, kind="source-date-epoch", expected="seconds since 1970", actual=repr(epoch)) from None
    return moment.isoformat().replace("+00:00", "Z")


def _tool() -> dict[str, str]:
    return {"type": "application", "name": "cs-cli", "version": __version__}


def _components(plan: BuildPlan, licenses: Mapping[str, str | None]) -> Iterator[dict[str, Any]]:
    sources = {one.archive.sha256: one.origin for one in plan.derivation.archives}
    for package in plan.packages:
        if isinstance(package, PackageRecord):
            component = _conda_component(package)
        else:
            component = _component(package, wheel_url(package), licenses.get(package.file_name))
        if package.sha256 in sources:
            component["properties"] = list(_describe_source(sources[package.sha256]))
        yield component


def _conda_component(record: PackageRecord) -> dict[str, Any]:
    component = _component(record, package_url(record), record.license)
    if record.md5:
        component["hashes"].append({"alg": "MD5", "content": record.md5})
    return component


def _describe_source(source: Origin) -> Iterator[dict[str, str]]:
    """Yield where a local archive came from, as properties."""
    yield {"name": "cs:source", "value": f"{source.kind}:{source.location}"}
    if source.commit is not None:
        yield {"name": "cs:commit", "value": f"{source.commit}{'-dirty' if source.is_dirty else ''}"}
    if source.backend is not None:
        yield {"name": "cs:build-backend", "value": source.backend}
    for requirement in source.requirements:
        yield {"name": "cs:build-requirement", "value": requirement}


def _component(package: PackageRecord | Wheel, reference: str, license: str | None) -> dict[str, Any]:
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": reference,
        "name": package.name,
        "version": package.version,
        "purl": reference,
        "hashes": [{"alg": "SHA-256", "content": package.sha256}],
    }
    if not package.is_local:
        component["externalReferences"] = [{"type": "distribution", "url": package.url}]
    if license:
        # A name, not an expression: most packages have free text, and a wrong SPDX expression is an invalid document.
        component["licenses"] = [{"license": {"name": license}}]
    return component


def package_url(record: PackageRecord) -> str:
    """Name a package by its purl, of the type ``conda`` (package-url specification)."""
    kind = "conda" if record.file_name.endswith(".conda") else "tar.bz2"
    fields = {"build": record.build, "channel": record.channel, "subdir": record.subdir, "type": kind}
    return _compose_purl("conda", record, fields)


def wheel_url(wheel: Wheel) -> str:
    """Name a wheel by its purl, of the type ``pypi``.

    The index is named unless it is PyPI's own, a repository with its commit if the wheel was built from one and it is
    not on this machine.
    """
    source = wheel.source
    fields = {"file_name": wheel.file_name, "repository_url": source.index}
    if source.origin == "git" and not str(source.url).startswith("file:"):
        fields["vcs_url"] = f"git+{source.url}@{source.commit}"
    return _compose_purl("pypi", wheel, fields)


def _compose_purl(kind: str, package: PackageRecord | Wheel, fields: Mapping[str, str | None]) -> str:
    query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in sorted(fields.items()) if value)
    return f"pkg:{kind}/{quote(package.name, safe='')}@{quote(package.version, safe='')}?{query}"


def _dependencies(plan: BuildPlan, runtime: str) -> Iterator[dict[str, Any]]:
    conda = {record.name: package_url(record) for record in plan.records}
    wheels = {wheel.name: wheel_url(wheel) for wheel in plan.wheels}
    yield {"ref": runtime, "dependsOn": sorted([*conda.values(), *wheels.values()])}
    for record in plan.records:
        yield _depend(conda[record.name], conda, map(parse_dependency_name, record.depends))
    for wheel in plan.wheels:
        yield _depend(wheels[wheel.name], wheels, map(parse_requirement_name, wheel.requires_dist))


def _depend(reference: str, present: Mapping[str, str], needed: Iterable[str | None]) -> dict[str, Any]:
    found = {present[name] for name in needed if name is not None and name in present}
    return {"ref": reference, "dependsOn": sorted(found - {reference})}
