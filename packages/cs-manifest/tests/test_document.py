from __future__ import annotations

from pathlib import Path

import pytest

from cs_manifest import ManifestError
from cs_manifest._document import MAX_KEY_PARTS, MAX_SIZE_BYTES, describe, read_document

FIXTURES = Path(__file__).parent / "fixtures"


def write(tmp_path: Path, content: bytes | str) -> Path:
    path = tmp_path / "conda.toml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_toml_1_1_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, 'a = {\n  b = 1, # a comment\n  c = "\\e",\n}\n')
    assert read_document(path).data == {"a": {"b": 1, "c": "\x1b"}}


def test_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, b"\xef\xbb\xbfa = 1\r\nb = 2\r\n"))
    assert document.data == {"a": 1, "b": 2}
    assert document.error("x", kind="value-type", key=("b",)).line == 2


@pytest.mark.parametrize(
    ("content", "kind", "where", "message"),
    [
        ("[workspace\n", "manifest-syntax", (1, 11), "is not valid TOML: expected ']' at the end of a table declar"),
        ('a = "b', "manifest-syntax", (1, 7), "is not valid TOML"),
        ("a = 1\na = 2\n", "manifest-syntax", (2, 1), "a: is defined twice, first on line 1"),
        ("[a]\n[b]\n[a]\n", "manifest-syntax", (3, 2), "a: is defined twice, first on line 1"),
        ("[t]\na.b = 1\n[t.a]\n", "manifest-syntax", (3, 4), "t.a: is defined twice, first on line 2"),
        ("t = { a = 1, a = 2 }\n", "manifest-syntax", (1, 14), "t.a: is defined twice, first on line 1"),
        (b"a = 1\nb = \xff\n", "manifest-encoding", (2, 5), "byte 0xff is not UTF-8"),
        (b"\xff\xfea\x00", "manifest-encoding", (1, 1), "is UTF-16, not UTF-8"),
        (b"\x7fELF\x02\x01\x01\x00", "manifest-syntax", (1, 1), "is not valid TOML"),
        ("a = " + "[" * 100_000, "manifest-syntax", (None, None), "values are nested too deeply"),
        ("a = " + "{b = " * 100_000, "manifest-syntax", (None, None), "values are nested too deeply"),
        ("a = " + "9" * 5000, "manifest-syntax", (None, None), "a value cannot be read"),
        ("x = 1\n" + "a." * 40 + "b = 1", "manifest-syntax", (2, 1), f"more than {MAX_KEY_PARTS} parts"),
        ("x = {" + '"a" . ' * 40 + "b = 1}", "manifest-syntax", (1, 6), f"more than {MAX_KEY_PARTS} parts"),
        ("# " + "x" * MAX_SIZE_BYTES, "manifest-too-large", (None, None), "is larger than 1 MiB"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_not_toml_gives_one_error_that_points_there(
    tmp_path: Path, content: bytes | str, kind: str, where: tuple[int, int], message: str
) -> None:
    with pytest.raises(ManifestError) as caught:
        read_document(write(tmp_path, content))
    assert caught.value.kind == kind
    assert (caught.value.line, caught.value.column) == where
    assert message in str(caught.value)


def test_an_empty_file_is_an_empty_document(tmp_path: Path) -> None:
    assert read_document(write(tmp_path, "")).data == {}


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read: No such file") as caught:
        read_document(tmp_path / "conda.toml")
    assert caught.value.kind == "manifest-unreadable"


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_fault_found_so_far_gives_one_error(path: Path) -> None:
    with pytest.raises(ManifestError):
        read_document(path)


def test_a_table_that_is_something_else_is_an_error(tmp_path: Path) -> None:
    document = read_document(write(tmp_path, "[tool]\nconda-ship = 3\n"))
    with pytest.raises(ManifestError, match=r":2:1: tool.conda-ship: must be a table, not 3"):
        document.table(("tool", "conda-ship"))
    assert document.table(("tool", "pixi")) == {}


def test_the_largest_manifest_is_read(tmp_path: Path) -> None:
    """One of 1 MB: what is quadratic in its length does not end."""
    path = write(tmp_path, "".join(f'[feature.f{i}.dependencies]\npython = ">=3.{i}"\n' for i in range(20_000)))
    assert MAX_SIZE_BYTES * 0.9 < path.stat().st_size < MAX_SIZE_BYTES
    assert len(read_document(path).data["feature"]) == 20_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x" * 100, repr("x" * 77 + "...")),
        (True, "true"),
        (10**5000, "a very large integer"),
        (3, "3"),
        ([], "an array"),
        ({}, "a table"),
    ],
    ids=["long", "boolean", "large", "integer", "array", "table"],
)
def test_values_are_described_in_few_words(value: object, text: str) -> None:
    assert describe(value) == text


@pytest.mark.parametrize(
    ("content", "where", "message", "hint"),
    [
        ("a = b c\n", (1, 5), "invalid value", 'put text in quotes: "b"'),
        ("a = ?\n", (1, 5), "invalid value", None),
        ('a = "b\nc = 1\n', (1, 7), "a text is not closed before the line ends", "add the missing quote"),
        (
            "a = 1\n<<<<<<< HEAD\nb = 2\n=======\nb = 3\n>>>>>>> x\n",
            (2, 1),
            "it has the marks of a merge conflict",
            "resolve the conflict",
        ),
    ],
)
def test_the_usual_slips_have_a_hint(
    tmp_path: Path, content: str, where: tuple[int, int], message: str, hint: str | None
) -> None:
    with pytest.raises(ManifestError, match=f"is not valid TOML: {message}") as caught:
        read_document(write(tmp_path, content))
    assert (caught.value.line, caught.value.column, caught.value.hint) == (*where, hint)
