from __future__ import annotations

import pytest
import tomli
from hypothesis import given
from hypothesis import strategies as st

from cs_manifest._positions import find_duplicate, format_key, locate

TEXT = """\
# [not.a.table]
[workspace]
platforms = ["linux-64", { platform = "osx-arm64", macos = "13" }]
[feature.'ship it'.dependencies]
python = '''
[fake]
'''
numpy.version = "2"
[[extra]]
name = 1
[[extra]]
name = 2
[extra.inner]
deep = { x = [1, { y = 2 }] }
"""


@pytest.mark.parametrize(
    ("path", "position"),
    [
        (("workspace",), (2, 2)),
        (("workspace", "platforms", 1, "macos"), (3, 52)),
        (("feature", "ship it", "dependencies"), (4, 20)),
        (("feature", "ship it", "dependencies", "numpy", "version"), (8, 7)),
        (("extra", 0, "name"), (10, 1)),
        (("extra", 1, "name"), (12, 1)),
        (("extra", 1, "inner", "deep", "x", 1, "y"), (14, 20)),
        (("workspace", "channels"), (2, 2)),
        (("fake",), None),
    ],
)
def test_keys_are_found_where_they_stand(path: tuple[str | int, ...], position: tuple[int, int] | None) -> None:
    assert locate(TEXT, path) == position


def test_what_cannot_be_understood_ends_the_search_quietly() -> None:
    assert locate("a = 1\n!!!\nb = 2\n", ("a",)) == (1, 1)
    assert locate("a = 1\n!!!\nb = 2\n", ("b",)) is None
    assert locate("a = " + "[" * 5000, ("a",)) == (1, 1)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[[a]]\nb = 1\n[[a]]\nb = 1\n", None),
        ("[a.b]\n[a]\n", None),
        ("a.b = 1\na.c = 2\n", None),
        ("[[a]]\n[a]\n", "a"),
        ("[[a]]\n[a.b]\n[a.b]\n", "a[0].b"),
        ("b.c = 1\nb = 2\n", "b"),
    ],
)
def test_duplicates_are_found_and_nothing_else(text: str, key: str | None) -> None:
    found = find_duplicate(text)
    assert (None if found is None else format_key(found[0])) == key


@pytest.mark.parametrize(
    ("path", "text"),
    [(("a", 0, "b-c"), "a[0].b-c"), (("a b", "c"), '"a b".c'), ((), "")],
)
def test_keys_are_written_as_in_toml(path: tuple[str | int, ...], text: str) -> None:
    assert format_key(path) == text


@given(st.text(alphabet=st.sampled_from("ab.=[]{}\"'#\n ,1\\"), max_size=60))
def test_any_text_is_scanned_without_an_exception(text: str) -> None:
    locate(text, ("a", "b"))
    find_duplicate(text)


keys = st.sampled_from(["a", "b", "c-d", "e f"])
values = st.recursive(
    st.integers() | st.booleans() | st.text(alphabet="x'\"\\[]{}=#,. ", max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


def render(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(map(render, value)) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{key}" = {render(item)}' for key, item in value.items()) + " }"
    return str(value)


def list_paths(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, item in items for found in [(*path, key), *list_paths(item, (*path, key))]]


@given(st.dictionaries(keys, st.dictionaries(keys, values, max_size=3), max_size=3))
def test_every_key_of_a_document_has_a_position_of_its_own(tables: dict[str, dict[str, object]]) -> None:
    lines = []
    for name, table in tables.items():
        lines.append(f'["{name}"]')
        lines += [f'"{key}" = {render(value)}' for key, value in table.items()]
    text = "\n".join(lines)
    assert tomli.loads(text) == tables
    positions = [locate(text, path) for path in list_paths(tables)]
    assert None not in positions
    assert len(set(positions)) == len(positions)
    assert find_duplicate(text) is None


@given(st.dictionaries(keys, values, max_size=4))
def test_the_position_of_a_value_is_where_it_is_written(table: dict[str, object]) -> None:
    lines = [f'"{key}"  =  {render(value)}' for key, value in table.items()]
    for number, (key, value) in enumerate(table.items(), 1):
        line, column = locate("\n".join(lines), (key,), value=True) or (0, 0)
        assert line == number
        assert lines[line - 1][column - 1 :] == render(value)


def test_a_table_has_no_value_and_is_found_by_its_key() -> None:
    assert locate(TEXT, ("workspace",), value=True) == (2, 2)
