"""DSSE envelopes: a statement, and signatures over it (``secure-systems-lab/dsse``, version 1)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..untrusted import parse_object
from .keys import is_signed_by, key_id, sign_message

if TYPE_CHECKING:
    from .keys import PrivateKey, PublicKey

PAYLOAD_TYPE = "application/vnd.in-toto+json"
"""Media type of an in-toto statement."""

SIGNATURE_LIMIT = 64
"""Most signatures in an envelope: each costs a verification per key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature.

    :ivar key_id: what it says of its key: a hint that nothing has checked.
    """

    key_id: str | None
    value: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A statement and its signatures, none of which has been checked.

    :ivar payload: the bytes of the statement.
    """

    payload: bytes
    signatures: tuple[Signature, ...] = ()

    def verified_by(self, key: PublicKey) -> bool:
        """Tell whether one of the signatures was made with the private half of a key."""
        message = compose_message(self.payload)
        return any(is_signed_by(key, one.value, message) for one in self.signatures)

    def signed_with(self, key: PrivateKey) -> Envelope:
        """Add a signature; one of the same key is replaced, unless it is valid: then nothing changes."""
        public = key.public_key()
        if self.verified_by(public):
            return self
        name = key_id(public)
        own = Signature(key_id=name, value=sign_message(key, compose_message(self.payload)))
        return Envelope(payload=self.payload, signatures=(*(one for one in self.signatures if one.key_id != name), own))

    def to_bytes(self) -> bytes:
        """Render the envelope: one line of JSON, keys sorted."""
        document = {
            "payload": _encode(self.payload),
            "payloadType": PAYLOAD_TYPE,
            "signatures": [_render_signature(one) for one in self.signatures],
        }
        return f"{json.dumps(document, sort_keys=True, separators=(',', ':'))}\n".encode()


def sign(statement: bytes, key: PrivateKey) -> bytes:
    """Wrap a statement in an envelope with one signature.

    :returns: the envelope, as :meth:`Envelope.to_bytes` renders it.
    """
    return Envelope(payload=statement).signed_with(key).to_bytes()


def open_envelope(data: bytes) -> Envelope:
    """Read an envelope, without checking its signatures.

    :param data: of bounded size.
    :raises ValueError: if it is not an envelope around an in-toto statement with at least one signature.
    """
    return read_envelope(parse_object(data))


def read_envelope(document: Mapping[str, Any]) -> Envelope:
    """Read an envelope from parsed JSON, without checking its signatures.

    :raises ValueError: as :func:`open_envelope`.
    """
    if document.get("payloadType") != PAYLOAD_TYPE:
        raise ValueError(f"its payloadType is not {PAYLOAD_TYPE}")
    listed = document.get("signatures")
    if not isinstance(listed, list) or not 0 < len(listed) <= SIGNATURE_LIMIT:
        raise ValueError(f"its signatures are not a list of 1 to {SIGNATURE_LIMIT}")
    return Envelope(
        payload=_decode(document.get("payload"), "payload"),
        signatures=tuple(map(_read_signature, listed)),
    )


def compose_message(payload: bytes) -> bytes:
    """Compose what is signed: the pre-authentication encoding (PAE) of the payload and its type."""
    return b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def _read_signature(item: Any) -> Signature:
    if not isinstance(item, dict):
        raise ValueError("a signature is not an object")
    name = item.get("keyid")
    if not isinstance(name, str | None):
        raise ValueError("a keyid is not a string")
    return Signature(key_id=name or None, value=_decode(item.get("sig"), "sig"))


def _render_signature(signature: Signature) -> dict[str, str]:
    named = {} if signature.key_id is None else {"keyid": signature.key_id}
    return {**named, "sig": _encode(signature.value)}


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decode(text: Any, key: str) -> bytes:
    """Decode base64; DSSE allows both alphabets."""
    if not isinstance(text, str) or not text:
        raise ValueError(f"its {key} is missing")
    try:
        return base64.b64decode(text.translate(_STANDARD).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeError):
        raise ValueError(f"its {key} is not base64") from None


_STANDARD = str.maketrans("-_", "+/")
