"""Remembering what archives hold."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import cs_cli.archives.remembered
from cli_samples import info_files, make_conda
from cs_cli.archives.remembered import inspect_archives, read_archives, recall_contents, remember_contents


@pytest.fixture
def archives(tmp_path: Path) -> list[Path]:
    """Return archives, each in a folder of its own, as in the package cache."""
    files = {"bin/tool": b"x"}
    return [
        make_conda(tmp_path / str(number) / f"tool{number}-1-0.conda", info_files(files), files) for number in range(3)
    ]


def test_what_was_remembered_is_not_read_again(archives: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    first = inspect_archives(archives)
    remember_contents(archives, first)
    monkeypatch.setattr(cs_cli.archives.remembered, "read_contents", lambda _: pytest.fail("read again"))
    assert inspect_archives(archives) == first


def test_some_may_be_remembered_and_some_not(archives: list[Path]) -> None:
    first = inspect_archives(archives)
    remember_contents(archives[:1], first[:1])
    assert inspect_archives(archives) == first


def remembered(**changes: object) -> str:
    """Return a document as it is remembered, changed."""
    known = {
        "executables": ["bin/evil"],
        "entry_points": [],
        "installed_size": 1,
        "installed_files": 1,
        "prefix_limit": None,
    }
    return json.dumps({**known, **changes})


DAMAGED = {
    "empty": "",
    "cut off": "{",
    "a list": "[]",
    "a number": "1",
    "without keys": "{}",
    "a number for a list": remembered(executables=1),
    "nothing for a list": remembered(entry_points=None),
    "nested": "[" * 100_000,
    "nested keys": '{"executables":' * 50_000,
    "an endless size": remembered().replace('"installed_size": 1', '"installed_size": 1e999'),
    "not a number": remembered().replace('"installed_size": 1', '"installed_size": NaN'),
    "a fraction": remembered(installed_size=1.5),
    "true": remembered(installed_files=True),
    "negative": remembered(installed_size=-1),
    "many digits": remembered().replace('"installed_size": 1', '"installed_size": ' + "9" * 5000),
    "a limit that is a list": remembered(prefix_limit=[]),
    "large": remembered(executables=["x" * (1 << 20)]),
    "binary": "\x00\ufffe",
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_memory_is_ignored(text: str, archives: list[Path]) -> None:
    (archives[0].parent / "contents-1.json").write_text(text, encoding="utf-16-le" if "\ufffe" in text else "utf-8")
    assert recall_contents(archives[0]) is None
    assert inspect_archives(archives)[0].executables == ("bin/tool",)


@pytest.mark.only("on Unix", "it has named pipes")
def test_a_memory_that_never_ends_is_ignored(archives: list[Path]) -> None:
    os.mkfifo(archives[0].parent / "contents-1.json")
    (archives[1].parent / "contents-1.json").symlink_to("/dev/zero")
    assert [one.executables for one in inspect_archives(archives)] == [("bin/tool",)] * 3


def test_what_was_remembered_wrongly_is_corrected_and_never_what_an_archive_says(archives: list[Path]) -> None:
    (archives[0].parent / "contents-1.json").write_text(remembered())
    assert inspect_archives(archives)[0].executables == ("bin/evil",)
    contents = read_archives(archives)
    assert contents[0].executables == ("bin/tool",)
    remember_contents(archives, contents)
    assert recall_contents(archives[0]) == contents[0]


def test_an_unwritable_cache_is_not_an_error(archives: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    remember_contents(archives, inspect_archives(archives))
    assert recall_contents(archives[0]) is None


def test_nothing_but_the_memory_is_left(archives: list[Path]) -> None:
    remember_contents(archives, inspect_archives(archives))
    assert sorted(path.name for path in archives[0].parent.iterdir()) == ["contents-1.json", "tool0-1-0.conda"]
