"""The provenance: what it says, whether others can read it, and that it says nothing of this machine."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import Parse
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage
from repositories import git
from sigstore.dsse import HashAlgorithm
from sigstore.dsse import Statement as SigstoreStatement
from sigstore.hashes import Hashed

from cli_samples import Channel, Cs, Workspace, build_options
from cs_bundle import hash_file
from cs_cli import __version__
from cs_cli.building.preparation import prepared_build
from cs_cli.companions.files import StagedFile
from cs_cli.companions.provenance import (
    BUILD_TYPE,
    open_provenance,
    read_statement,
    render_statement,
)
from cs_cli.signing.envelope import PAYLOAD_TYPE
from cs_cli.untrusted import DOCUMENT_LIMIT_BYTES
from cs_manifest import CONFIG_KEYS
from cs_stamp import read_stamp

Document = dict[str, Any]


def read_provenance(folder: Path = Path("dist"), stem: str = "demoz") -> Document:
    document: Document = json.loads((folder / f"{stem}.provenance.json").read_bytes())
    return document


def parameters(document: Document) -> Document:
    found: Document = document["predicate"]["buildDefinition"]["externalParameters"]
    return found


def dependencies(document: Document, role: str | None) -> list[Document]:
    """Return the dependencies with a role; those without one are packages of a channel or an index."""
    listed = document["predicate"]["buildDefinition"]["resolvedDependencies"]
    return [one for one in listed if one.get("annotations", {}).get("role") == role]


def build(cs: Cs, *flags: str) -> Document:
    outcome = cs("build", *flags)
    assert outcome.status == 0, outcome.err
    return read_provenance()


@pytest.fixture
def document(workspace: Workspace, template: Path, cs: Cs) -> Document:
    """Return the provenance of a build of an embedded runtime."""
    return build(cs)


def test_every_staged_file_but_itself_and_the_checksums_is_a_subject(document: Document) -> None:
    staged = {path.name: hash_file(path) for path in Path("dist").iterdir()}
    del staged["demoz.provenance.json"], staged["demoz.sha256"]
    assert {one["name"]: one["digest"]["sha256"] for one in document["subject"]} == staged
    assert {"demoz", "demoz.info.json", "demoz.cdx.json"} <= staged.keys()
    assert f"{hash_file(Path('dist/demoz.provenance.json'))}  demoz.provenance.json" in Path(
        "dist/demoz.sha256"
    ).read_text().split("\n")


def test_the_libraries_of_in_toto_and_sigstore_read_it(document: Document) -> None:
    data = Path("dist/demoz.provenance.json").read_bytes()
    statement = Statement.copy_from_pb(Parse(data, StatementMessage()))
    statement.validate()
    assert statement.pb.predicate_type == "https://slsa.dev/provenance/v1"
    predicate = Parse(json.dumps(document["predicate"]), Provenance())
    for one in predicate.build_definition.resolved_dependencies:
        ResourceDescriptor.copy_from_pb(one).validate()
    # What SLSA requires for level 1.
    assert predicate.build_definition.build_type == BUILD_TYPE
    assert predicate.build_definition.HasField("external_parameters")
    assert predicate.run_details.builder.id
    runtime = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(hash_file(Path("dist/demoz"))))
    assert SigstoreStatement(data)._matches_digest(runtime)


def test_the_inputs_are_named_with_their_digests(workspace: Workspace, template: Path, cs: Cs, tmp_path: Path) -> None:
    Path("rc.yml").write_text("channels: []\n")
    (tmp_path / "pins.txt").write_text("hatchling==1\n")
    document = build(cs, "--condarc-file", "rc.yml", "--build-constraints", str(tmp_path / "pins.txt"))
    files = {
        "manifest": Path("conda.toml"),
        "source-lock": Path("conda.lock"),
        "condarc": Path("rc.yml"),
        "build-constraints": tmp_path / "pins.txt",
        "template": template,
    }
    for role, path in files.items():
        (found,) = dependencies(document, role)
        assert (found["name"], found["digest"]) == (path.name, {"sha256": hash_file(path)})
    assert dependencies(document, "workspace") == []
    (found,) = dependencies(document, "template")
    assert found["annotations"] == {"role": "template", "version": "0.1.0", "target": "linux-64"}


def test_packages_are_named_by_address_and_digest(document: Document, channel: Channel) -> None:
    local = {one["digest"]["sha256"] for one in dependencies(document, "archive")}
    assert local == {record["sha256"] for record in channel.records}


def test_packages_of_a_channel_have_its_address(workspace: Workspace, template: Path, cs: Cs) -> None:
    for record in workspace.channel.records:
        record["conda"] = f"https://conda.example/c/{'/'.join(record['conda'].split('/')[-2:])}"
    workspace.write()
    outcome = cs("build", "--layout", "online", "--artifact-name", "demoz")
    assert outcome.status == 0, outcome.err
    found = {one["uri"]: one["digest"]["sha256"] for one in dependencies(read_provenance(), None)}
    assert found == {record["conda"]: record["sha256"] for record in workspace.channel.records}


def test_builder_and_template_are_named_with_their_versions(document: Document) -> None:
    details = document["predicate"]["runDetails"]
    assert details["builder"]["version"] == {"cs-cli": __version__, "cs-template": "0.1.0"}
    assert details.keys() == {"builder"}  # no time, no number of the run: the same build gives the same bytes


def test_every_parameter_is_recorded(
    workspace: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    outcome = cs("build", "--target-label", "beta", "--no-lock-check", "--exclude", "viewer", "--on-upgrade", "keep")
    assert outcome.status == 0, outcome.err
    found = parameters(read_provenance(stem="demoz-beta"))
    assert {name: found[name] for name in found if name != "settings"} == {
        "workspace": {"manifest": "conda.toml", "sourceLock": "conda.lock"},
        "platform": "linux-64",
        "label": "beta",
        "lockCheck": False,
        "sourceDateEpoch": "1700000000",
    }
    assert found["settings"]["exclude"] == ["viewer"]
    assert found["settings"]["on-upgrade"] == "keep"
    assert found["settings"].keys() <= {key.name for key in CONFIG_KEYS}
    assert found["settings"].keys() >= {key.name for key in CONFIG_KEYS if key.required or key.choices}


def test_no_setting_shows_a_path(workspace: Workspace, template: Path, cs: Cs, tmp_path: Path) -> None:
    Path("rc.yml").write_text("channels: []\n")
    (tmp_path / "elsewhere").mkdir()
    document = build(cs, "--condarc-file", "rc.yml", "--archives", str(tmp_path / "elsewhere"))
    settings = parameters(document)["settings"]
    assert (settings["condarc-file"], settings["archives"]) == ("rc.yml", ["elsewhere"])
    assert str(tmp_path) not in json.dumps(document)


def test_a_prefix_name_from_the_lock_is_recorded_as_asked_for(workspace: Workspace, template: Path, cs: Cs) -> None:
    workspace.ship["install-name"] = '{ from = "runtime-lock", base = "env" }'
    workspace.write()
    assert parameters(build(cs))["settings"]["install-name"] == {"from": "runtime-lock", "base": "env"}


def test_it_is_canonical_and_the_same_each_time(document: Document, cs: Cs) -> None:
    data = Path("dist/demoz.provenance.json").read_bytes()
    assert data == json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    cs("build", "--out-dir", "again")
    assert Path("again/demoz.provenance.json").read_bytes() == data


def many_packages(workspace: Workspace, count: int) -> Iterator[StagedFile]:
    """Let the lock have many packages; yield what would be staged."""
    records = workspace.channel.records
    for number in range(count):
        name = f"package-with-a-name-{number}"
        digest = hashlib.sha256(name.encode()).hexdigest()
        url = f"https://conda.anaconda.org/conda-forge/linux-64/{name}-12.34.56-py314h0123456_0.conda"
        records.append({"conda": url, "sha256": digest, "depends": [], "size": 1000})
        yield StagedFile(name=f"{name}.x", role="x", size_bytes=1, sha256=digest)


def test_a_thousand_packages_take_as_much_as_their_addresses(workspace: Workspace, template: Path) -> None:
    list(many_packages(workspace, 1000))
    workspace.environments["ship"]["linux-64"] = workspace.channel.records
    workspace.write()
    with prepared_build(build_options("--layout", "online")) as request:
        fields = {"identity": "0" * 64, "inputs": {"template": {"sha256": "0" * 64}}}
        file = StagedFile(name="demo", role="runtime", size_bytes=1, sha256="0" * 64)
        data = render_statement(request.plan, request.materials.template.mark, fields, [file], {})
    assert len(dependencies(json.loads(data), None)) == 1000
    assert len(data) < 300_000
    assert len(data) * 4 / 3 < DOCUMENT_LIMIT_BYTES / 40  # room for 40,000, in an envelope


SUBJECT = {"name": "demo", "digest": {"sha256": "0" * 64}}
GOOD: Document = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [SUBJECT],
    "predicateType": "https://slsa.dev/provenance/v1",
    "predicate": {},
}


def annotate(digest: Any) -> Document:
    """Return annotations that say which digest a subject had before it was signed for its platform."""
    return {"annotations": {"unsignedDigest": digest}}


SIGNED = annotate({"sha256": "1" * 64})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"_type": "https://in-toto.io/Statement/v0.1"}, "it is not an in-toto statement, version 1"),
        ({"predicateType": "https://spdx.dev/Document"}, "its predicate is not SLSA provenance, version 1"),
        ({"subject": None}, "it has no subjects, or no predicate"),
        ({"predicate": []}, "it has no subjects, or no predicate"),
        ({"subject": [SUBJECT, SUBJECT]}, "a subject is listed twice"),
        ({"subject": ["demo"]}, "a subject has no name"),
        ({"subject": [{"digest": {}}]}, "a subject has no name"),
        ({"subject": [{"name": "demo", "digest": {"md5": "0"}}]}, "the subject 'demo' has no SHA-256"),
        ({"subject": [{"name": "demo", "digest": "0"}]}, "the subject 'demo' has no SHA-256"),
        ({"subject": [{**SUBJECT, "annotations": []}]}, "the annotations of 'demo' are not an object"),
        ({"subject": [{**SUBJECT, **annotate("0")}]}, "the subject 'demo' has no SHA-256"),
        (
            {"subject": [{**SUBJECT, **SIGNED}, {**SUBJECT, **SIGNED, "name": "other"}]},
            "more than one subject was signed for its platform",
        ),
    ],
)
def test_other_statements_are_refused(change: Document, message: str) -> None:
    assert read_statement(json.dumps(GOOD).encode()).subjects == {"demo": "0" * 64}
    with pytest.raises(ValueError, match=message):
        read_statement(json.dumps({**GOOD, **change}).encode())


def test_a_statement_and_an_envelope_are_told_apart() -> None:
    data = json.dumps(GOOD).encode()
    assert open_provenance(data).signatures == ()
    with pytest.raises(ValueError, match="its signatures are not"):
        open_provenance(json.dumps({"payloadType": PAYLOAD_TYPE}).encode())
    with pytest.raises(ValueError, match="it is not a JSON object"):
        read_statement(b"[]")


def test_a_statement_that_programs_may_read_in_two_ways_is_refused() -> None:
    twice = json.dumps(GOOD).replace('"predicate": {}', '"predicate": {}, "predicate": {}').encode()
    for read in (read_statement, open_provenance):
        with pytest.raises(ValueError, match="the key 'predicate' appears twice"):
            read(twice)


def read_revisions() -> set[str | None]:
    """Return the revisions that runtime and ``info.json`` name."""
    with read_stamp(Path("dist/demoz")) as stamp:
        named = stamp.header.source_revision
    return {named, json.loads(Path("dist/demoz.info.json").read_bytes())["source_revision"]}


PAGE = Path(__file__).parents[4] / "docs" / "reference" / "provenance.md"


def test_the_example_of_the_page_has_the_fields_of_a_build(document: Document) -> None:
    text = PAGE.read_text(encoding="utf-8")
    (example,) = [json.loads(part) for part in text.split("```json\n")[1].split("\n```")[:1]]
    Statement.copy_from_pb(Parse(json.dumps(example), StatementMessage())).validate()
    assert example["predicate"]["runDetails"]["builder"]["id"] == document["predicate"]["runDetails"]["builder"]["id"]
    assert example["predicate"]["buildDefinition"]["buildType"] == BUILD_TYPE
    assert parameters(document).keys() <= parameters(example).keys()
    assert parameters(example)["settings"].keys() <= {key.name for key in CONFIG_KEYS}
    for role in ("manifest", "source-lock", "template"):
        (built,), (shown,) = dependencies(document, role), dependencies(example, role)
        assert built.keys() == shown.keys()
        assert built["annotations"].keys() == shown["annotations"].keys()
    keys = {*parameters(example), *parameters(example)["workspace"]}
    assert [key for key in keys if f"`{key}`" not in text] == []


@pytest.mark.tools("git")
def test_the_commit_of_the_workspace_is_a_dependency(workspace: Workspace, template: Path, cs: Cs) -> None:
    for words in (
        ("init", "-q"),
        ("add", "conda.toml", "conda.lock"),
        ("commit", "-qm", "x"),
        ("remote", "add", "origin", "https://me:sekrit@git.example/o/demo.git"),
    ):
        git(Path(), *words)
    commit = git(Path(), "rev-parse", "HEAD")
    first, second = build(cs), build(cs)  # dist/ is new, and changes nothing
    assert first == second
    assert read_revisions() == {commit}
    assert dependencies(first, "workspace") == [
        {
            "name": "workspace",
            "uri": f"git+https://git.example/o/demo.git@{commit}",
            "digest": {"gitCommit": commit},
            "annotations": {"role": "workspace", "clean": True},
        }
    ]
    Path("conda.toml").write_text(Path("conda.toml").read_text() + "\n# changed\n")
    (found,) = dependencies(build(cs), "workspace")
    assert found["annotations"]["clean"] is False
    assert read_revisions() == {f"{commit}-dirty"}
    assert "sekrit" not in "".join(path.read_text("latin-1") for path in Path("dist").iterdir())
