"""The header part."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cs_stamp import FieldError, Header, UnsupportedVersionError
from stamp_samples import make_header


def test_header_survives_a_round_trip() -> None:
    header = make_header(docs_url="https://docs.example", condarc="größe: 1\n", installed_size_bytes=1 << 40)
    assert Header.from_bytes(header.to_bytes()) == header


def test_header_is_canonical_json() -> None:
    data = make_header(condarc="ü").to_bytes()
    assert b": " not in data
    assert "ü".encode() in data
    assert list(json.loads(data)) == sorted(json.loads(data))


def test_unknown_keys_are_ignored() -> None:
    assert Header.from_dict({**make_header().to_dict(), "future": 1}) == make_header()


@pytest.mark.parametrize("key", sorted(make_header().to_dict()))
def test_every_key_must_be_there(key: str) -> None:
    data = make_header().to_dict()
    del data[key]
    with pytest.raises(FieldError, match=f"^{key}: the key is missing$") as caught:
        Header.from_dict(data)
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("layout", "floppy", 'layout: expected one of online, external, embedded, found "floppy"'),
        ("freeze_base", 1, "freeze_base: expected true or false, found 1"),
        ("install_name", "a/b", 'install_name: expected a single name without a path, found "a/b"'),
        ("delegate", "..", 'delegate: expected a single name without a path, found ".."'),
        ("channels", "main", 'channels: expected a list, found "main"'),
        ("channels", ["a", 1], "channels[1]: expected a string, found 1"),
        ("runtime_version", "1\n", "runtime_version: expected text without control characters"),
        ("source_revision", "a\nb", "source_revision: expected text without control characters"),
        ("source_revision", 7, "source_revision: expected a string, found 7"),
        ("installed_file_count", -1, "installed_file_count: expected an integer of 0 or more, or null, found -1"),
        ("installed_file_count", True, "installed_file_count: expected an integer of 0 or more, or null, found true"),
        ("condarc", "\ud800", "condarc: expected text that can be encoded as UTF-8"),
        ("schema_version", "1", 'schema_version: expected an integer, found "1"'),
    ],
)
def test_a_wrong_value_is_refused_by_its_key(key: str, value: Any, message: str) -> None:
    with pytest.raises(FieldError) as caught:
        Header.from_dict({**make_header().to_dict(), key: value})
    assert str(caught.value).startswith(message)


def test_a_wrong_value_is_refused_when_the_header_is_made() -> None:
    with pytest.raises(FieldError, match=r"^commands: expected one of direct, self"):
        make_header(commands="both")


def test_a_newer_schema_is_reported() -> None:
    with pytest.raises(UnsupportedVersionError, match="schema version 2; this release reads version 1"):
        Header.from_dict({**make_header().to_dict(), "schema_version": 2})


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "not a JSON document"),
        (b"\xff", "not a JSON document"),
        (b"[]", "the document: expected an object, found []"),
        (b'{"a":1,"a":2}', "the key 'a' is out of order"),
        (b'{"a":NaN}', "NaN is not a 64-bit integer"),
        (b"[" * 100_000, "not a JSON document"),
    ],
)
def test_bytes_that_are_not_a_header_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(FieldError) as caught:
        Header.from_bytes(data)
    assert str(caught.value).startswith(message)
