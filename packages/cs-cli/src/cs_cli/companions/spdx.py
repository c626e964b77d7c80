"""``STEM.spdx.json``: what is in a runtime, as SPDX 2.3; ``spdx-tools`` writes it."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .. import DOCUMENTATION
from ..errors import CliError, name_installs
from ..licenses.stated import StatedLicense
from ..terminal.console import Console
from .files import render_json
from .inventory import Component, Inventory, Properties

if TYPE_CHECKING:
    from spdx_tools.spdx.model import Document, Package, Relationship

MISSING_TIME = datetime.datetime.fromtimestamp(0, tz=datetime.UTC)
"""What the document says without ``SOURCE_DATE_EPOCH``: SPDX has no document without a time."""

_DOCUMENT, _RUNTIME, _TEMPLATE = "SPDXRef-DOCUMENT", "SPDXRef-runtime", "SPDXRef-template"
_NAMESPACE = f"{DOCUMENTATION}spdx"


def require_spdx(environ: Mapping[str, str], console: Console) -> None:
    """Check that SPDX can be written, before a build begins; warn if there is no time for it.

    :raises CliError: ``spdx-missing`` if ``spdx-tools`` is not installed.
    """
    from importlib.util import find_spec

    if find_spec("spdx_tools") is None:
        message = "writing SPDX needs spdx-tools, which is not installed"
        raise CliError(message, kind="spdx-missing", key="sbom", hint=f"run {name_installs('cs-cli[spdx]')}")
    if not environ.get("SOURCE_DATE_EPOCH"):
        console.warn(
            "SPDX requires a time, so the document says 1970: set SOURCE_DATE_EPOCH, for example to that of the commit"
        )


def render_spdx(inventory: Inventory) -> bytes:
    """Render the bill of materials.

    Not validated here: that takes 2 s for 1,000 packages. The tests validate it.
    """
    from spdx_tools.spdx.jsonschema.document_converter import DocumentConverter

    converted: dict[str, Any] = DocumentConverter().convert(_compose(inventory))
    return render_json(converted, indent=None)


def _compose(inventory: Inventory) -> Document:
    from spdx_tools.spdx.model import Actor, ActorType, CreationInfo, Document

    names = {one.purl: f"SPDXRef-package-{number}" for number, one in enumerate(inventory.components, start=1)}
    unlisted = _number_unlisted(inventory)
    created = (inventory.created or MISSING_TIME).replace(tzinfo=None)
    return Document(
        creation_info=CreationInfo(
            spdx_version="SPDX-2.3",
            spdx_id=_DOCUMENT,
            name=inventory.stem,
            document_namespace=f"{_NAMESPACE}/{inventory.stem}-{inventory.serial_number}",
            creators=[Actor(ActorType.TOOL, f"cs-cli-{inventory.builder_version}")],
            created=created,
        ),
        packages=[
            _describe_runtime(inventory),
            _describe_template(inventory),
            *(_describe_component(one, names[one.purl], unlisted) for one in inventory.components),
        ],
        relationships=list(_relate(inventory, names)),
        extracted_licensing_info=list(_extract(unlisted)),
    )


def _number_unlisted(inventory: Inventory) -> dict[str, str]:
    """Map the licences that are not SPDX expressions, and those of ``LicenseRef-``, to references of the document."""
    texts = sorted({one.license.text for one in inventory.components if one.license and one.license.expression is None})
    numbered = {text: f"LicenseRef-stated-{number}" for number, text in enumerate(texts, start=1)}
    expressions = (one.license.expression or "" for one in inventory.components if one.license)
    own = {name for text in expressions for name in re.findall(r"LicenseRef-[A-Za-z0-9.-]+", text)}
    return {**numbered, **{name: name for name in sorted(own)}}


def _extract(unlisted: dict[str, str]) -> Iterator[Any]:
    from spdx_tools.spdx.model import ExtractedLicensingInfo

    for text, reference in unlisted.items():
        yield ExtractedLicensingInfo(
            license_id=reference, extracted_text=f"The package states its licence as: {text}", license_name=text
        )


def _describe_runtime(inventory: Inventory) -> Package:
    described = _describe_application(_RUNTIME, inventory.name, inventory.version, inventory.runtime_sha256)
    described.comment = _describe_properties(inventory.properties)
    return described


def _describe_template(inventory: Inventory) -> Package:
    name, version, sha256 = inventory.template_name, inventory.template_version, inventory.template_sha256
    return _describe_application(_TEMPLATE, name, version, sha256)


def _describe_application(spdx_id: str, name: str, version: str, sha256: str) -> Package:
    from spdx_tools.spdx.model import Checksum, ChecksumAlgorithm, Package, PackagePurpose, SpdxNoAssertion

    return Package(
        spdx_id=spdx_id,
        name=name,
        version=version,
        download_location=SpdxNoAssertion(),
        files_analyzed=False,
        checksums=[Checksum(ChecksumAlgorithm.SHA256, sha256)],
        primary_package_purpose=PackagePurpose.APPLICATION,
    )


def _describe_properties(properties: Properties) -> str:
    return "\n".join(f"{name}: {value}" for name, value in properties)


def _describe_component(component: Component, spdx_id: str, unlisted: dict[str, str]) -> Package:
    from spdx_tools.spdx.model import (
        Checksum,
        ChecksumAlgorithm,
        ExternalPackageRef,
        ExternalPackageRefCategory,
        Package,
        SpdxNoAssertion,
    )

    return Package(
        spdx_id=spdx_id,
        name=component.name,
        version=component.version,
        file_name=component.file_name,
        download_location=component.url or SpdxNoAssertion(),
        files_analyzed=False,
        checksums=[
            Checksum(ChecksumAlgorithm[name.replace("-", "")], digest) for name, digest in component.hashes.items()
        ],
        license_declared=_declare(component.license, unlisted),
        external_references=[ExternalPackageRef(ExternalPackageRefCategory.PACKAGE_MANAGER, "purl", component.purl)],
        comment=_describe_properties(component.properties),
    )


def _declare(license: StatedLicense | None, unlisted: dict[str, str]) -> Any:
    """Return the licence as an expression without a list of licences: it was checked when it was read."""
    from license_expression import Licensing
    from spdx_tools.spdx.model import SpdxNoAssertion

    if license is None:
        return SpdxNoAssertion()
    return Licensing().parse(license.expression or unlisted[license.text])


def _relate(inventory: Inventory, names: dict[str, str]) -> Iterator[Relationship]:
    from spdx_tools.spdx.model import Relationship, RelationshipType

    yield Relationship(_DOCUMENT, RelationshipType.DESCRIBES, _RUNTIME)
    yield Relationship(_RUNTIME, RelationshipType.CONTAINS, _TEMPLATE)
    for component in inventory.components:
        yield Relationship(_RUNTIME, RelationshipType.CONTAINS, names[component.purl])
    for root in inventory.roots:
        yield Relationship(_RUNTIME, RelationshipType.DEPENDS_ON, names[root])
    for component in inventory.components:
        for need in component.needs:
            yield Relationship(names[component.purl], RelationshipType.DEPENDS_ON, names[need])
