"""The bill of materials in SPDX, as independent programs read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from lib4sbom.parser import SBOMParser
from spdx_tools.spdx.model import Document, RelationshipType
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from cli_samples import Cs, Workspace


@pytest.fixture(autouse=True)
def _time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")


def build(cs: Cs, *words: str) -> Document:
    """Build, check the document, and return it."""
    outcome = cs("build", "--sbom", "spdx", *words)
    assert outcome.status == 0, outcome.err
    document = parse_file("dist/demoz.spdx.json")
    assert [message.validation_message for message in validate_full_spdx_document(document)] == []
    return document


def test_it_describes_the_runtime_and_every_package(workspace: Workspace, template: Path, cs: Cs) -> None:
    document = build(cs)
    packages = {one.name: one for one in document.packages}
    assert sorted(packages) == ["cs-template", "demo", "hello", "libz", "python"]
    cyclonedx = {one["name"]: one for one in json.loads(Path("dist/demoz.cdx.json").read_bytes())["components"]}
    for name in ("hello", "libz", "python"):
        (reference,) = packages[name].external_references
        assert reference.locator == cyclonedx[name]["purl"]
        assert {one.value for one in packages[name].checksums} == {one["content"] for one in cyclonedx[name]["hashes"]}
    names = {one.spdx_id: one.name for one in document.packages}
    depends = [
        (names[one.spdx_element_id], names[str(one.related_spdx_element_id)])
        for one in document.relationships
        if one.relationship_type == RelationshipType.DEPENDS_ON
    ]
    assert sorted(depends) == [("demo", "hello"), ("demo", "python"), ("hello", "python"), ("python", "libz")]


@pytest.mark.parametrize(
    ("text", "declared"),
    [
        ("zlib", "Zlib"),
        ("mit OR apache-2.0 WITH llvm-exception", "MIT OR Apache-2.0 WITH LLVM-exception"),
        ("Own licence, version 1", "LicenseRef-stated-1"),
        ("LicenseRef-Own AND MIT", "LicenseRef-Own AND MIT"),
        ("", "NOASSERTION"),
    ],
)
def test_every_licence_has_a_form(text: str, declared: str, workspace: Workspace, template: Path, cs: Cs) -> None:
    workspace.channel.records[0]["license"] = text
    workspace.write()
    build(cs)
    document: dict[str, Any] = json.loads(Path("dist/demoz.spdx.json").read_bytes())
    package = next(one for one in document["packages"] if one["name"] == "libz")
    assert package["licenseDeclared"] == declared
    extracted = [one["licenseId"] for one in document.get("hasExtractedLicensingInfos", [])]
    assert extracted == [word for word in declared.split() if word.startswith("LicenseRef-")]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves files open
def test_another_reader_finds_every_package(workspace: Workspace, template: Path, cs: Cs) -> None:
    build(cs)
    parser = SBOMParser()
    parser.parse_file("dist/demoz.spdx.json")
    found = {one["name"]: one["version"] for one in parser.get_sbom()["packages"].values()}
    assert found == {"demo": "1.0", "cs-template": "0.1.0", "hello": "1.0", "libz": "1.0", "python": "3.11.7"}


def test_the_only_time_is_that_of_the_variable(
    workspace: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert build(cs).creation_info.created.isoformat() == "1970-01-02T00:00:00"
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    outcome = cs("build", "--sbom", "spdx")
    assert "SPDX requires a time, so the document says 1970" in outcome.err
    assert json.loads(Path("dist/demoz.spdx.json").read_bytes())["creationInfo"]["created"] == "1970-01-01T00:00:00Z"


def test_the_same_build_gives_the_same_bytes(workspace: Workspace, template: Path, cs: Cs) -> None:
    build(cs)
    first = Path("dist/demoz.spdx.json").read_bytes()
    build(cs)
    assert Path("dist/demoz.spdx.json").read_bytes() == first


def test_a_build_without_it_removes_what_an_earlier_one_wrote(workspace: Workspace, template: Path, cs: Cs) -> None:
    build(cs)
    assert cs("build").status == 0
    assert not Path("dist/demoz.spdx.json").exists()


def test_without_the_library_nothing_begins(
    workspace: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    error = json.loads(cs("build", "--sbom", "spdx", "--error-format", "json").err)
    assert error["kind"] == "spdx-missing"
    for tool in ("pip install", "uv tool install", "pipx install --force"):
        assert f'`{tool} "cs-cli[spdx]"`' in error["hint"]
    assert not Path("dist").exists()
