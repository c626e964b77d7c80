"""``cs sign`` of a build whose runtime was signed for its platform."""

from __future__ import annotations

import errno
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import Parse
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage
from sigstore.dsse import HashAlgorithm
from sigstore.dsse import Statement as SigstoreStatement
from sigstore.hashes import Hashed
from tiny_executables import find_commands, make_macho, make_pe

from cli_keys import SigningKey, make_key, write_key, write_public_key
from cli_samples import Channel, Cs, Workspace, contents, make_template, seal, verify
from cs_bundle import hash_file
from cs_cli.companions.provenance import open_provenance, read_statement
from cs_cli.signing.keys import key_id
from executable_samples import make_mark
from platform_signatures import sign_for_platform

TEMPLATES = {"win-64": ".exe", "osx-arm64": ""}
CHANGED = {"demo.cdx.json", "demo.info.json", "demo.provenance.json", "demo.sha256"}


@pytest.fixture(params=TEMPLATES)
def platform(request: pytest.FixtureRequest) -> str:
    """A platform whose executables have signatures."""
    return str(request.param)


@pytest.fixture
def work(platform: str, workspace: Workspace, channel: Channel) -> Workspace:
    """Return a workspace for the platform, with a template."""
    python = {"python.exe": b"MZ"} if platform == "win-64" else {"bin/python": b"#!"}
    workspace.environments["ship"] = {platform: [channel.add("python", python, subdir=platform, version="3.11.7")]}
    workspace.specs = ("python",)
    workspace.ship["artifact-name"] = '"demo"'
    workspace.write()
    make = make_pe if platform == "win-64" else make_macho
    make_template(Path("template"), make(payload=make_mark(platform).to_bytes()))
    return workspace


Build = Callable[..., Path]


@pytest.fixture
def build(work: Workspace, cs: Cs, platform: str) -> Build:
    """Build a runtime and return its path."""

    def run(*flags: str | Path) -> Path:
        outcome = cs("build", "--platform", platform, "--template", "template", *flags)
        assert outcome.status == 0, outcome.err
        return Path("dist", f"demo{TEMPLATES[platform]}")

    return run


def read(name: str) -> Any:
    return json.loads(Path("dist", name).read_bytes())


def test_every_file_describes_the_signed_runtime(build: Build, cs: Cs) -> None:
    runtime = build()
    built, before = hash_file(runtime), contents(Path("dist"))
    sign_for_platform(runtime)
    assert cs("verify", "dist").status == 1
    outcome = cs("sign", "dist")
    assert outcome.status == 0, outcome.err
    assert outcome.out == f"{runtime}: signed for its platform since the build; its files describe it now\n"
    assert cs("verify", "dist").status == 0
    after, signed = contents(Path("dist")), hash_file(runtime)
    assert {name for name in after if after[name] != before[name]} == {*CHANGED, runtime.name}
    assert not [name for name in {*CHANGED} - {"demo.provenance.json"} if built.encode() in after[name]]
    assert read("demo.cdx.json")["metadata"]["component"]["hashes"] == [{"alg": "SHA-256", "content": signed}]
    assert read("demo.cdx.json")["version"] == 2
    stated = {one["name"]: (one["size_bytes"], one["sha256"]) for one in read("demo.info.json")["files"]}
    assert stated[runtime.name] == (runtime.stat().st_size, signed)
    for name, (size, sha256) in stated.items():
        assert (Path("dist", name).stat().st_size, hash_file(Path("dist", name))) == (size, sha256)
    subjects = {one["name"]: one for one in read("demo.provenance.json")["subject"]}
    assert {name for name, one in subjects.items() if "annotations" in one} == {runtime.name}
    assert subjects[runtime.name]["annotations"] == {"unsignedDigest": {"sha256": built}}
    (detail,) = [one.detail for one in verify(Path("dist")).checks if one.detail.startswith("states how")]
    assert detail.endswith(" files were built; the runtime was signed for its platform afterwards")
    checks = {(one.file, one.check) for one in verify(runtime).checks if one.ok}
    assert {(runtime.name, "checksum"), (runtime.name, "subject")} <= checks


