from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cs_lock._blocks import Quoted, Unsupported, parse_blocks
from cs_lock._events import parse_events

_texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=12)
_keys = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
_trees = st.recursive(
    _texts | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=4),
    max_leaves=20,
)


def test_reads_what_rattler_writes() -> None:
    text = "version: 6\npackages:\n- conda: https://x/a-1-0.conda\n  depends:\n  - b >=1,<2\n  - c\n  size: 12\n"
    assert parse_blocks(text) == {
        "version": "6",
        "packages": [{"conda": "https://x/a-1-0.conda", "depends": ["b >=1,<2", "c"], "size": "12"}],
    }


def test_reads_what_conda_workspaces_writes() -> None:
    text = "a:\n  linux-64:\n    - conda: \n        https://x/y/a-1-0.conda\n    - conda:\n        https://x/y/b-1-0.conda\n"
    assert parse_blocks(text) == {
        "a": {"linux-64": [{"conda": "https://x/y/a-1-0.conda"}, {"conda": "https://x/y/b-1-0.conda"}]}
    }


def test_keeps_scalars_that_yaml_versions_disagree_about() -> None:
    assert parse_blocks("a: no\nb: 1_0\nc: 1:30\nd: 010\ne: 2024-01-01\n") == {
        "a": "no",
        "b": "1_0",
        "c": "1:30",
        "d": "010",
        "e": "2024-01-01",
    }


def test_tells_null_from_quoted_null() -> None:
    tree = parse_blocks("a: null\nb: 'null'\nc:\nd: ~\ne: \"\"\n")
    assert tree == {"a": None, "b": "null", "c": None, "d": None, "e": ""}
    assert type(tree["b"]) is Quoted


def test_reads_empty_collections_comments_and_doubled_quotes() -> None:
    text = "---\n# a comment\na: []\nb: {}\n\nc: 'it''s'\n"
    assert parse_blocks(text) == {"a": [], "b": {}, "c": "it's"}


@pytest.mark.parametrize(
    "text",
    [
        "a: &x 1\n",
        "a: *x\n",
        "a: [1]\n",
        "a: {b: 1}\n",
        "a: |\n  text\n",
        "a: b\n  more\n",
        "a: 1\na: 2\n",
        "a: 1 # comment\n",
        "a: b: c\n",
        'a: "\\u0041"\n',
        "a:\n  b: 1\n c: 2\n",
        "- a\n",
        "a\n",
        "a: !!str 1\n",
        "a: 1\n---\nb: 2\n",
        "a:\n-\n",
        "\ta: 1\n",
    ],
)
def test_leaves_other_yaml_to_the_full_reader(text: str) -> None:
    with pytest.raises(Unsupported):
        parse_blocks(text)


@given(st.dictionaries(_keys, _trees, max_size=5))
def test_agrees_with_the_full_reader(tree: dict[str, object]) -> None:
    text = yaml.safe_dump(tree, allow_unicode=True, width=10**6)
    try:
        blocks = parse_blocks(text)
    except Unsupported:
        return
    assert blocks == (parse_events(text) or {})


@given(st.text(st.sampled_from("ab:- '\"#[]{}\n0~")))
def test_never_reads_text_otherwise_than_the_full_reader(text: str) -> None:
    from cs_lock._errors import LockError

    try:
        blocks = parse_blocks(text)
    except Unsupported:
        return
    try:
        events = parse_events(text)
    except LockError as error:
        raise AssertionError(f"the full reader refuses {text!r}: {error}") from error
    assert blocks == (events if events is not None else {})
