"""Keys that sign and verify: Ed25519, and ECDSA on the curve P-256."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import CliError
from ..untrusted import read_limited

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey
    PublicKey = Ed25519PublicKey | EllipticCurvePublicKey

Passphrase = Callable[[], bytes]
"""Returns a passphrase; called only if a key is encrypted."""

KEY_LIMIT_BYTES = 1 << 16
"""Largest file that may be a key."""

_BEGIN = b"-----BEGIN "
_MADE_WITH = "make a key with `openssl genpkey -algorithm ed25519 -out KEY.pem`"
_PUBLIC_WITH = "write the public key with `openssl pkey -in KEY.pem -pubout -out KEY.pub`"
_PUBLIC = b"PUBLIC KEY"
_FOREIGN = {
    b"OPENSSH PRIVATE KEY": ("an OpenSSH key", "convert a copy with `ssh-keygen -p -m PKCS8 -f KEY`"),
    b"ENCRYPTED SIGSTORE PRIVATE KEY": ("a private key of cosign", _MADE_WITH),
    b"ENCRYPTED COSIGN PRIVATE KEY": ("a private key of cosign", _MADE_WITH),
    b"PGP PRIVATE KEY BLOCK": ("a PGP key", _MADE_WITH),
    b"CERTIFICATE": ("a certificate", "give the key itself"),
}
"""What else is in PEM files, and what to do instead."""


def load_private_key(path: Path, passphrase: Passphrase) -> PrivateKey:
    """Load a key to sign with: PEM (PKCS#8, SEC1) or DER (PKCS#8), encrypted or not.

    :param passphrase: returns the passphrase of an encrypted key.
    :raises CliError: ``not-found``, ``cannot-read``, ``key-invalid``, ``key-unsupported`` or ``key-passphrase``. No
        message contains anything of the file.
    """
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = _open_private_key(path, passphrase)
    if isinstance(key, Ed25519PrivateKey) or (isinstance(key, EllipticCurvePrivateKey) and _is_p256(key)):
        return key
    raise _unsupported(path, key)


def load_public_key(path: Path) -> PublicKey:
    """Load a key to verify with: PEM or DER (SubjectPublicKeyInfo).

    :raises CliError: ``not-found``, ``cannot-read``, ``key-invalid`` or ``key-unsupported``. No message contains
        anything of the file, which may be a private key by mistake.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

    data = _read(path)
    if b"PRIVATE KEY-----" in data:
        raise _invalid(path, "this is a private key, a public key is needed", f"keep it secret, and {_PUBLIC_WITH}")
    _refuse_foreign(path, data)
    try:
        key = load_pem_public_key(data) if _BEGIN in data else load_der_public_key(data)
    except (ValueError, UnsupportedAlgorithm):
        raise _invalid(path, "not a public key in PEM or DER, or damaged", _PUBLIC_WITH) from None
    if isinstance(key, Ed25519PublicKey) or (isinstance(key, EllipticCurvePublicKey) and _is_p256(key)):
        return key
    raise _unsupported(path, key)


def key_id(key: PublicKey) -> str:
    """Name a public key: by its fingerprint, as ``ssh-keygen -l`` shows it.

    Verifiers in Go (``go-securesystemslib``, on which cosign is built) skip a signature that names its key otherwise.

    :returns: ``SHA256:`` and 43 characters of base64.
    """
    from base64 import b64decode, b64encode
    from hashlib import sha256

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    blob = b64decode(key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split()[1])
    return f"SHA256:{b64encode(sha256(blob).digest()).decode().rstrip('=')}"


def sign_message(key: PrivateKey, message: bytes) -> bytes:
    """Sign a message: with Ed25519, or with ECDSA and SHA-256.

    The same key and message give the same signature; with ECDSA only if OpenSSL can do that (3.2 and newer).

    :returns: of ECDSA the DER encoding.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256

    if isinstance(key, Ed25519PrivateKey):
        return key.sign(message)
    try:
        return key.sign(message, ECDSA(SHA256(), deterministic_signing=True))  # RFC 6979
    except UnsupportedAlgorithm:
        return key.sign(message, ECDSA(SHA256()))


def is_signed_by(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Tell whether a signature of a message was made with the private half of a key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, message)
        else:
            key.verify(signature, message, ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def is_exposed(path: Path) -> bool:
    """Tell whether a file is there and other users of this machine may read it."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return os.name == "posix" and stat.S_ISREG(mode) and bool(mode & (stat.S_IRGRP | stat.S_IROTH))


def _open_private_key(path: Path, passphrase: Passphrase) -> object:
    data = _read(path)
    _refuse_foreign(path, data)
    if _BEGIN + _PUBLIC + b"-----" in data:
        raise _invalid(path, "this is a public key, a private key is needed", "give the private key")
    try:
        return _parse_private_key(data, None)
    except TypeError:  # it is encrypted
        return _decrypt(path, data, passphrase())
    except ValueError:
        raise _invalid(path, "not a private key in PEM or PKCS#8, or damaged", _MADE_WITH) from None


def _decrypt(path: Path, data: bytes, passphrase: bytes) -> object:
    if not passphrase:
        raise CliError("the passphrase is empty", kind="key-passphrase", path=path)
    try:
        return _parse_private_key(data, passphrase)
    except ValueError:
        message = "cannot be decrypted: the passphrase is wrong, or the key is damaged"
        raise CliError(message, kind="key-passphrase", path=path) from None


def _parse_private_key(data: bytes, passphrase: bytes | None) -> object:
    """Parse a private key.

    :raises TypeError: if it is encrypted, and there is no passphrase.
    :raises ValueError: if it cannot be read, or the passphrase is wrong.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

    try:
        return load_pem_private_key(data, passphrase) if _BEGIN in data else load_der_private_key(data, passphrase)
    except UnsupportedAlgorithm:
        raise ValueError("unsupported algorithm") from None


def _read(path: Path) -> bytes:
    try:
        return read_limited(path, KEY_LIMIT_BYTES)
    except FileNotFoundError:
        raise CliError("the key does not exist", kind="not-found", path=path) from None
    except OSError as error:
        raise CliError(f"the key cannot be read: {error.strerror or error}", kind="cannot-read", path=path) from None
    except ValueError as error:
        raise _invalid(path, f"not a key: {error}", _MADE_WITH) from None


def _refuse_foreign(path: Path, data: bytes) -> None:
    """Refuse a PEM file that holds something else, by its name."""
    for label, (name, hint) in _FOREIGN.items():
        if _BEGIN + label + b"-----" in data:
            raise _invalid(path, f"this is {name}, a key in PEM or PKCS#8 is needed", hint)


def _is_p256(key: EllipticCurvePrivateKey | EllipticCurvePublicKey) -> bool:
    return key.curve.name == "secp256r1"


def _unsupported(path: Path, key: object) -> CliError:
    curve = getattr(getattr(key, "curve", None), "name", None)
    name = type(key).__name__.removesuffix("PrivateKey").removesuffix("PublicKey")
    actual = f"ECDSA on {curve}" if curve else name
    message = f"keys of this kind are not supported: {actual}"
    expected = "Ed25519, or ECDSA on P-256"
    return CliError(message, kind="key-unsupported", path=path, expected=expected, actual=actual, hint=_MADE_WITH)


def _invalid(path: Path, message: str, hint: str) -> CliError:
    return CliError(message, kind="key-invalid", path=path, hint=hint)
