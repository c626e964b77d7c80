"""``cs sign``, and ``cs build --sign``."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from securesystemslib.dsse import Envelope as OtherEnvelope
from securesystemslib.signer import Key, SSlibKey

from cli_keys import KINDS, SigningKey, make_key, raw, write_key, write_public_key
from cli_samples import Cs, Workspace, contents
from cs_bundle import hash_file
from cs_cli.companions.provenance import open_provenance, read_statement
from cs_cli.signing.keys import key_id
from cs_cli.terminal.console import Console
from cs_cli.verification.checks import Result
from cs_cli.verification.files import StagedFiles
from cs_cli.verification.folder import verify_files
from cs_cli.verification.runtime import CheckedRuntime
from cs_cli.verification.statements import Trust

PROVENANCE = Path("dist/demoz.provenance.json")
CHECKSUMS = Path("dist/demoz.sha256")


@pytest.fixture
def build(workspace: Workspace, template: Path, cs: Cs) -> Callable[..., Path]:
    """Stage a build and return its directory."""

    def stage(*flags: str) -> Path:
        outcome = cs("build", *flags)
        assert outcome.status == 0, outcome.err
        return Path("dist")

    return stage


def accepted_by_others(*keys: SigningKey) -> bytes:
    """Return the statement, once securesystemslib has accepted a signature of each key."""
    envelope = OtherEnvelope.from_dict(json.loads(PROVENANCE.read_bytes()))
    known: list[Key] = [SSlibKey.from_crypto(key.public_key(), keyid=key_id(key.public_key())) for key in keys]
    assert len(envelope.verify(known, len(keys))) == len(keys)
    return envelope.payload


@pytest.mark.parametrize("kind", KINDS)
def test_a_signed_build_is_the_build_signed(build: Callable[..., Path], cs: Cs, tmp_path: Path, kind: str) -> None:
    key = make_key(kind)
    path = write_key(tmp_path / "key.pem", key)
    plain = contents(build())
    outcome = cs("sign", "dist", "--key", path)
    assert outcome.status == 0, outcome.err
    assert outcome.out == f"dist/demoz.provenance.json: signed with {key_id(key.public_key())}\n"
    assert accepted_by_others(key) == plain["demoz.provenance.json"]
    signed = contents(Path("dist"))
    assert {name for name in signed if signed[name] != plain[name]} == {"demoz.provenance.json", "demoz.sha256"}
    again = cs("build", "--sign", path, "--out-dir", "again")
    assert f"signed the provenance with {key_id(key.public_key())}\n" in again.err
    assert contents(Path("again")) == signed  # ECDSA too: the signature is deterministic
    assert cs("verify", "dist").status == 0


def test_checksums_list_the_signed_provenance(build: Callable[..., Path], cs: Cs, key_path: Path) -> None:
    build()
    before = CHECKSUMS.read_text().splitlines()
    cs("sign", "dist", "--key", key_path)
    after = CHECKSUMS.read_text().splitlines()
    changed = [line for line in after if line not in before]
    assert changed == [f"{hash_file(PROVENANCE)}  demoz.provenance.json"]
    assert [line.partition("  ")[2] for line in after] == [line.partition("  ")[2] for line in before]


def test_signing_again_changes_nothing_and_a_second_key_adds(
    build: Callable[..., Path], cs: Cs, key: SigningKey, key_path: Path, tmp_path: Path
) -> None:
    build("--sign", str(key_path))
    once = contents(Path("dist"))
    outcome = cs("sign", "dist", "--key", key_path)
    assert outcome.out == f"dist/demoz.provenance.json: already signed with {key_id(key.public_key())}\n"
    assert contents(Path("dist")) == once
    second = make_key("p256")
    printed = cs("sign", "dist", "--key", write_key(tmp_path / "second.pem", second), "--json", "-q")
    assert json.loads(printed.out) == {
        "schema_version": 1,
        "path": "dist",
        "keyid": key_id(second.public_key()),
        "builds": [
            {
                "file": "demoz.provenance.json",
                "signed": True,
                "signatures": 2,
                "restated": False,
                "dropped_signatures": 0,
            }
        ],
        "warnings": [],
    }
    accepted_by_others(key, second)


def test_every_build_in_a_directory_is_signed(
    build: Callable[..., Path], cs: Cs, key: SigningKey, key_path: Path
) -> None:
    build("--artifact-name", "one")
    build("--artifact-name", "two", "--layout", "external")
    outcome = cs("sign", "dist", "--key", key_path)
    assert outcome.status == 0, outcome.err
    assert len(outcome.out.splitlines()) == 2
    for stem in ("one", "two"):
        envelope = open_provenance(Path(f"dist/{stem}.provenance.json").read_bytes())
        assert envelope.verified_by(key.public_key())
        assert stem in read_statement(envelope.payload).subjects
    assert cs("verify", "dist").status == 0


def test_each_platform_is_signed(
    workspace: Workspace, template: Path, cs: Cs, key: SigningKey, key_path: Path, tmp_path: Path
) -> None:
    outcome = cs("build", "--platform", "all", "--sign", key_path)
    assert outcome.status == 0, outcome.err
    envelope = open_provenance(Path("dist/demoz-linux-64.provenance.json").read_bytes())
    assert envelope.verified_by(key.public_key())


def damage(name: str) -> None:
    path = Path("dist", name)
    path.write_bytes(path.read_bytes() + b" ")


def list_again(*names: str) -> None:
    """Write the digests of files into the checksum file again."""
    lines = dict(line.split("  ")[::-1] for line in CHECKSUMS.read_text().splitlines())
    lines |= {name: hash_file(Path("dist", name)) for name in names}
    CHECKSUMS.write_text("".join(f"{digest}  {name}\n" for name, digest in lines.items()))


def write_provenance(text: str) -> None:
    """Replace the provenance, and its digest in the checksum file."""
    PROVENANCE.write_text(text)
    list_again(PROVENANCE.name)


def forge_statement(**changes: object) -> None:
    """Change what the statement says."""
    write_provenance(json.dumps({**json.loads(PROVENANCE.read_bytes()), **changes}))


DAMAGES: dict[str, tuple[Callable[[], None], str]] = {
    "a changed runtime": (lambda: damage("demoz"), "checksum-mismatch"),
    "a changed SBOM": (lambda: damage("demoz.cdx.json"), "checksum-mismatch"),
    "a missing file": (lambda: Path("dist/demoz.cdx.json").unlink(), "file-missing"),
    "no provenance": (PROVENANCE.unlink, "file-missing"),
    "not JSON": (lambda: write_provenance("{"), "provenance-damaged"),
    "another statement": (lambda: forge_statement(_type="x"), "provenance-damaged"),
    "a subject too few": (
        lambda: forge_statement(subject=json.loads(PROVENANCE.read_bytes())["subject"][1:]),
        "provenance-mismatch",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_is_damaged_is_not_signed(build: Callable[..., Path], cs: Cs, key_path: Path, name: str) -> None:
    build()
    change, kind = DAMAGES[name]
    change()
    before = contents(Path("dist"))
    outcome = cs("sign", "dist", "--key", key_path, "--error-format", "json")
    assert outcome.status == 1
    assert kind in outcome.err
    assert contents(Path("dist")) == before


def test_a_damaged_build_keeps_the_others_from_being_signed(build: Callable[..., Path], cs: Cs, key_path: Path) -> None:
    build("--artifact-name", "one")
    build("--artifact-name", "two")
    damage("two.cdx.json")
    before = contents(Path("dist"))
    assert cs("sign", "dist", "--key", key_path).status == 1
    assert contents(Path("dist")) == before


def test_an_older_build_without_provenance_is_not_signed(build: Callable[..., Path], cs: Cs, key_path: Path) -> None:
    build()
    PROVENANCE.unlink()
    lines = [line for line in CHECKSUMS.read_text().splitlines() if "provenance" not in line]
    CHECKSUMS.write_text("".join(f"{line}\n" for line in lines))
    outcome = cs("sign", "dist", "--key", key_path)
    assert outcome.status == 1
    assert "provenance" in outcome.err


def test_a_failure_in_the_middle_leaves_every_file_as_it_was(
    build: Callable[..., Path], cs: Cs, key_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build()
    before = contents(Path("dist"))
    replace = Path.replace

    def fail_for_checksums(self: Path, target: Path) -> Path:
        if Path(target) == CHECKSUMS and self.parent.name != ".previous":
            raise OSError(errno.EIO, "a broken disk")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fail_for_checksums)
    outcome = cs("sign", "dist", "--key", key_path)
    assert outcome.status == 1
    assert "a broken disk" in outcome.err
    assert contents(Path("dist")) == before


def test_what_is_not_a_directory_of_builds_is_refused(
    build: Callable[..., Path], cs: Cs, key_path: Path, tmp_path: Path
) -> None:
    build()
    (tmp_path / "empty").mkdir()
    for path, status, message in (
        (tmp_path / "empty", 1, "no build found here"),
        (tmp_path / "missing", 2, "no such directory"),
        (Path("dist/demoz"), 2, "is not a directory"),
    ):
        outcome = cs("sign", path, "--key", key_path)
        assert (outcome.status, message in outcome.err) == (status, True)


def test_the_key_is_not_published(build: Callable[..., Path], cs: Cs, key: SigningKey, tmp_path: Path) -> None:
    build()
    write_key(Path("dist/key.pem"), key)
    link = tmp_path / "link.pem"
    link.symlink_to(Path("dist/key.pem").absolute())
    for path in (Path("dist/key.pem"), link):
        for words in (("sign", "dist", "--key", path), ("build", "--sign", path)):
            outcome = cs(*words)
            assert outcome.status == 1
            assert "the key is in dist, whose files you publish" in outcome.err


def test_the_key_is_not_overwritten(workspace: Workspace, template: Path, cs: Cs, key: SigningKey) -> None:
    write_key(Path("dist.key"), key)
    Path("dist").mkdir()
    os.link("dist.key", "dist/demoz.cdx.json")
    outcome = cs("build", "--sign", "dist.key")
    assert outcome.status == 1
    assert "this would overwrite the signing key" in outcome.err
    assert b"PRIVATE KEY" in Path("dist.key").read_bytes()


@pytest.mark.only("on Unix", "its files have modes")
def test_a_key_that_others_can_read_is_warned_of(build: Callable[..., Path], cs: Cs, key_path: Path) -> None:
    build()
    assert "warning: other users" not in cs("sign", "dist", "--key", key_path).err
    key_path.chmod(0o644)
    assert (
        f"warning: other users of this machine can read the key: {key_path}"
        in cs("sign", "dist", "--key", key_path).err
    )


def test_a_dry_run_checks_the_key_and_writes_nothing(
    workspace: Workspace, template: Path, cs: Cs, key_path: Path, tmp_path: Path
) -> None:
    assert cs("build", "--dry-run", "--sign", key_path).status == 0
    outcome = cs("build", "--dry-run", "--sign", tmp_path / "missing.pem")
    assert outcome.status == 2
    assert "the key does not exist" in outcome.err
    assert not Path("dist").exists()


def test_a_wrong_key_is_reported_before_anything_is_built(
    workspace: Workspace, template: Path, cs: Cs, key: SigningKey, tmp_path: Path
) -> None:
    outcome = cs("build", "--sign", write_public_key(tmp_path / "key.pub", key))
    assert outcome.status == 1
    assert "this is a public key, a private key is needed" in outcome.err
    assert not Path("dist").exists()


def test_no_staged_file_and_no_message_has_the_key(
    build: Callable[..., Path], cs: Cs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = make_key()
    path = write_key(tmp_path / "key.pem", key, passphrase=b"correct-horse-battery")
    monkeypatch.setenv("CONDA_SHIP_SIGN_PASSPHRASE", "correct-horse-battery")
    monkeypatch.setenv("CONDA_SHIP_TRACEBACK", "1")
    outcome = cs("build", "--sign", path, "--json")
    assert outcome.status == 0
    number = raw(key)
    body = path.read_bytes().splitlines()[1]
    secrets = [number, number.hex().encode(), body, b"correct-horse-battery", bytes(path)]
    said = (outcome.out + outcome.err).encode() + b"".join(contents(Path("dist")).values())
    assert not [secret for secret in secrets if secret in said]


def test_a_folder_that_is_replaced_while_it_is_checked_is_not_signed(
    build: Callable[..., Path], cs: Cs, key_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the bytes that were compared with the checksums are signed."""
    build()
    shutil.copytree("dist", "good")
    forged = json.loads(PROVENANCE.read_bytes())
    forged["predicate"] = {}

    def verify_then_replace(files: StagedFiles, trust: Trust, console: Console) -> tuple[Result, list[CheckedRuntime]]:
        result = verify_files(files, trust, console)
        PROVENANCE.write_text(json.dumps(forged))
        return result

    monkeypatch.setattr("cs_cli.signing.folder.verify_files", verify_then_replace)
    outcome = cs("sign", "dist", "--key", key_path)
    assert outcome.status == 1
    assert "it does not match demoz.sha256" in outcome.err
    assert hashlib.sha256(PROVENANCE.read_bytes()).hexdigest() not in CHECKSUMS.read_text()
