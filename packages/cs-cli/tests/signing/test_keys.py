"""Keys: which are taken, and how others are refused."""

from __future__ import annotations

import json
import os
import subprocess
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa, x25519
from cryptography.hazmat.primitives.hashes import HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli_keys import KINDS, make_key, raw, write_key, write_public_key
from cs_cli.errors import CliError, describe_error
from cs_cli.signing.keys import (
    KEY_LIMIT_BYTES,
    is_exposed,
    is_signed_by,
    key_id,
    load_private_key,
    load_public_key,
    sign_message,
)

if TYPE_CHECKING:
    from cs_cli.signing.keys import PrivateKey

SSHED = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"
COSIGNED = "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def no_passphrase() -> bytes:
    raise AssertionError("a key that is not encrypted needs no passphrase")


def load(path: Path, passphrase: bytes | None = None) -> PrivateKey:
    return load_private_key(path, no_passphrase if passphrase is None else lambda: passphrase)


def fail(path: Path, passphrase: bytes | None = None, *, public: bool = False) -> CliError:
    """Return the error of a key that cannot be loaded."""
    with pytest.raises(CliError) as caught:
        load_public_key(path) if public else load(path, passphrase)
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
@pytest.mark.parametrize("passphrase", [None, b"open sesame", "schlüssel".encode()])
def test_pkcs8_is_loaded(tmp_path: Path, kind: str, encoding: Encoding, passphrase: bytes | None) -> None:
    key = make_key(kind)
    path = write_key(tmp_path / "key", key, encoding=encoding, passphrase=passphrase)
    assert raw(load(path, passphrase)) == raw(key)


@pytest.mark.parametrize("passphrase", [None, b"open sesame"])
def test_the_older_form_of_openssl_is_loaded(tmp_path: Path, passphrase: bytes | None) -> None:
    key = make_key("p256")
    path = write_key(tmp_path / "key", key, form=PrivateFormat.TraditionalOpenSSL, passphrase=passphrase)
    assert raw(load(path, passphrase)) == raw(key)


@pytest.mark.tools("openssl")
@pytest.mark.parametrize(
    "words",
    [
        "genpkey -algorithm ed25519",
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        "ecparam -name prime256v1 -genkey",
        "genpkey -algorithm ed25519 -outform DER",
        "genpkey -algorithm ed25519 -aes256 -pass pass:sesame",
    ],
)
def test_what_openssl_writes_is_loaded(tmp_path: Path, words: str) -> None:
    path = tmp_path / "key"
    path.write_bytes(subprocess.run(["openssl", *words.split()], capture_output=True, check=True).stdout)
    assert len(raw(load(path, b"sesame"))) == 32


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_public_keys_are_loaded(tmp_path: Path, kind: str, encoding: Encoding) -> None:
    key = make_key(kind)
    loaded = load_public_key(write_public_key(tmp_path / "key.pub", key, encoding=encoding))
    assert key_id(loaded) == key_id(key.public_key())


def test_a_key_that_cannot_be_decrypted_is_refused(tmp_path: Path) -> None:
    path = write_key(tmp_path / "key", make_key(), passphrase=b"right")
    error, empty = fail(path, b"wrong"), fail(path, b"")
    assert (error.kind, error.message) == (
        "key-passphrase",
        "cannot be decrypted: the passphrase is wrong, or the key is damaged",
    )
    assert (empty.kind, empty.message) == ("key-passphrase", "the passphrase is empty")


Unsupported = rsa.RSAPrivateKey | dsa.DSAPrivateKey | ed448.Ed448PrivateKey | ec.EllipticCurvePrivateKey

OTHERS: dict[str, Callable[[], Unsupported | x25519.X25519PrivateKey]] = {
    "RSA": lambda: rsa.generate_private_key(65537, 2048),
    "DSA": lambda: dsa.generate_private_key(2048),
    "Ed448": ed448.Ed448PrivateKey.generate,
    "X25519": x25519.X25519PrivateKey.generate,
    "ECDSA on secp384r1": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ECDSA on secp256k1": lambda: ec.generate_private_key(ec.SECP256K1()),
}


@pytest.mark.parametrize("name", OTHERS)
def test_keys_of_other_kinds_are_refused_by_name(tmp_path: Path, name: str) -> None:
    key = OTHERS[name]()
    private, public = tmp_path / "key", tmp_path / "key.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    for error in (fail(private), fail(public, public=True)):
        assert (error.kind, error.actual) == ("key-unsupported", name)
        assert error.message == f"keys of this kind are not supported: {name}"
        assert error.expected == "Ed25519, or ECDSA on P-256"


@pytest.mark.parametrize(
    ("content", "name", "hint"),
    [
        (SSHED, "this is an OpenSSH key, a key in PEM or PKCS#8 is needed", "ssh-keygen -p -m PKCS8"),
        (COSIGNED, "this is a private key of cosign, a key in PEM or PKCS#8 is needed", "openssl genpkey"),
        (CERTIFICATE, "this is a certificate, a key in PEM or PKCS#8 is needed", "the key itself"),
        ("hello", "not a private key in PEM or PKCS#8, or damaged", "openssl genpkey"),
        ("", "not a private key in PEM or PKCS#8, or damaged", "openssl genpkey"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "not a private key", "openssl genpkey"),
        ("x" * (KEY_LIMIT_BYTES + 1), "not a key: it is larger than", "openssl genpkey"),
    ],
)
def test_other_files_are_refused_by_name(tmp_path: Path, content: str, name: str, hint: str) -> None:
    path = tmp_path / "key"
    path.write_text(content)
    error = fail(path)
    assert error.kind == "key-invalid"
    assert error.message.startswith(name)
    assert hint in str(error.hint)


