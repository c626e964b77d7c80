"""A table is added to a manifest, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli
from hypothesis import assume, example, given
from hypothesis import strategies as st

from cs_cli.errors import CliError
from cs_cli.setup.manifest_text import _adds_only, add_table, render_table

MARK = b"\xef\xbb\xbf"
VALUES: dict[str, object] = {"runtime": "demo", "source-environment": 'sh"ip é', "delegate": "hello"}

BLOCKS = (
    '[workspace]\nname = "a"\n',
    "[workspace]\n",
    'tool.x.y = 1\ntool."z z" = { a = 1, b.c = [1, 2] }\n',
    "[tool.a]\nx = 1 # why\n",
    "[tool.b.c]\n  y   =  2\n",
    "[tool]\nz = 1\n",
    '["tool"."quoted"]\nx = """\n[tool.conda-ship]\n"""\n',
    "[[tool.list]]\na = 1\n[[tool.list]]\na = 2\n",
    "[[things]]\na = 1\n",
    "[numbers]\nh = 0xFF\nf = 1e06\nn = nan\nd = 1979-05-27 07:32:00Z\nt = 07:32\n",
    '[eleven]\nx = {\n  a = 1, # TOML 1.1\n  b = 2,\n}\ne = "\\e\\x41"\n',
    "# a comment\n\n   \n",
    "[feature.test.dependencies]\npython = '*'\n",
    "[target.'cfg(x)']\nr = '''\n# no comment\n'''\n",
)
ODD = st.lists(st.sampled_from(BLOCKS), unique=True, max_size=7).flatmap(st.permutations).map("".join)
FORMS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "no final newline": lambda data: data.rstrip(b"\n"),
    "spaces at the end": lambda data: data + b"  \t ",
    "a comment at the end": lambda data: data + b"# end",
    "windows": lambda data: data.replace(b"\n", b"\r\n"),
    "windows without final newline": lambda data: data.rstrip(b"\n").replace(b"\n", b"\r\n"),
    "byte order mark": lambda data: MARK + data,
    "mixed line ends": lambda data: data.replace(b"\n", b"\r\n", 1),
    "blank lines at the end": lambda data: data + b"\n\n\n",
}


def read(data: bytes) -> dict[str, Any]:
    """Read TOML with the parser that reads manifests."""
    return tomli.loads(data.removeprefix(MARK).decode().replace("\r\n", "\n"))


def is_toml(data: bytes) -> bool:
    try:
        read(data)
    except tomli.TOMLDecodeError:
        return False
    return True


@given(ODD, st.sampled_from(sorted(FORMS)), st.sampled_from([b"", b"tool = {}\n", b"tool = { x = 1, y = {z = 2} }\n"]))
@example("", "plain", b"")
@example(BLOCKS[0], "windows", b"tool = { x = 1 }\n")
def test_nothing_else_changes(text: str, form: str, inline: bytes) -> None:
    before = FORMS[form](inline + text.encode())
    assume(is_toml(before))
    after = add_table(before, VALUES, Path("pixi.toml"))
    expected = read(before)
    expected.setdefault("tool", {})["conda-ship"] = VALUES
    assert repr(sort(read(after))) == repr(sort(expected))  # NaN is not equal to itself
    if inline:
        assert any(after.startswith(before[:at]) and after.endswith(before[at:]) for at in range(len(before)))
    else:
        assert after.startswith(before)
        added = after.removeprefix(before)
        ends = {b"\r\n"} if before.count(b"\r\n") * 2 > before.count(b"\n") else {b"\n"}
        assert {line[len(line.rstrip(b"\r\n")) :] for line in added.splitlines(keepends=True)} == ends
        assert ends.pop().decode().join(render_table(VALUES)).encode() in added


def sort(value: Any) -> Any:
    """Order the keys of all tables."""
    return {key: sort(value[key]) for key in sorted(value)} if isinstance(value, dict) else value


@given(
    st.dictionaries(
        st.sampled_from(["runtime", "delegate", "source-environment", "exclude", "freeze-base", "runtime-version"]),
        st.text(st.characters(exclude_categories=["C"]))
        | st.booleans()
        | st.lists(st.text("abc-", min_size=1))
        | st.just({"from": "project-metadata"}),
    )
)
def test_every_value_is_read_as_it_was_written(values: dict[str, object]) -> None:
    after = add_table(b"[workspace]\n", values, Path("pixi.toml"))
    assert read(after)["tool"]["conda-ship"] == values
    assert not any(set("\r\n") & set(line) for line in render_table(values))


def test_one_blank_line_separates_the_table() -> None:
    for before in (b"a = 1", b"a = 1\n", b"a = 1\n\n"):
        assert add_table(before, {"runtime": "x"}, Path("p")) == b'a = 1\n\n[tool.conda-ship]\nruntime = "x"\n'
    assert add_table(b"", {"runtime": "x"}, Path("p")) == b'[tool.conda-ship]\nruntime = "x"\n'


@pytest.mark.parametrize("text", ["tool = 1\n", "[[tool]]\na = 1\n", '[tool]\nconda-ship = "taken"\n'])
def test_what_cannot_be_extended_is_refused_with_lines_to_add(text: str) -> None:
    with pytest.raises(CliError) as caught:
        add_table(text.encode(), VALUES, Path("pixi.toml"))
    assert caught.value.kind == "manifest-not-editable"
    assert 'runtime = "demo"' in str(caught.value.hint)


@pytest.mark.parametrize(
    "after",
    [
        'a = 2\n[tool.conda-ship]\nruntime = "x"\n',
        'a = 1\nb = 1\n[tool.conda-ship]\nruntime = "x"\n',
        '[tool.conda-ship]\nruntime = "x"\n',
        'a = 1\n[tool.conda-ship]\nruntime = "y"\n',
        "a = 1\n[tool.conda-ship\n",
    ],
)
def test_a_text_that_differs_in_more_than_the_table_is_not_written(after: str) -> None:
    values: dict[str, object] = {"runtime": "x"}
    assert _adds_only("a = 1\n", 'a = 1\n[tool.conda-ship]\nruntime = "x"\n', values)
    assert not _adds_only("a = 1\n", after, values)