def test_only_what_describes_the_runtime_changes(build: Build, cs: Cs) -> None:
    runtime = build("--sbom", "spdx")
    before = {name: read(name) for name in ("demo.spdx.json", "demo.info.json", "demo.provenance.json")}
    sign_for_platform(runtime)
    assert cs("sign", "dist").status == 0
    assert read("demo.provenance.json")["predicate"] == before["demo.provenance.json"]["predicate"]
    spdx, earlier = read("demo.spdx.json"), before["demo.spdx.json"]
    assert {key for key in spdx if spdx[key] != earlier[key]} == {"documentNamespace", "packages"}
    assert [one for one in spdx["packages"] if one not in earlier["packages"]] == [spdx["packages"][0]]
    info, earlier = read("demo.info.json"), before["demo.info.json"]
    assert {key for key in info if info[key] != earlier[key]} == {"files"}
    assert cs("verify", "dist").status == 0


def test_the_libraries_of_others_read_the_statement(build: Build, cs: Cs) -> None:
    runtime = build()
    sign_for_platform(runtime)
    assert cs("sign", "dist").status == 0
    data = Path("dist/demo.provenance.json").read_bytes()
    Statement.copy_from_pb(Parse(data, StatementMessage())).validate()
    digest = Hashed(algorithm=HashAlgorithm.SHA2_256, digest=bytes.fromhex(hash_file(runtime)))
    assert SigstoreStatement(data)._matches_digest(digest)


def test_signatures_of_the_earlier_statement_are_dropped(
    build: Build, cs: Cs, key: SigningKey, key_path: Path, tmp_path: Path
) -> None:
    runtime = build("--sign", key_path)
    sign_for_platform(runtime)
    words = "sign", "dist", "--key", write_key(tmp_path / "second.pem", second := make_key("p256"))
    outcome = cs(*words)
    assert outcome.out.splitlines() == [
        f"{runtime}: signed for its platform since the build; its files describe it now "
        "(one signature of the earlier provenance dropped)",
        f"dist/demo.provenance.json: signed with {key_id(second.public_key())}",
    ]
    envelope = open_provenance(Path("dist/demo.provenance.json").read_bytes())
    assert envelope.verified_by(second.public_key())
    assert not envelope.verified_by(key.public_key())
    for path in (Path("dist"), runtime):
        assert cs("verify", "--key", write_public_key(tmp_path / "key.pub", second), path).status == 0
    again = contents(Path("dist"))
    assert cs(*words).out == f"dist/demo.provenance.json: already signed with {key_id(second.public_key())}\n"
    assert contents(Path("dist")) == again


def test_the_json_document_says_it(build: Build, cs: Cs, key_path: Path) -> None:
    sign_for_platform(build("--sign", key_path))
    assert json.loads(cs("sign", "dist", "--json").out) == {
        "schema_version": 1,
        "path": "dist",
        "keyid": None,
        "builds": [
            {
                "file": "demo.provenance.json",
                "signed": False,
                "signatures": 0,
                "restated": True,
                "dropped_signatures": 1,
            }
        ],
        "warnings": [],
    }


def test_signed_once_more_it_still_names_the_build(build: Build, cs: Cs) -> None:
    runtime = build()
    built, unsigned = hash_file(runtime), runtime.read_bytes()
    for publisher in ("first", "second, with a longer name"):
        runtime.write_bytes(unsigned)
        sign_for_platform(runtime, publisher)
        assert cs("sign", "dist").status == 0
        statement = read_statement(Path("dist/demo.provenance.json").read_bytes())
        assert statement.unsigned == {runtime.name: built}
        assert statement.subjects[runtime.name] == hash_file(runtime)
        assert cs("verify", "dist").status == 0


def damage_code(runtime: Path) -> None:
    """Change what the runtime does, and sign that."""
    data = bytearray(runtime.read_bytes())
    place = find_commands(data)[0x80000028] + 8 if runtime.suffix == "" else 0x400
    data[place] ^= 4
    runtime.write_bytes(data)
    sign_for_platform(runtime)


def damage_bill(runtime: Path) -> None:
    sign_for_platform(runtime)
    bill = Path("dist/demo.cdx.json")
    bill.write_bytes(bill.read_bytes().replace(b'"python"', b'"pythom"'))


def damage_packages(runtime: Path) -> None:
    sign_for_platform(runtime)
    Path("dist/demo.packages.txt").write_text("nothing\n")


@pytest.mark.parametrize("damage", [damage_code, damage_bill, damage_packages])
def test_anything_else_that_changed_is_refused(build: Build, cs: Cs, damage: Callable[[Path], None]) -> None:
    damage(build())
    before = contents(Path("dist"))
    outcome = cs("sign", "dist")
    assert outcome.status == 1
    assert "the file has changed since it was built" in outcome.err
    assert contents(Path("dist")) == before


