"""``STEM.cdx.json``: what is in a runtime, as CycloneDX 1.7.

The document is written here and not by ``cyclonedx-python-lib``: its model has no compositions, so it could not say
what is complete. The tests read and validate the document with that library, and with others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..times import render_time
from .files import render_json
from .inventory import Component, Inventory, Properties

SPEC_VERSION = "1.7"

Values = dict[str, Any]


def render_cyclonedx(inventory: Inventory) -> bytes:
    """Render the bill of materials."""
    runtime, template = _runtime_reference(inventory), _template_reference(inventory)
    metadata: Values = {
        "lifecycles": [{"phase": "build"}],
        "tools": {"components": [_describe_tool(inventory)]},
        "component": _describe_runtime(inventory),
    }
    if inventory.created is not None:
        metadata["timestamp"] = render_time(inventory.created.timestamp())
    document = {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC_VERSION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "serialNumber": inventory.serial_number.urn,
        "version": 1,
        "metadata": metadata,
        "components": [_describe_template(inventory), *map(_describe_component, inventory.components)],
        "dependencies": [
            {"ref": runtime, "dependsOn": sorted([template, *inventory.roots])},
            {"ref": template},
            *({"ref": one.purl, "dependsOn": list(one.needs)} for one in inventory.components),
        ],
        "compositions": list(_list_compositions(inventory)),
    }
    return render_json(document, indent=None)


def _runtime_reference(inventory: Inventory) -> str:
    return f"runtime:{inventory.name}@{inventory.version}"


def _template_reference(inventory: Inventory) -> str:
    return f"template:{inventory.template_name}@{inventory.template_version}"


def _describe_runtime(inventory: Inventory) -> Values:
    """Describe the subject, without a package URL: no registry has it, and one of type ``generic`` names nothing."""
    reference, sha256 = _runtime_reference(inventory), inventory.runtime_sha256
    described = _describe_application(inventory.name, inventory.version, reference, sha256)
    return {**described, "properties": _describe_properties(inventory.properties)}


def _describe_template(inventory: Inventory) -> Values:
    reference, sha256 = _template_reference(inventory), inventory.template_sha256
    return _describe_application(inventory.template_name, inventory.template_version, reference, sha256)


def _describe_application(name: str, version: str, reference: str, sha256: str) -> Values:
    hashes = [{"alg": "SHA-256", "content": sha256}]
    return {"type": "application", "bom-ref": reference, "name": name, "version": version, "hashes": hashes}


def _describe_tool(inventory: Inventory) -> Values:
    return {"type": "application", "name": "cs-cli", "version": inventory.builder_version}


def _describe_component(component: Component) -> Values:
    described: Values = {
        "type": "library",
        "bom-ref": component.purl,
        "name": component.name,
        "version": component.version,
        "purl": component.purl,
        "hashes": [{"alg": name, "content": digest} for name, digest in component.hashes.items()],
        "properties": _describe_properties(component.properties),
    }
    if component.url is not None:
        described["externalReferences"] = [{"type": "distribution", "url": component.url}]
    if (license := component.license) is not None:
        how = {"acknowledgement": "declared"}
        if license.expression is not None:
            described["licenses"] = [{"expression": license.expression, **how}]
        else:
            described["licenses"] = [{"license": {"name": license.text, **how}}]
    return described


def _describe_properties(properties: Properties) -> list[Values]:
    return [{"name": name, "value": value} for name, value in properties]


def _list_compositions(inventory: Inventory) -> Iterator[Values]:
    """Yield what is known completely, and what is not."""
    runtime, template = _runtime_reference(inventory), _template_reference(inventory)
    # The template and every package; not what these contain in their turn.
    yield {"aggregate": "complete", "assemblies": [runtime]}
    yield {"aggregate": "incomplete", "assemblies": [template]}
    yield {"aggregate": "unknown", "assemblies": [one.purl for one in inventory.components]}
    complete = [one.purl for one in inventory.components if one.is_complete]
    yield {"aggregate": "complete", "dependencies": [runtime, *complete]}
    if broken := [one.purl for one in inventory.components if not one.is_complete]:
        yield {"aggregate": "incomplete", "dependencies": broken}
