"""Statements of provenance: what they are about, and who signed them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from cli_keys import KINDS, SigningKey, make_key, write_key, write_public_key
from cli_samples import Cs, list_passed, list_unchecked, seal, verify
from cs_cli.signing.envelope import open_envelope, sign
from cs_cli.verification.checks import Result

PROVENANCE, CHECKSUMS = Path("dist/demo.provenance.json"), Path("dist/demo.sha256")


def sign_statement(key: SigningKey) -> None:
    PROVENANCE.write_bytes(sign(PROVENANCE.read_bytes(), key))
    seal(CHECKSUMS)


def state(change: Callable[[dict[str, Any]], object]) -> None:
    """Change the statement as someone would who can write all files."""
    document = json.loads(PROVENANCE.read_bytes())
    change(document)
    PROVENANCE.write_text(json.dumps(document))
    seal(CHECKSUMS)


def kinds(result: Result) -> list[tuple[str, str, str]]:
    return [(one.file, one.check, one.error.kind) for one in result.checks if one.error is not None]


def test_an_unsigned_statement_is_about_every_file(dist: Path) -> None:
    result = verify(dist)
    assert result.problems == ()
    assert "demo.provenance.json: states how these 7 files were built" in list_passed(result)
    assert [(one.check, one.detail) for one in result.checks if one.ok is None] == [("signature", "not signed")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER], ids=["pem", "der"])
def test_a_signature_is_checked_with_the_key(kind: str, encoding: Encoding, dist: Path, tmp_path: Path) -> None:
    key, other = make_key(kind), make_key(kind)
    sign_statement(key)
    good = write_public_key(tmp_path / "key.pub", key, encoding=encoding)
    wrong = write_public_key(tmp_path / "other.pub", other, encoding=encoding)
    assert kinds(verify(dist, "--key", good, "--require-signature")) == []
    assert kinds(verify(dist, "--key", wrong, "--key", good)) == [], "any of the keys will do"
    assert kinds(verify(dist, "--key", wrong)) == [("demo.provenance.json", "signature", "signature-mismatch")]


def test_without_a_key_a_signature_is_named_and_not_checked(dist: Path) -> None:
    sign_statement(make_key())
    result = verify(dist)
    name = open_envelope(PROVENANCE.read_bytes()).signatures[0].key_id
    assert result.problems == ()
    assert list_unchecked(result) == [
        f"demo.provenance.json: signed by key {name}, not checked: give the publisher's public key with --key"
    ]


def test_a_name_of_a_key_cannot_flood_the_terminal(dist: Path) -> None:
    sign_statement(make_key())
    state(lambda envelope: envelope["signatures"][0].update(keyid="x" * 10_000))
    (line,) = list_unchecked(verify(dist))
    assert len(line) < 300


def test_with_a_key_an_unsigned_statement_fails(dist: Path, tmp_path: Path) -> None:
    key = write_public_key(tmp_path / "key.pub", make_key())
    assert kinds(verify(dist, "--key", key)) == [("demo.provenance.json", "signature", "unsigned")]


def test_a_statement_that_was_removed_is_missed(dist: Path, tmp_path: Path) -> None:
    key = write_public_key(tmp_path / "key.pub", make_key())
    PROVENANCE.unlink()
    kept = [line for line in CHECKSUMS.read_text().splitlines(keepends=True) if "provenance" not in line]
    CHECKSUMS.write_text("".join(kept))
    for words in ((), ("--key", key)):
        assert kinds(verify(dist, *words)) == [("demo.sha256", "checksums", "checksums-damaged")]


@pytest.mark.parametrize("name", ["demo", "demo.bundle.tar.zst", "demo.packages.txt"])
def test_one_file_with_statement_and_key_is_enough(name: str, dist: Path, tmp_path: Path) -> None:
    key = make_key()
    sign_statement(key)
    pub = write_public_key(tmp_path / "key.pub", key)
    alone = tmp_path / "alone"
    alone.mkdir()
    file = Path(shutil.copy(dist / name, alone / name))
    assert ("subject", "provenance-missing") in [one[1:] for one in kinds(verify(file, "--key", pub))]
    result = verify(file, "--key", pub, "--provenance", PROVENANCE)
    assert kinds(result) == []
    assert f"{name}: demo.provenance.json lists it" in list_passed(result)
    shutil.copy(PROVENANCE, alone)
    assert kinds(verify(file, "--key", pub)) == []
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    assert kinds(verify(file, "--key", pub)) != []


def test_a_renamed_runtime_is_found_by_its_digest(dist: Path, tmp_path: Path) -> None:
    renamed = Path(shutil.copy(dist / "demo", tmp_path / "download (1)"))
    result = verify(renamed, "--provenance", PROVENANCE)
    assert "download (1): demo.provenance.json lists it as demo" in list_passed(result)


def test_a_byte_of_the_template_is_found_with_the_statement_alone(dist: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copy(dist / "demo", tmp_path / "demo"))
    data = bytearray(alone.read_bytes())
    data[40] ^= 1
    alone.write_bytes(data)
    assert verify(alone).problems == (), "no stamp covers the template"
    assert ("demo", "subject", "provenance-mismatch") in kinds(verify(alone, "--provenance", PROVENANCE))


REVISION = {"digest": {"gitCommit": "a" * 40}, "annotations": {"role": "workspace", "clean": True}}
ADDRESS = {"uri": "https://example.org/libz-1.0-0.conda", "digest": {"sha256": "0" * 64}}
CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "no-file": lambda one: one["subject"].pop(),
    "more-files": lambda one: one["subject"].append({"name": "evil", "digest": {"sha256": "0" * 64}}),
    "other-digest": lambda one: one["subject"][0]["digest"].update(sha256="0" * 64),
    "identity": lambda one: definition(one)["internalParameters"].update(identity="0" * 64),
    "subdir": lambda one: definition(one)["internalParameters"].update(subdir="osx-64"),
    "setting": lambda one: definition(one)["externalParameters"]["settings"].update(delegate="conda"),
    "template-version": lambda one: find_role(one, "template")["annotations"].update(version="9"),
    "template-digest": lambda one: find_role(one, "template")["digest"].update(sha256="0" * 64),
    "manifest": lambda one: find_role(one, "manifest")["digest"].update(sha256="0" * 64),
    "source-lock": lambda one: find_role(one, "source-lock")["digest"].update(sha256="0" * 64),
    "build-type": lambda one: definition(one).update(buildType="https://example.org"),
    "builder": lambda one: one["predicate"]["runDetails"]["builder"].update(id="https://example.org"),
    "revision": lambda one: definition(one)["resolvedDependencies"].append(REVISION),
    "address": lambda one: definition(one)["resolvedDependencies"].append(ADDRESS),
    "package": lambda one: find_role(one, "archive")["digest"].update(sha256="0" * 64),
}


def definition(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["predicate"]["buildDefinition"]
    return found


def find_role(document: dict[str, Any], role: str) -> dict[str, Any]:
    dependencies = definition(document)["resolvedDependencies"]
    return next(one for one in dependencies if one.get("annotations", {}).get("role") == role)


@pytest.mark.parametrize("change", CHANGES)
def test_a_statement_about_something_else_is_refused(change: str, dist: Path) -> None:
    state(CHANGES[change])
    assert kinds(verify(dist)) == [("demo.provenance.json", "provenance", "provenance-mismatch")]


HOSTILE = {
    "no-json": b"{",
    "list": b"[]",
    "deep": b"[" * 200_000,
    "wide": b"[" + b"0," * 1_100_000 + b"0]",
    "twice": b'{"_type": "a", "_type": "https://in-toto.io/Statement/v1"}',
    "number": b'{"_type": ' + b"9" * 5000 + b"}",
    "text": b"\xff\xfe",
    "envelope": b'{"payloadType": "x"}',
    "no-signatures": b'{"payloadType": "application/vnd.in-toto+json", "payload": "e30=", "signatures": []}',
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_a_statement_that_is_none_is_refused(data: bytes, dist: Path) -> None:
    PROVENANCE.write_bytes(data)
    seal(CHECKSUMS)
    assert kinds(verify(dist)) == [("demo.provenance.json", "provenance", "provenance-damaged")]


def test_files_of_two_builds_are_not_one_build(dist: Path, cs: Cs, tmp_path: Path) -> None:
    assert cs("build", "--layout", "external", "--out-dir", "other", "--exclude", "hello").status == 0
    for path in sorted(Path("other").iterdir()):
        if path.name == "demo.sha256":
            continue
        good = (dist / path.name).read_bytes()
        shutil.copy(path, dist)
        seal(CHECKSUMS)
        assert verify(dist).problems, path.name
        (dist / path.name).write_bytes(good)
    seal(CHECKSUMS)
    assert verify(dist).problems == ()


def test_requiring_a_signature_without_a_key_is_wrong_usage(dist: Path, cs: Cs) -> None:
    outcome = cs("verify", dist, "--require-signature")
    assert (outcome.status, outcome.out) == (2, "")
    assert "--require-signature: needs a key: anyone can sign with one of their own" in outcome.err


def test_a_directory_has_its_own_statements(dist: Path, cs: Cs) -> None:
    outcome = cs("verify", dist, "--provenance", PROVENANCE)
    assert outcome.status == 2
    assert "--provenance: a directory has its own statements of provenance" in outcome.err


def test_a_private_key_is_refused(dist: Path, cs: Cs, tmp_path: Path) -> None:
    outcome = cs("verify", dist, "--key", write_key(tmp_path / "key", make_key()))
    assert outcome.status != 0
    assert "this is a private key" in outcome.err
