"""Envelopes: what other verifiers say of them, and which are refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import sigstore.dsse
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope as OtherEnvelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import CryptoSigner, SSlibKey

from cli_keys import KINDS, SigningKey, make_key
from cs_cli.signing.envelope import PAYLOAD_TYPE, SIGNATURE_LIMIT, Envelope, compose_message, open_envelope, sign
from cs_cli.signing.keys import key_id

KEYS = {kind: make_key(kind) for kind in KINDS}
STATEMENT = json.dumps(
    {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "demo", "digest": {"sha256": "0" * 64}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {"name": "schön"},
    },
    ensure_ascii=False,
).encode()


def other_key(key: SigningKey) -> SSlibKey:
    """Return a public key as securesystemslib has it, by the name that the envelope uses."""
    public = key.public_key()
    return SSlibKey.from_crypto(public, keyid=key_id(public))


@pytest.mark.parametrize("kind", KINDS)
def test_securesystemslib_accepts_it_and_no_other(kind: str) -> None:
    envelope = OtherEnvelope.from_dict(json.loads(sign(STATEMENT, KEYS[kind])))
    assert (envelope.payload, envelope.payload_type) == (STATEMENT, "application/vnd.in-toto+json")
    assert list(envelope.verify([other_key(KEYS[kind])], 1)) == [key_id(KEYS[kind].public_key())]
    stranger = make_key(kind).public_key()
    with pytest.raises(VerificationError):
        envelope.verify([SSlibKey.from_crypto(stranger, keyid=key_id(KEYS[kind].public_key()))], 1)
    envelope.payload = STATEMENT + b" "
    with pytest.raises(VerificationError):
        envelope.verify([other_key(KEYS[kind])], 1)


def test_securesystemslib_accepts_both_of_two_signatures() -> None:
    envelope = open_envelope(sign(STATEMENT, KEYS["ed25519"])).signed_with(KEYS["p256"])
    other = OtherEnvelope.from_dict(json.loads(envelope.to_bytes()))
    assert len(other.verify(list(map(other_key, KEYS.values())), 2)) == 2


def test_sigstore_accepts_it_and_no_other() -> None:
    """The library knows ECDSA only."""
    envelope = sigstore.dsse.Envelope._from_json(sign(STATEMENT, KEYS["p256"]))
    public = KEYS["p256"].public_key()
    assert isinstance(public, EllipticCurvePublicKey)
    assert sigstore.dsse._verify(public, envelope) == STATEMENT
    stranger = make_key("p256").public_key()
    assert isinstance(stranger, EllipticCurvePublicKey)
    with pytest.raises(sigstore.dsse.VerificationError):
        sigstore.dsse._verify(stranger, envelope)
    assert sigstore.dsse.Statement(STATEMENT)._pae() == compose_message(STATEMENT)


@pytest.mark.parametrize("kind", KINDS)
def test_what_securesystemslib_signs_is_accepted(kind: str) -> None:
    other = OtherEnvelope(STATEMENT, PAYLOAD_TYPE, {})
    other.sign(CryptoSigner(KEYS[kind]))
    envelope = open_envelope(json.dumps(other.to_dict()).encode())
    assert envelope.payload == STATEMENT
    assert envelope.verified_by(KEYS[kind].public_key())
    assert not envelope.verified_by(make_key(kind).public_key())


def test_what_is_signed_is_encoded_as_the_specification_says() -> None:
    assert compose_message(b"hello world") == b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"


@pytest.mark.parametrize("kind", KINDS)
@given(payload=st.binary(min_size=1))
@settings(deadline=None)
def test_what_is_signed_comes_back(kind: str, payload: bytes) -> None:
    data = sign(payload, KEYS[kind])
    envelope = open_envelope(data)
    assert envelope.payload == payload
    assert envelope.to_bytes() == data == sign(payload, KEYS[kind])
    assert envelope.verified_by(KEYS[kind].public_key())
    assert envelope.signed_with(KEYS[kind]) == envelope


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
@settings(deadline=None)
def test_no_changed_envelope_verifies_unless_it_says_the_same(kind: str, data: st.DataObject) -> None:
    signed = bytearray(sign(STATEMENT, KEYS[kind]))
    at = data.draw(st.integers(0, len(signed) - 1))
    signed[at] = data.draw(st.integers(0, 255))
    try:
        envelope = open_envelope(bytes(signed))
    except ValueError:
        return
    assert not envelope.verified_by(KEYS[kind].public_key()) or envelope.payload == STATEMENT


def test_a_second_key_adds_a_signature_and_the_same_key_does_not() -> None:
    first = Envelope(payload=STATEMENT).signed_with(KEYS["ed25519"])
    both = first.signed_with(KEYS["p256"])
    assert [len(first.signatures), len(both.signatures)] == [1, 2]
    assert both.signatures[0] == first.signatures[0]
    assert all(both.verified_by(key.public_key()) for key in KEYS.values())
    assert both.signed_with(KEYS["ed25519"]) is both


def test_a_damaged_signature_of_the_same_key_is_replaced() -> None:
    document = json.loads(sign(STATEMENT, KEYS["ed25519"]))
    document["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    damaged = open_envelope(json.dumps(document).encode())
    assert not damaged.verified_by(KEYS["ed25519"].public_key())
    assert damaged.signed_with(KEYS["ed25519"]).to_bytes() == sign(STATEMENT, KEYS["ed25519"])


def test_a_name_of_a_key_decides_nothing() -> None:
    document = json.loads(sign(STATEMENT, KEYS["p256"]))
    for name in (None, "", key_id(KEYS["ed25519"].public_key())):
        document["signatures"][0]["keyid"] = name
        envelope = open_envelope(json.dumps(document).encode())
        assert envelope.verified_by(KEYS["p256"].public_key())
        assert not envelope.verified_by(KEYS["ed25519"].public_key())


def test_both_alphabets_of_base64_are_read() -> None:
    payload = bytes(range(256))
    document = json.loads(sign(payload, KEYS["ed25519"]))
    document["payload"] = base64.urlsafe_b64encode(payload).decode()
    assert "_" in document["payload"]
    assert open_envelope(json.dumps(document).encode()).payload == payload


GOOD: dict[str, Any] = {"payload": "aGk=", "payloadType": PAYLOAD_TYPE, "signatures": [{"keyid": "a", "sig": "aGk="}]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"payload": None}, "its payload is missing"),
        ({"payload": "aGk"}, "its payload is not base64"),
        ({"payload": "aG k="}, "its payload is not base64"),
        ({"payload": "é\udcff"}, "its payload is not base64"),
        ({"payloadType": "text/plain"}, "its payloadType is not"),
        ({"payloadType": []}, "its payloadType is not"),
        ({"signatures": []}, "its signatures are not a list of 1 to"),
        ({"signatures": {}}, "its signatures are not a list of 1 to"),
        ({"signatures": GOOD["signatures"] * (SIGNATURE_LIMIT + 1)}, "its signatures are not a list of 1 to"),
        ({"signatures": ["aGk="]}, "a signature is not an object"),
        ({"signatures": [{"keyid": 5, "sig": "aGk="}]}, "a keyid is not a string"),
        ({"signatures": [{"keyid": "a"}]}, "its sig is missing"),
        ({"signatures": [{"keyid": "a", "sig": "%"}]}, "its sig is not base64"),
    ],
)
def test_other_documents_are_refused(change: dict[str, Any], message: str) -> None:
    assert open_envelope(json.dumps(GOOD).encode()).payload == b"hi"
    with pytest.raises(ValueError, match=message):
        open_envelope(json.dumps({**GOOD, **change}).encode())


def test_an_envelope_that_programs_may_read_in_two_ways_is_refused() -> None:
    with pytest.raises(ValueError, match="the key 'payload' appears twice"):
        open_envelope(json.dumps(GOOD).replace("{", '{"payload": "aGk=", ', 1).encode())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(sorted(GOOD)), inner),
    )
)
def test_no_document_does_more_than_be_refused(document: Any) -> None:
    with pytest.raises(ValueError, match=" "):
        open_envelope(json.dumps(document).encode())
