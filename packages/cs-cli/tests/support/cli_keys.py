"""Keys that tests sign with."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

SigningKey = Ed25519PrivateKey | EllipticCurvePrivateKey

KINDS = ("ed25519", "p256")


def make_key(kind: str = "ed25519") -> SigningKey:
    """Generate a key of a kind that ``cs`` takes."""
    return Ed25519PrivateKey.generate() if kind == "ed25519" else generate_private_key(SECP256R1())


def write_key(
    path: Path,
    key: SigningKey,
    *,
    passphrase: bytes | None = None,
    encoding: Encoding = Encoding.PEM,
    form: PrivateFormat = PrivateFormat.PKCS8,
) -> Path:
    """Write a private key that only its owner may read."""
    lock: KeySerializationEncryption = NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase)
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(encoding, form, lock))
    return path


def write_public_key(path: Path, key: SigningKey, *, encoding: Encoding = Encoding.PEM) -> Path:
    """Write the public half of a key."""
    path.write_bytes(key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo))
    return path


def raw(key: SigningKey) -> bytes:
    """Return the secret number of a key."""
    return key.private_bytes_raw() if isinstance(key, Ed25519PrivateKey) else _number(key)


def _number(key: EllipticCurvePrivateKey) -> bytes:
    return key.private_numbers().private_value.to_bytes(32, "big")