@pytest.mark.parametrize("encoding", [Encoding.PEM, Encoding.DER])
def test_a_public_key_does_not_sign(tmp_path: Path, encoding: Encoding) -> None:
    error = fail(write_public_key(tmp_path / "key.pub", make_key(), encoding=encoding))
    assert error.kind == "key-invalid"
    if encoding == Encoding.PEM:
        assert error.message == "this is a public key, a private key is needed"


@pytest.mark.parametrize("passphrase", [None, b"sesame"])
def test_a_private_key_does_not_verify(tmp_path: Path, passphrase: bytes | None) -> None:
    error = fail(write_key(tmp_path / "key", make_key(), passphrase=passphrase), public=True)
    assert (error.kind, error.message) == ("key-invalid", "this is a private key, a public key is needed")
    assert "keep it secret" in str(error.hint)


def test_a_missing_key_is_wrong_usage_and_a_folder_is_not_a_key(tmp_path: Path) -> None:
    assert fail(tmp_path / "none").kind == fail(tmp_path / "none", public=True).kind == "not-found"
    assert fail(tmp_path).kind == "cannot-read"


@pytest.mark.only("on Unix", "it has named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert fail(tmp_path / "pipe").message == "not a key: it is not a regular file"


@pytest.mark.only("on Unix", "its files have modes")
@pytest.mark.parametrize(("mode", "expected"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)])
def test_a_key_that_others_can_read_is_exposed(tmp_path: Path, mode: int, expected: bool) -> None:
    path = write_key(tmp_path / "key", make_key())
    path.chmod(mode)
    assert is_exposed(path) is expected


@pytest.mark.parametrize("kind", KINDS)
@given(message=st.binary(max_size=300), other=st.binary(max_size=300), position=st.integers(0, 10_000))
@settings(deadline=None)
def test_a_signature_is_good_for_its_key_and_message_only(
    kind: str, message: bytes, other: bytes, position: int
) -> None:
    key = KEYS[kind]
    signature = sign_message(key, message)
    assert sign_message(key, message) == signature
    assert is_signed_by(key.public_key(), signature, message)
    assert is_signed_by(key.public_key(), signature, other) is (message == other)
    assert not is_signed_by(STRANGERS[kind].public_key(), signature, message)
    flipped = bytearray(signature)
    flipped[position % len(flipped)] ^= 1 << position % 8
    assert not is_signed_by(key.public_key(), bytes(flipped), message)


WRONG = b"wrong-staple"
KEYS = {kind: make_key(kind) for kind in KINDS}
STRANGERS = {kind: make_key(kind) for kind in KINDS}


def test_ecdsa_signs_where_openssl_has_no_deterministic_one(monkeypatch: pytest.MonkeyPatch) -> None:
    original = ec.ECDSA

    def old(algorithm: HashAlgorithm, deterministic_signing: bool = False) -> ec.ECDSA:
        if deterministic_signing:
            raise UnsupportedAlgorithm("this OpenSSL is too old")
        return original(algorithm)

    monkeypatch.setattr(ec, "ECDSA", old)
    key = KEYS["p256"]
    assert is_signed_by(key.public_key(), sign_message(key, b"message"), b"message")


@pytest.mark.tools("ssh-keygen")
@pytest.mark.parametrize("kind", KINDS)
def test_a_key_is_called_by_its_fingerprint(tmp_path: Path, kind: str) -> None:
    public = KEYS[kind].public_key()
    (tmp_path / "key.pub").write_bytes(public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))
    shown = subprocess.run(
        ["ssh-keygen", "-l", "-f", tmp_path / "key.pub"], capture_output=True, text=True, check=True
    ).stdout
    assert shown.split()[1] == key_id(public)


@given(st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_error_shows_anything_of_a_damaged_key(tmp_path: Path, data: st.DataObject) -> None:
    """A key file that lost or gained bytes is refused without a word of its content, also in a traceback."""
    kind, passphrase = data.draw(st.sampled_from(KINDS)), data.draw(st.sampled_from([None, b"correct-horse"]))
    path = write_key(tmp_path / "key", KEYS[kind], passphrase=passphrase)
    content = bytearray(path.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at : at + data.draw(st.integers(1, 4))] = data.draw(st.binary(max_size=3))
    path.write_bytes(content)
    body = {line for line in bytes(content).decode("latin-1").splitlines() if len(line) > 8 and "-----" not in line}
    for open_key in (lambda: load_private_key(path, lambda: WRONG), lambda: load_public_key(path)):
        try:
            open_key()
        except CliError as error:
            said = json.dumps(describe_error(error)) + "".join(traceback.format_exception(error))
            assert not [line for line in body if line in said]
            assert WRONG.decode() not in said
            assert raw(KEYS[kind]).hex() not in said
