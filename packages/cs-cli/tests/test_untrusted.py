"""Reading what others wrote."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_cli import untrusted
from cs_cli.untrusted import iterate_items, parse_document, read_document, read_limited

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture
def piecewise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every document be read in pieces of a few bytes."""
    monkeypatch.setattr(untrusted, "_CHUNK_BYTES", 3)
    monkeypatch.setattr(untrusted, "VALUE_LIMIT_BYTES", 2)


def items(text: str) -> list[Any]:
    return list(iterate_items(io.BytesIO(text.encode()), "paths"))


@given(before=VALUES, paths=st.lists(VALUES), after=VALUES, indent=st.sampled_from([None, 0, 3]))
def test_items_are_those_of_the_whole_document(before: Any, paths: list[Any], after: Any, indent: int | None) -> None:
    document = {"a": before, "paths": paths, "z": after}
    text = json.dumps(document, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        expected = json.loads(text)["paths"]
    except ValueError:  # a lone surrogate is not UTF-8
        return
    assert list(iterate_items(io.BytesIO(text), "paths")) == expected
    # Larger than what is read at once, the same comes in pieces.
    padded = b" " * untrusted.VALUE_LIMIT_BYTES + text
    for chunk in (1, 7):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(untrusted, "_CHUNK_BYTES", chunk)
            assert list(iterate_items(io.BytesIO(padded), "paths")) == expected


BROKEN = {
    "nothing": "",
    "a list": "[]",
    "no list": '{"a": 1}',
    "another value": '{"paths": {}}',
    "cut off": '{"paths": [1, 2',
    "a comma too many": '{"paths": [1,]}',
    "no comma": '{"paths": [1 2]}',
    "no colon": '{"paths" [1]}',
    "a key that is a number": "{1: [1]}",
    "more behind it": '{"paths": [1]} x',
    "NaN": '{"paths": [NaN]}',
    "digits": '{"paths": [' + "9" * 5000 + "]}",
    "deep": '{"paths": [' + "[" * 100_000 + "]}",
}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_another_kind_of_document_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        items(text)


@pytest.mark.usefixtures("piecewise")
@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
def test_it_is_refused_in_pieces_too(text: str) -> None:
    with pytest.raises(ValueError):
        items(text)


def test_a_list_that_is_there_twice_is_refused_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untrusted, "VALUE_LIMIT_BYTES", 20)
    with pytest.raises(ValueError, match="the key 'paths' appears twice"):
        items('{"paths": [1], "paths": [2], "more": 3}')


def test_a_value_is_limited_and_a_list_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untrusted, "VALUE_LIMIT_BYTES", 100)
    monkeypatch.setattr(untrusted, "_CHUNK_BYTES", 10)
    assert items(f'{{"paths": [{",".join(["[]"] * 5000)}]}}') == [[]] * 5000
    for text in (f'{{"paths": ["{"x" * 500}"]}}', f'{{"x": "{"x" * 500}", "paths": []}}'):
        with pytest.raises(ValueError, match=r"Unterminated string|a value takes more than 100 bytes"):
            items(text)


def test_a_file_is_read_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"[1]")
    assert read_limited(path, 3) == b"[1]"
    assert read_document(path) == [1]
    with pytest.raises(ValueError, match="it is larger than 2 bytes"):
        read_limited(path, 2)


@pytest.mark.only("on Unix", "it has named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="it is not a regular file"):
        read_limited(tmp_path / "pipe", 10)


@pytest.mark.parametrize("data", [b"NaN", b"[" * 100_000, b"\xff", b"1" * 5000])
def test_only_json_is_json(data: bytes) -> None:
    with pytest.raises(ValueError):
        parse_document(data)
