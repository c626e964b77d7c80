"""``STEM.cdx.json``: what is in a runtime, as CycloneDX 1.6."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from cs_lock import PackageRecord, parse_dependency_name

from .. import __version__
from ..errors import CliError
from .companions import render_json
from .plan import BuildPlan

_NAMESPACE = uuid.UUID("6f0f4e0e-4d4b-5c39-8b8c-6a2d3f3a5c11")
"""Namespace of the serial numbers, UUIDs of version 5 made from the stamp: the same build gives the same one."""


def render_sbom(plan: BuildPlan, identity: str, environ: Mapping[str, str]) -> bytes:
    """Render the bill of materials.

    :param identity: hex identity of the stamp.
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
    references = {record.name: package_url(record) for record in plan.records}
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(_NAMESPACE, identity).urn,
        "version": 1,
        "metadata": metadata,
        "components": [_component(record, references[record.name]) for record in plan.records],
        "dependencies": _dependencies(plan, references, runtime["bom-ref"]),
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


def _component(record: PackageRecord, reference: str) -> dict[str, Any]:
    hashes = [{"alg": "SHA-256", "content": record.sha256}]
    if record.md5:
        hashes.append({"alg": "MD5", "content": record.md5})
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": reference,
        "name": record.name,
        "version": record.version,
        "purl": reference,
        "hashes": hashes,
    }
    if not record.is_local:
        component["externalReferences"] = [{"type": "distribution", "url": record.url}]
    if record.license:
        # A name, not an expression: conda records have free text, and a wrong SPDX expression is an invalid document.
        component["licenses"] = [{"license": {"name": record.license}}]
    return component


def package_url(record: PackageRecord) -> str:
    """Name a package by its purl, of the type ``conda`` (package-url specification)."""
    kind = "conda" if record.file_name.endswith(".conda") else "tar.bz2"
    fields = {"build": record.build, "channel": record.channel, "subdir": record.subdir, "type": kind}
    query = "&".join(f"{name}={quote(str(value), safe='')}" for name, value in fields.items() if value)
    return f"pkg:conda/{quote(record.name, safe='')}@{quote(record.version, safe='')}?{query}"


def _dependencies(plan: BuildPlan, references: Mapping[str, str], runtime: str) -> list[dict[str, Any]]:
    graph = [{"ref": runtime, "dependsOn": sorted(references.values())}]
    for record in plan.records:
        needed = {parse_dependency_name(spec) for spec in record.depends}
        depends = sorted(references[name] for name in needed if name in references)
        graph.append({"ref": references[record.name], "dependsOn": depends})
    return graph
