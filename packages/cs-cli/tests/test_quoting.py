"""The line of a file that an error is about."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cs_cli.quoting import quote_line


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "conda.toml"


def marked(path: Path, line: int, column: int) -> tuple[str, str]:
    """Return the line that is shown, and the part of it that is marked."""
    excerpt = quote_line(path, line, column)
    assert excerpt is not None
    assert excerpt.number == line
    return excerpt.text, excerpt.text[excerpt.start : excerpt.end]


@pytest.mark.parametrize(
    ("text", "line", "column", "shown"),
    [
        ("a = 1\nlayout = 2\n", 2, 1, ("layout = 2", "layout")),
        ("a = 1\r\nlayout = 2\r\n", 2, 10, ("layout = 2", "2")),
        ("[tool.conda-ship]", 1, 7, ("[tool.conda-ship]", "conda-ship")),
        ('a = "b c" # d', 1, 5, ('a = "b c" # d', '"b c"')),
        ("\ufeffa = 1", 1, 1, ("a = 1", "a")),
        ("a = ", 1, 9, ("a = ", "")),
    ],
)
def test_the_word_at_the_column_is_marked(
    text: str, line: int, column: int, shown: tuple[str, str], file: Path
) -> None:
    file.write_bytes(text.encode())
    assert marked(file, line, column) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('url = "https://me:sekrit@host/x" # here', 'url = "https://***@host/x" # here'),
        ('- conda: https://host/t/sekrit/x "here"', '- conda: https://host/t/***/x "here"'),
        ("token = 'sekrit'", "token = ***"),
        ('  "API_KEY": "sekrit"', '  "API_KEY": ***'),
    ],
)
def test_secrets_are_masked_and_the_mark_stays_in_its_place(text: str, shown: str, file: Path) -> None:
    file.write_text(text, encoding="utf-8")
    for column in range(1, len(text) + 1):
        line, part = marked(file, 1, column)
        assert line == shown
        assert "sekrit" not in part


def test_what_comes_after_a_mask_is_marked(file: Path) -> None:
    file.write_text('url = "https://me:sekrit@host/x" # here', encoding="utf-8")
    assert marked(file, 1, 36) == ('url = "https://***@host/x" # here', "here")


@pytest.mark.parametrize("text", [r'url = "https://me:sekrit\u0040host/x"', "a\0b", "x" * 20_000])
def test_what_cannot_be_masked_or_read_is_not_shown(text: str, file: Path) -> None:
    file.write_text(text, encoding="utf-8")
    assert quote_line(file, 1, 1) is None


def test_a_line_that_is_not_there_is_not_shown(file: Path) -> None:
    assert quote_line(file, 1, 1) is None
    file.write_text("a = 1\n", encoding="utf-8")
    assert quote_line(file, 5, 1) is None
    assert quote_line(file.parent, 1, 1) is None


@pytest.mark.only("on Unix", "it has named pipes")
def test_a_pipe_is_not_waited_for(file: Path) -> None:
    os.mkfifo(file)
    assert quote_line(file, 1, 1) is None


@given(st.text(st.characters(exclude_characters="\n\r\0\\", codec="utf-8"), max_size=80), st.integers(1, 90))
def test_the_marked_part_is_in_the_line(tmp_path_factory: pytest.TempPathFactory, text: str, column: int) -> None:
    path = tmp_path_factory.mktemp("quoted") / "f"
    path.write_text(f"{text}\n", encoding="utf-8", newline="")
    excerpt = quote_line(path, 1, column)
    assert excerpt is not None
    assert 0 <= excerpt.start <= excerpt.end <= len(excerpt.text)


@pytest.mark.parametrize(
    "token", ["ghp_0123456789abcdefghij", "github_pat_0123456789_abc", "glpat-0123456789-abc", "pypi-AgEIcHlwaS5vcmc"]
)
def test_a_token_that_shows_what_it_is_is_masked_under_any_key(token: str, tmp_path: Path) -> None:
    path = tmp_path / "conda.toml"
    path.write_text(f'PLAIN = "{token}" x\n')
    excerpt = quote_line(path, 1, 1)
    assert excerpt is not None
    assert excerpt.text == 'PLAIN = "***" x'


@pytest.mark.parametrize("quotes", ['"""', "'''"])
def test_a_line_inside_a_long_string_is_not_shown(quotes: str, tmp_path: Path) -> None:
    path = tmp_path / "conda.toml"
    path.write_text(f"A_TOKEN = {quotes}\nsecret\n{quotes}\nname = 5\n")
    assert [quote_line(path, number, 1) for number in (2, 3)] == [None, None]
    assert quote_line(path, 4, 1) is not None


def test_a_line_that_is_not_utf8_is_shown_as_far_as_it_is(file: Path) -> None:
    file.write_bytes(b'name = "caf\xe9"\nlayout = 2\n')
    assert marked(file, 2, 1) == ("layout = 2", "layout")
    assert marked(file, 1, 1) == ('name = "caf\ufffd"', "name")
