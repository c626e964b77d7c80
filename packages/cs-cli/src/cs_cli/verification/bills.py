"""Bills of materials: whether they list what is in the runtime."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cs_stamp import PlannedArchive

from ..companions.cyclonedx import SPEC_VERSION
from ..companions.inventory import make_serial_number
from ..errors import CliError
from ..untrusted import parse_object
from .checks import join_names
from .documents import take, take_objects
from .files import StagedFiles, reading
from .runtime import CheckedRuntime

_SPDX_ID = "SPDXRef"

Fact = tuple[str, object, object]
"""A key of a bill, what the runtime has, and what the bill says."""


def check_cyclonedx(files: StagedFiles, name: str, runtime: CheckedRuntime) -> str:
    """Check that a bill of materials is about the runtime, and lists exactly the packages of its plan.

    :raises CliError: ``sbom-damaged`` or ``sbom-mismatch``.
    """
    with reading(files.path(name), "sbom-damaged"):
        bill = parse_object(files.read(name))
        for key, expected, actual in _list_facts(bill, runtime):
            if expected != actual:
                raise _mismatch(files, name, key, str(expected)[:300], str(actual)[:300])
        listed = _list_packages(bill)
    compare_packages(files, name, listed, runtime.report.plan.archives)
    return f"lists the runtime and its {len(listed)} packages"


def _list_facts(bill: Mapping[str, Any], runtime: CheckedRuntime) -> Iterator[Fact]:
    header, report = runtime.report.header, runtime.report
    yield "bomFormat", "CycloneDX", take(bill, str, "bomFormat")
    yield "specVersion", SPEC_VERSION, take(bill, str, "specVersion")
    yield "serialNumber", make_serial_number(report.identity).urn, take(bill, str, "serialNumber")
    subject = take(bill, dict, "metadata", "component")
    yield "metadata.component.name", header.runtime, take(subject, str, "name")
    yield "metadata.component.version", header.runtime_version, take(subject, str, "version")
    if runtime.name in runtime.digests:
        yield "metadata.component.hashes", runtime.digests[runtime.name], _find_hash(subject)
    properties = {take(one, str, "name"): take(one, str, "value") for one in take_objects(subject, "properties")}
    facts: dict[str, str | None] = {"identity": report.identity, "layout": header.layout, "platform": header.platform}
    facts |= {"builder": header.builder, "source-revision": header.source_revision}
    if runtime.mark is not None:
        facts |= {"template": f"{runtime.mark.name} {runtime.mark.version}", "template-target": runtime.mark.target}
    if runtime.template_sha256 is not None:
        facts["template-sha256"] = runtime.template_sha256
    for key, value in facts.items():
        yield f"cs:{key}", value, properties.get(f"cs:{key}")


def _find_hash(component: Mapping[str, Any]) -> str:
    hashes = {take(one, str, "alg"): take(one, str, "content") for one in take_objects(component, "hashes")}
    return take(hashes, str, "SHA-256")


def _list_packages(bill: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return name, version and SHA-256 of each package of a bill."""
    libraries = [one for one in take_objects(bill, "components") if take(one, str, "type") == "library"]
    return [(take(one, str, "name"), take(one, str, "version"), _find_hash(one)) for one in libraries]


def check_spdx(files: StagedFiles, name: str, runtime: CheckedRuntime) -> str:
    """Check the same of a bill of materials in SPDX.

    :raises CliError: ``sbom-damaged`` or ``sbom-mismatch``.
    """
    with reading(files.path(name), "sbom-damaged"):
        bill = parse_object(files.read(name))
        packages = {take(one, str, "SPDXID"): one for one in take_objects(bill, "packages")}
        subject = packages.pop(f"{_SPDX_ID}-runtime", {})
        packages.pop(f"{_SPDX_ID}-template", None)
        for key, expected, actual in _list_spdx_facts(bill, subject, runtime):
            if expected != actual:
                raise _mismatch(files, name, key, str(expected)[:300], str(actual)[:300])
        listed = [
            (take(one, str, "name"), take(one, str, "versionInfo"), _find_checksum(one)) for one in packages.values()
        ]
    compare_packages(files, name, listed, runtime.report.plan.archives)
    return f"lists the runtime and its {len(listed)} packages"


def _list_spdx_facts(bill: Mapping[str, Any], subject: Mapping[str, Any], runtime: CheckedRuntime) -> Iterator[Fact]:
    header = runtime.report.header
    serial = take(bill, str, "documentNamespace")[-36:]
    yield "spdxVersion", "SPDX-2.3", take(bill, str, "spdxVersion")
    yield "documentNamespace", str(make_serial_number(runtime.report.identity)), serial
    yield "packages.runtime.name", header.runtime, take(subject, str, "name")
    yield "packages.runtime.versionInfo", header.runtime_version, take(subject, str, "versionInfo")
    if runtime.name in runtime.digests:
        yield "packages.runtime.checksums", runtime.digests[runtime.name], _find_checksum(subject)


def _find_checksum(package: Mapping[str, Any]) -> str:
    listed = take_objects(package, "checksums")
    checksums = {take(one, str, "algorithm"): take(one, str, "checksumValue") for one in listed}
    return take(checksums, str, "SHA256")


def compare_packages(
    files: StagedFiles, name: str, listed: list[tuple[str, str, str]], archives: tuple[PlannedArchive, ...]
) -> None:
    """Compare the packages of a bill with those of the plan.

    :param listed: name, version and SHA-256 of each.
    :raises CliError: ``sbom-mismatch``.
    """
    planned = [(one.name, one.version, one.sha256) for one in archives]
    if sorted(listed) != sorted(planned):
        missing, extra = _name(set(planned) - set(listed)), _name(set(listed) - set(planned))
        raise _mismatch(files, name, "components", missing or "each package once", extra or "others")


def _name(packages: set[tuple[str, str, str]]) -> str:
    return join_names(sorted({f"{name} {version}" for name, version, _ in packages}))


def _mismatch(files: StagedFiles, name: str, key: str, expected: str, actual: str) -> CliError:
    message, path = "it does not match the runtime", files.path(name)
    return CliError(
        message, kind="sbom-mismatch", path=path, key=key, expected=expected, actual=actual, hint="build it again"
    )
