"""The texts of licences in archives, whatever is in these."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_samples import info_files, make_conda, make_tar_bz2, make_wheel, wheel_files
from cs_cli.archives.contents import read_contents
from cs_cli.licenses import texts
from cs_cli.licenses.texts import LicenseFile, clean_text


def read(archive: Path) -> list[tuple[str, bytes, str | None]]:
    return [(one.name, one.text, one.fault) for one in read_contents(archive).license_files]


@pytest.fixture(params=[make_conda, make_tar_bz2])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Mapping[str, bytes]], Path]:
    """Write a conda package with files in ``info/``."""
    suffix = ".conda" if request.param is make_conda else ".tar.bz2"

    def write(info: Mapping[str, bytes]) -> Path:
        files = {"lib/LICENSE": b"not in info"}
        path: Path = request.param(tmp_path / f"a-1-0{suffix}", {**info, **info_files(files)}, files)
        return path

    return write


Make = Callable[[Mapping[str, bytes]], Path]


def test_a_conda_package_has_them_in_info(make: Make) -> None:
    info = {
        "info/licenses/deep/er/MIT.txt": b"mit",
        "info/licenses/COPYING": b"gpl\r\n",
        "info/LICENSE.txt": b"old",
        "info/about.json": b"{}",
        "info/recipe/LICENSE": b"of the recipe",
    }
    assert read(make(info)) == [
        ("LICENSE.txt", b"old", None),
        ("licenses/COPYING", b"gpl", None),
        ("licenses/deep/er/MIT.txt", b"mit", None),
    ]


def test_a_wheel_has_them_in_dist_info(tmp_path: Path) -> None:
    info = "demo-1.0.dist-info"
    files = {
        "demo/LICENSE": b"of a file",
        f"{info}/licenses/vendored/x.rst": b"new",
        f"{info}/COPYING.LESSER": b"old",
        f"{info}/odd-name": b"stated",
        f"{info}/top_level.txt": b"demo",
    }
    wheel = make_wheel(tmp_path / "demo-1.0-py3-none-any.whl", wheel_files(files, headers="License-File: odd-name\n"))
    assert read(wheel) == [
        ("COPYING.LESSER", b"old", None),
        ("licenses/vendored/x.rst", b"new", None),
        ("odd-name", b"stated", None),
    ]


def test_what_is_too_large_is_named_and_left_out(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "LARGEST_TEXT", 10)
    monkeypatch.setattr(texts, "LARGEST_TEXTS", 15)
    files = {"A": b"x" * 11, "B": b"y" * 10, "C": b"z" * 6, "D": b"w" * 5}
    expected = [("A", "too large"), ("B", None), ("C", "too large"), ("D", None)]
    conda = read(make({f"info/licenses/{name}": data for name, data in files.items()}))
    members = wheel_files({f"demo-1.0.dist-info/licenses/{name}": data for name, data in files.items()})
    wheel = read(make_wheel(tmp_path / "demo-1.0-py3-none-any.whl", members))
    assert [(name.removeprefix("licenses/"), fault) for name, _, fault in conda] == expected
    assert wheel == conda


def test_only_so_many_files_are_read_and_others_are_mentioned(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "MOST_FILES", 3)
    found = read(make({f"info/licenses/{number}": b"x" for number in range(9)}))
    assert [fault for _, _, fault in found] == [None, None, None, "more than 3 files"]


@pytest.mark.parametrize("name", ["\x1b[31m", "new\nline", "\u202etxt", "x" * 300])
def test_a_name_can_be_shown(name: str, make: Make) -> None:
    ((shown, _, _),) = read(make({f"info/licenses/{name}": b"x"}))
    assert shown.isprintable()
    assert len(shown) <= 203


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("é".encode(), "é"),
        ("é".encode("latin-1"), "é"),
        ("é\r\n".encode("utf-16"), "é"),
        (b"\xef\xbb\xbfa", "a"),
        (b"\n\n  a  \n\fb\tc\x85\r\n", "  a\n\nb       c\u2026"),
        (b"a \x1b[31m text that is otherwise harmless", "a \\x1b[31m text that is otherwise harmless"),
        (b"", ""),
        (b"%PDF\0\1\2", None),
        (b"\1\2\3\4 few letters", None),
    ],
)
def test_any_encoding_becomes_utf_8(data: bytes, text: str | None) -> None:
    assert clean_text(data) == (None if text is None else text.encode())


@given(st.binary() | st.text().map(str.encode))
def test_no_text_commands_a_terminal(data: bytes) -> None:
    if (cleaned := clean_text(data)) is not None:
        text = cleaned.decode()
        assert not [one for one in text if unicodedata.category(one) in ("Cc", "Zl", "Zp") and one != "\n"]
        assert clean_text(cleaned) == cleaned


def test_texts_are_not_remembered(make: Make) -> None:
    contents = read_contents(make({"info/licenses/A": b"x"}))
    assert contents.license_files == (LicenseFile("licenses/A", b"x"),)
    assert type(contents).from_dict(contents.to_dict()) == contents
