"""Remembering what archives hold."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_samples import info_files, make_conda

import cs_cli.contents
from cs_cli.contents import inspect_archives, recall_contents, remember_contents


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
    monkeypatch.setattr(cs_cli.contents, "read_contents", lambda _: pytest.fail("read again"))
    assert inspect_archives(archives) == first


def test_some_may_be_remembered_and_some_not(archives: list[Path]) -> None:
    first = inspect_archives(archives)
    remember_contents(archives[:1], first[:1])
    assert inspect_archives(archives) == first


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"executables": 1, "entry_points": []}'])
def test_a_damaged_memory_is_ignored(text: str, archives: list[Path]) -> None:
    (archives[0].parent / "contents-1.json").write_text(text)
    assert recall_contents(archives[0]) is None
    assert inspect_archives(archives)[0].executables == ("bin/tool",)


def test_a_cache_that_cannot_be_written_to_is_no_error(archives: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    remember_contents(archives, inspect_archives(archives))
    assert recall_contents(archives[0]) is None


def test_nothing_but_the_memory_is_left(archives: list[Path]) -> None:
    remember_contents(archives, inspect_archives(archives))
    assert sorted(path.name for path in archives[0].parent.iterdir()) == ["contents-1.json", "tool0-1-0.conda"]