def test_a_failure_in_the_middle_leaves_every_file_as_it_was(
    build: Build, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_for_platform(build())
    before, replace = contents(Path("dist")), Path.replace

    def fail_for_checksums(self: Path, target: Path) -> Path:
        if Path(target).name == "demo.sha256" and self.parent.name != ".previous":
            raise OSError(errno.EIO, "a broken disk")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail_for_checksums)
    assert "a broken disk" in cs("sign", "dist").err
    assert contents(Path("dist")) == before


def test_nothing_to_restate_needs_a_key(build: Build, cs: Cs) -> None:
    build()
    before = contents(Path("dist"))
    outcome = cs("sign", "dist")
    assert outcome.status == 2
    assert "--key is missing, and no file needs an update" in outcome.err
    assert cs("sign", "dist", "--passphrase-file", "x").status == 2
    assert contents(Path("dist")) == before


def test_a_statement_cannot_claim_another_build(build: Build, cs: Cs) -> None:
    """A signed statement says what was built; the runtime must be that, but for its signature."""
    runtime = build()
    sign_for_platform(runtime)
    assert cs("sign", "dist").status == 0
    statement = read("demo.provenance.json")
    for one in statement["subject"]:
        if "annotations" in one:
            one["annotations"]["unsignedDigest"]["sha256"] = "0" * 64
    Path("dist/demo.provenance.json").write_text(json.dumps(statement))
    seal(Path("dist/demo.sha256"))
    outcome = cs("verify", "dist")
    assert outcome.status == 1
    assert "the runtime is not the one that was built, signed for its platform" in outcome.err


def test_it_is_built_again_but_for_the_signature(build: Build, cs: Cs, work: Workspace) -> None:
    runtime = build()
    sign_for_platform(runtime)
    assert cs("sign", "dist").status == 0
    words = "--rebuild", work.directory, "--template", Path("template").absolute()
    result = verify(Path("dist"), *words)
    assert result.problems == ()
    details = {one.file: one.detail for one in result.checks if one.check == "rebuild" and one.file != runtime.name}
    assert {one.partition(" bytes")[0].rstrip("0123456789") for one in details.values()} == {"the same "}
    manifest = work.directory / "conda.toml"
    manifest.write_text(manifest.read_text() + 'docs-url = "https://e.org"\n')
    problems = [error.to_dict().get("key") for error in verify(Path("dist"), *words).problems]
    assert "docs_url" in problems


def call(*words: str | Path) -> None:
    subprocess.run(words, check=True, capture_output=True)


def sign_with_tools(runtime: Path, folder: Path) -> None:
    """Sign as ``docs/how-to/sign.md`` says."""
    if runtime.suffix == "":
        call("rcodesign", "generate-self-signed-certificate", "--algorithm", "rsa", "--person-name", "publisher",
             "--profile", "developer-id-application", "--pem-unified-file", folder / "publisher.pem")  # fmt: skip
        call("rcodesign", "sign", "--pem-file", folder / "publisher.pem", "--timestamp-url", "none",
             "--code-signature-flags", "runtime", runtime)  # fmt: skip
        return
    key, certificate = folder / "publisher.key", folder / "publisher.pem"
    call("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=publisher", "-keyout", key,
         "-out", certificate, "-addext", "extendedKeyUsage=codeSigning")  # fmt: skip
    call("osslsigncode", "sign", "-certs", certificate, "-key", key, "-h", "sha256", "-in", runtime,
         "-out", folder / "signed.exe")  # fmt: skip
    (folder / "signed.exe").replace(runtime)


@pytest.mark.parametrize(
    "platform",
    [
        pytest.param("win-64", marks=pytest.mark.tools("osslsigncode", "openssl")),
        pytest.param("osx-arm64", marks=pytest.mark.tools("rcodesign")),
    ],
    indirect=True,
)
def test_what_the_tools_of_the_platforms_sign_is_restated(
    build: Build, cs: Cs, work: Workspace, key: SigningKey, key_path: Path, tmp_path: Path
) -> None:
    runtime = build()
    sign_with_tools(runtime, tmp_path)
    outcome = cs("sign", "dist", "--key", key_path)
    assert outcome.status == 0, outcome.err
    public = write_public_key(tmp_path / "key.pub", key)
    words = "--key", public, "--rebuild", work.directory, "--template", Path("template").absolute()
    for path in (Path("dist"), runtime):
        result = verify(path, *words)
        assert result.problems == ()
        details = [one.detail for one in result.checks if one.check == "rebuild" and one.file == runtime.name]
        assert "the same, apart from the signature" in details
