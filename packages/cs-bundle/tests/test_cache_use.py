"""Who may use a cache, and how it is marked."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bundle_samples import expect
from cs_bundle import TAG_NAME, WantedArchive, clearing_cache, fetch_archives, is_cache, touch_archives, using_cache

LONG_AGO = 1_000_000_000


@pytest.fixture
def wanted(archives: dict[str, Path]) -> list[WantedArchive]:
    """Return what a lock says of archives that are files."""
    pairs = zip(expect(archives.values()), archives.values(), strict=True)
    return [replace(one, url=path.absolute().as_uri()) for one, path in pairs]


def test_a_new_directory_becomes_a_cache_and_one_with_files_does_not(tmp_path: Path) -> None:
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "notes.txt").write_text("mine")
    for name, marked in (("new", True), ("foreign", False)):
        with using_cache(tmp_path / name):
            assert is_cache(tmp_path / name) == marked
        with using_cache(tmp_path / name):  # a second time changes nothing
            assert is_cache(tmp_path / name) == marked
    assert [path.name for path in (tmp_path / "foreign").iterdir()] == ["notes.txt"]


def test_the_mark_is_one_that_backup_programs_know(tmp_path: Path) -> None:
    with using_cache(tmp_path / "cache"):
        pass
    assert (tmp_path / "cache" / TAG_NAME).read_bytes().startswith(b"Signature: 8a477f597d28d172789f06886806bc55\n")


def test_the_mark_of_another_program_does_not_count(tmp_path: Path) -> None:
    (tmp_path / TAG_NAME).write_text("Signature: 8a477f597d28d172789f06886806bc55\n# of pip\n")
    assert not is_cache(tmp_path)


@pytest.mark.only("on Unix", "it locks directories")
def test_a_cache_that_is_used_cannot_be_cleared_even_by_another_process(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from cs_bundle import clearing_cache\n"
        "with clearing_cache(Path(sys.argv[1])) as alone: print(alone)"
    )

    def ask() -> str:
        words = [sys.executable, "-c", program, str(tmp_path)]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()

    with using_cache(tmp_path), using_cache(tmp_path):
        assert ask() == "False"
    assert ask() == "True"


@pytest.mark.only("on Unix", "it locks directories")
def test_who_wants_to_use_a_cache_waits_for_the_one_who_clears_it(tmp_path: Path) -> None:
    waits: list[str] = []
    with clearing_cache(tmp_path) as alone:
        assert alone
        with pytest.raises(InterruptedError), using_cache(tmp_path, on_wait=lambda: _interrupt(waits)):
            pass
    assert waits == ["waits"]
    with using_cache(tmp_path, on_wait=lambda: _interrupt(waits)):
        assert waits == ["waits"]


def _interrupt(waits: list[str]) -> None:
    waits.append("waits")
    raise InterruptedError


def test_where_there_are_no_locks_nobody_can_tell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with using_cache(tmp_path), clearing_cache(tmp_path) as alone:
        assert alone is None


def test_a_cache_that_cannot_be_made_is_left_to_the_one_who_writes(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with using_cache(tmp_path / "file" / "cache"):
        pass


def test_a_fetched_archive_is_used_now_and_the_cache_meanwhile(tmp_path: Path, wanted: list[WantedArchive]) -> None:
    cache = tmp_path / "cache"
    states: list[bool | None] = []

    def look(_: object) -> None:
        with clearing_cache(cache) as alone:
            states.append(alone)

    paths = fetch_archives(wanted, cache, on_progress=look)
    assert states
    assert True not in states
    assert is_cache(cache)
    for path in paths:
        os.utime(path, (LONG_AGO, LONG_AGO))
    fetch_archives(wanted, cache)
    assert all(path.stat().st_mtime > LONG_AGO for path in paths)


def test_nothing_wanted_makes_no_cache(tmp_path: Path) -> None:
    assert fetch_archives([], tmp_path / "cache") == []
    assert not (tmp_path / "cache").exists()


def test_touching_what_is_gone_is_no_failure(tmp_path: Path) -> None:
    touch_archives([tmp_path / "gone"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="named pipes do not lie in folders there")
def test_a_pipe_marks_no_cache(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / TAG_NAME)
    assert not is_cache(tmp_path)
