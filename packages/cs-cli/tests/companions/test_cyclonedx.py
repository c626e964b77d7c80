"""The bill of materials in CycloneDX, as independent programs read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.model.bom import Bom
from cyclonedx.schema import OutputFormat, SchemaVersion
from cyclonedx.validation import make_schemabased_validator
from lib4sbom.parser import SBOMParser

from cli_samples import Cs, Workspace
from cs_bundle import hash_file

STEM = "demoz"
NAMES = ["hello", "libz", "python"]


def validate(text: str) -> None:
    """Check a document with the official schema."""
    assert make_schemabased_validator(OutputFormat.JSON, SchemaVersion.V1_7).validate_str(text) is None


def build(cs: Cs, *words: str) -> dict[str, Any]:
    """Build, check the document, and return it."""
    outcome = cs("build", *words)
    assert outcome.status == 0, outcome.err
    text = next(Path("dist").glob("*.cdx.json")).read_text(encoding="utf-8")
    validate(text)
    document: dict[str, Any] = json.loads(text)
    return document


@pytest.fixture
def document(workspace: Workspace, template: Path, cs: Cs) -> dict[str, Any]:
    """Return the document of a build."""
    return build(cs)


def components_of(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in document["components"] if one["type"] == "library"}


def needs_of(document: dict[str, Any]) -> dict[str, list[str]]:
    """Return the graph by names."""
    names = {one["bom-ref"]: one["name"] for one in document["components"]}
    names[document["metadata"]["component"]["bom-ref"]] = "RUNTIME"
    return {names[one["ref"]]: [names[other] for other in one.get("dependsOn", [])] for one in document["dependencies"]}


def properties_of(component: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["name"], one["value"]) for one in component["properties"]]


def test_every_package_is_a_component_with_its_digests(document: dict[str, Any], workspace: Workspace) -> None:
    components = components_of(document)
    assert sorted(components) == NAMES
    record = next(record for record in workspace.channel.records if "python-" in record["conda"])
    assert {one["alg"]: one["content"] for one in components["python"]["hashes"]} == {
        "SHA-256": record["sha256"],
        "MD5": record["md5"],
    }


def test_the_runtime_is_the_subject_and_says_what_it_is(document: dict[str, Any], template: Path) -> None:
    subject, info = document["metadata"]["component"], json.loads(Path("dist/demoz.info.json").read_bytes())
    assert (subject["type"], subject["name"], subject["version"]) == ("application", "demo", "1.0")
    assert subject["hashes"] == [{"alg": "SHA-256", "content": hash_file(Path("dist/demoz"))}]
    assert "purl" not in subject
    properties = dict(properties_of(subject))
    assert properties["cs:identity"] == info["identity"]
    assert (properties["cs:layout"], properties["cs:platform"]) == ("embedded", "linux-64")
    assert (properties["cs:template"], properties["cs:template-target"]) == ("cs-template 0.1.0", "linux-64")
    assert properties["cs:template-sha256"] == info["inputs"]["template"]["sha256"]


def test_the_subject_depends_on_what_the_workspace_asks_for(document: dict[str, Any]) -> None:
    needs = needs_of(document)
    assert needs["RUNTIME"] == ["hello", "python", "cs-template"]
    assert (needs["hello"], needs["python"], needs["libz"]) == (["python"], ["libz"], [])


def test_references_are_unique_and_every_one_has_a_target(document: dict[str, Any]) -> None:
    references = [component["bom-ref"] for component in document["components"]]
    references.append(document["metadata"]["component"]["bom-ref"])
    assert len(set(references)) == len(references)
    assert sorted(one["ref"] for one in document["dependencies"]) == sorted(references)
    targets = {target for one in document["dependencies"] for target in one.get("dependsOn", [])}
    parts = {
        part for one in document["compositions"] for key in ("assemblies", "dependencies") for part in one.get(key, [])
    }
    assert targets | parts <= set(references)


def test_it_says_what_is_complete_and_what_is_not(workspace: Workspace, template: Path, cs: Cs) -> None:
    document = build(cs, "--exclude", "libz")
    names = {one["bom-ref"]: one["name"] for one in (*document["components"], document["metadata"]["component"])}
    stated = [
        (one["aggregate"], key, sorted(names[part] for part in one[key]))
        for one in document["compositions"]
        for key in ("assemblies", "dependencies")
        if key in one
    ]
    assert stated == [
        ("complete", "assemblies", ["demo"]),
        ("incomplete", "assemblies", ["cs-template"]),
        ("unknown", "assemblies", ["hello", "python"]),
        ("complete", "dependencies", ["demo", "hello"]),
        ("incomplete", "dependencies", ["python"]),
    ]
    assert ("cs:excluded", "libz") in properties_of(document["metadata"]["component"])


@pytest.mark.parametrize(
    ("text", "licenses"),
    [
        ("zlib", [{"expression": "Zlib", "acknowledgement": "declared"}]),
        ("mit OR apache-2.0", [{"expression": "MIT OR Apache-2.0", "acknowledgement": "declared"}]),
        ("Own licence", [{"license": {"name": "Own licence", "acknowledgement": "declared"}}]),
        ("", None),
    ],
)
def test_a_licence_is_an_expression_if_it_is_one(
    text: str, licenses: list[Any] | None, workspace: Workspace, template: Path, cs: Cs
) -> None:
    workspace.channel.records[0]["license"] = text
    workspace.write()
    assert components_of(build(cs))["libz"].get("licenses") == licenses


def test_the_serial_number_follows_from_the_stamp(document: dict[str, Any], cs: Cs) -> None:
    first = document["serialNumber"]
    assert first.startswith("urn:uuid:")
    assert build(cs)["serialNumber"] == first
    assert build(cs, "--runtime-version", "2.0")["serialNumber"] != first


@pytest.mark.parametrize(("epoch", "time"), [(None, None), ("0", "1970-01-01T00:00:00Z")])
def test_the_only_time_is_that_of_the_variable(
    epoch: str | None, time: str | None, workspace: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    if epoch is not None:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", epoch)
    assert build(cs)["metadata"].get("timestamp") == time


def test_the_library_of_the_format_reads_the_same(document: dict[str, Any]) -> None:
    bom = Bom.from_json(document)  # type: ignore[attr-defined]
    assert bom.metadata.component.name == "demo"
    assert sorted(one.name for one in bom.components) == ["cs-template", *NAMES]
    assert {str(one.purl) for one in bom.components if one.purl} == {
        one["purl"] for one in components_of(document).values()
    }
    assert len(bom.dependencies) == 5


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves files open
def test_another_reader_finds_every_package(document: dict[str, Any]) -> None:
    parser = SBOMParser()
    parser.parse_file("dist/demoz.cdx.json")
    found = {one["name"]: one for one in parser.get_sbom()["packages"].values()}
    assert {name: found[name]["version"] for name in NAMES} == {"hello": "1.0", "libz": "1.0", "python": "3.11.7"}
    assert found["libz"]["licensedeclared"] == "Zlib"


def test_a_local_archive_names_no_place_of_this_machine(document: dict[str, Any], tmp_path: Path) -> None:
    assert all("externalReferences" not in one for one in document["components"])
    assert str(tmp_path) not in json.dumps(document)
