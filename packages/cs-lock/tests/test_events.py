from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import yaml
from yaml.scanner import ScannerError

from cs_lock._blocks import MAX_DEPTH, Quoted
from cs_lock._errors import LockError
from cs_lock._events import locate, parse_events

_NAMES = "abcdefghij"
LAUGHS = "a: &a [x]\n"
for before, name in pairwise(_NAMES):
    LAUGHS += f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n"


def test_reads_flow_collections_and_keeps_scalars_as_text() -> None:
    assert parse_events("a: [1, no, '2', null, ~]\nb: {c: 1.0}\n") == {
        "a": ["1", "no", "2", None, None],
        "b": {"c": "1.0"},
    }


def test_marks_quoted_scalars() -> None:
    tree = parse_events('a: "1"\nb: !!str 2\nc: 3\n')
    assert [type(tree[key]) for key in "abc"] == [Quoted, Quoted, str]


def test_refuses_anchors_before_they_expand() -> None:
    with pytest.raises(LockError, match="do not use YAML anchors") as caught:
        parse_events(LAUGHS)
    assert (caught.value.kind, caught.value.line, caught.value.column) == ("anchors", 1, 4)


def test_refuses_duplicate_keys_and_says_where() -> None:
    with pytest.raises(LockError, match="the key 'b' appears twice") as caught:
        parse_events("a:\n  b: 1\n  b: 2\n")
    assert (caught.value.kind, caught.value.line, caught.value.column, caught.value.key) == ("duplicate-key", 3, 3, "a")


def test_refuses_deep_nesting() -> None:
    with pytest.raises(LockError, match=f"more than {MAX_DEPTH} levels") as caught:
        parse_events("[" * 500 + "]" * 500)
    assert caught.value.kind == "too-deep"


def test_refuses_a_second_document() -> None:
    with pytest.raises(LockError, match="a second one starts here") as caught:
        parse_events("a: 1\n---\nb: 1\n")
    assert (caught.value.kind, caught.value.line) == ("several-documents", 2)


def test_refuses_tags_and_collections_as_keys() -> None:
    with pytest.raises(LockError, match="is not allowed in a lock"):
        parse_events("a: !!python/object:os.system x\n")
    with pytest.raises(LockError, match="a key must be text"):
        parse_events("? [a]\n: 1\n")


def test_says_where_yaml_breaks_off() -> None:
    with pytest.raises(LockError, match="not valid YAML") as caught:
        parse_events("a: 1\nb: [1, 2\n")
    assert (caught.value.kind, caught.value.line) == ("invalid-yaml", 3)


def test_locates_values_and_falls_back_to_their_parents() -> None:
    text = "packages:\n- conda: x\n  sha256: 12\n- conda: y\n"
    assert locate(text, ["packages[0].sha256", "packages[1].sha256", "nowhere"]) == {
        "packages[0].sha256": (3, 11),
        "packages[1].sha256": (4, 3),
        "nowhere": (1, 1),
    }


def _limit_parser(monkeypatch: pytest.MonkeyPatch, levels: int | None) -> None:
    """Read with a parser that gives up while it looks ahead at this many brackets; ``None``: as PyYAML's own does."""
    if levels is None:
        monkeypatch.setattr(yaml, "__with_libyaml__", False)
        return
    parse = yaml.parse

    def give_up(text: str, Loader: Any) -> Iterator[Any]:
        for event in parse(text, Loader=Loader):
            yield event
            assert event.end_mark is not None
            end = event.end_mark.index
            brackets = list(re.finditer(r"[\[{]", text[end : end + 1024].partition("\n")[0]))
            if len(brackets) > levels:
                mark = yaml.Mark("", end + brackets[levels].start(), 0, 0, None, 0)
                raise ScannerError(None, None, "enough of it", mark)

    monkeypatch.setattr(yaml, "parse", give_up)


@pytest.mark.parametrize("levels", [None, 70, 400])
@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 2000,
        "a: " + "[" * 2000 + "]" * 2000,
        "a: " + "{b: " * 2000,
        "a: [b, '[', " + "[ " * 2000,
        "a:\n- b: " + "[" * 63,
        "- " * 2000 + "a",
        "".join(f"{' ' * i}a:\n" for i in range(200)),
        "a: " + "[\n" * 2000,
    ],
)
def test_too_deep_is_told_as_that_by_every_parser(
    text: str, levels: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    _limit_parser(monkeypatch, levels)
    with pytest.raises(LockError, match="nested more than 64 levels deep") as caught:
        parse_events(text)
    assert caught.value.kind == "too-deep"
    assert caught.value.line is not None


@pytest.mark.parametrize("is_pure", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "a: [" + "'[[[', " * 100 + "}",
        "a: [b, # " + "[" * 100 + "\n  {]",
        "a: '" + "[" * 2000,
        "a: " + "[" * 50,
        "a: [" + "[], " * 100 + "}",
    ],
)
def test_what_is_broken_but_not_deep_is_told_as_that(text: str, is_pure: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if is_pure:
        _limit_parser(monkeypatch, None)
    with pytest.raises(LockError) as caught:
        parse_events(text)
    assert caught.value.kind == "invalid-yaml"
