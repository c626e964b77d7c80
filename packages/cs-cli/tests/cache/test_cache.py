"""``cs cache``: what is in the package cache, and what goes."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_samples import Cs, Outcome
from cs_bundle import using_cache
from cs_cli.cache.cleaning import Limits, choose_entries
from cs_cli.cache.survey import CachedFile, Entry, survey_cache
from terminals import answer_at_terminal

SCHEMA = json.loads((resources.files("cs_cli") / "schemas" / "cache.schema.json").read_bytes())
DAY = 86_400


class Cache:
    """A cache with archives of a known age."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with using_cache(path):
            pass

    def add(self, name: str, *, size: int = 1000, days: float = 0) -> Path:
        """Add an archive that was used some days ago."""
        sha256 = hashlib.sha256(name.encode()).hexdigest()
        path = self.path / sha256[:2] / sha256 / name
        path.parent.mkdir(parents=True)
        path.write_bytes(b"x" * size)
        used = time.time() - days * DAY
        os.utime(path, (time.time(), used))
        return path

    @property
    def names(self) -> list[str]:
        """Everything in the cache that is a file, without the mark of a cache."""
        return sorted(path.name for path in self.path.rglob("*") if path.is_file() and path.name != "CACHEDIR.TAG")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """Return the cache that ``cs`` uses."""
    return Cache(tmp_path / "cache")


@pytest.fixture
def ask(cs: Cs) -> Callable[..., dict[str, Any]]:
    """Run ``cs cache`` with ``--json``, and check the document against the schema."""

    def run(*words: str | Path, status: int = 0) -> dict[str, Any]:
        outcome = cs("cache", *words, "--json")
        assert outcome.status == status, outcome.err
        document: dict[str, Any] = json.loads(outcome.out)
        jsonschema.Draft202012Validator(SCHEMA).validate(document)
        return document

    return run


def test_the_text_names_the_cache_from_home(
    cache: Cache, cs: Cs, ask: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(cache.path.parent))
    assert cs("cache", "info").out.splitlines()[0] == f"Package cache  ~/{cache.path.name}"
    assert ask("info")["path"] == str(cache.path)


def test_a_cache_that_does_not_exist_is_empty(cs: Cs, ask: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    assert ask("info") | {"free_size_bytes": None} == {
        "schema_version": 1,
        "action": "info",
        "path": str(tmp_path / "cache"),
        "archive_count": 0,
        "size_bytes": 0,
        "free_size_bytes": None,
        "oldest_use": None,
        "newest_use": None,
        "kinds": {},
    }
    assert "empty" in cs("cache", "info").out
    assert cs("cache", "clean").out == "Nothing to remove; 0 archives, 0 B in the cache.\n"
    assert not (tmp_path / "cache").exists()


def test_the_directory_alone_can_be_used_in_a_script(cs: Cs, tmp_path: Path) -> None:
    assert cs("cache", "dir") == Outcome(0, f"{tmp_path / 'cache'}\n", "")
    assert cs("cache", "dir", "--cache-dir", tmp_path).out == f"{tmp_path}\n"


def test_info_counts_archives_by_kind_and_says_how_old(
    cache: Cache, cs: Cs, ask: Callable[..., dict[str, Any]]
) -> None:
    for name, size, days in (
        ("a-1-0.conda", 5000, 3),
        ("b-1-0.conda", 1, 0),
        ("c-1-0.tar.bz2", 20, 40),
        ("d-1-py3-none-any.whl", 300, 1),
        ("e-1.tar.gz", 7, 2),
    ):
        cache.add(name, size=size, days=days)
    remembered = next(cache.path.rglob("a-1-0.conda")).with_name("contents-1.json")
    remembered.write_text("{}")
    document = ask("info")
    assert (document["archive_count"], document["size_bytes"]) == (5, 5330)
    assert list(document["kinds"]) == ["conda", "source", "tar.bz2", "wheel"]
    assert document["kinds"]["conda"] == {"count": 2, "size_bytes": 5001}
    assert document["oldest_use"] < document["newest_use"]
    text = cs("cache", "info").out
    assert "5 archives, 5.3 kB" in text
    assert "(40 days ago)" in text
    assert "(within the last hour)" in text
    assert "conda           2  5.0 kB" in text


def test_a_build_fills_the_cache_and_another_one_uses_it(
    workspace: object, template: Path, cs: Cs, cache: Cache
) -> None:
    assert cs("build", "--layout", "embedded").status == 0
    assert len(cache.names) > 0
    for path in cache.path.rglob("*.conda"):
        os.utime(path, (0, 0))
    assert cs("cache", "clean", "--older-than", "1d", "--dry-run").out.endswith("0 archives, 0 B would stay.\n")
    assert cs("build", "--layout", "embedded").status == 0
    assert cs("cache", "clean", "--older-than", "1d").out.startswith("Nothing to remove")
    assert "Removed 3 archives" in cs("cache", "clean", "--yes").out
    assert cache.names == []
    assert sorted(path.name for path in cache.path.iterdir()) == ["CACHEDIR.TAG"]
    assert cs("build", "--layout", "embedded").status == 0


def test_what_was_not_used_for_long_goes_first(cache: Cache, cs: Cs, ask: Callable[..., dict[str, Any]]) -> None:
    for number, days in enumerate((50, 40, 30, 0)):
        cache.add(f"p{number}-1-0.conda", days=days)
    document = ask("clean", "--older-than", "35d", "--max-size", "1.5kB", "--dry-run")
    assert [one["file"] for one in document["removed"]] == ["p0-1-0.conda", "p1-1-0.conda", "p2-1-0.conda"]
    assert (document["kept_count"], document["freed_size_bytes"], document["dry_run"]) == (1, 3000, True)
    assert len(cache.names) == 4
    assert (
        cs("cache", "clean", "--older-than", "35d").out
        == "Removed 2 archives, freed 2.0 kB; 2 archives, 2.0 kB left.\n"
    )
    document = ask("clean", "--max-size", "1.5kB")
    assert (document["removed_count"], document["kept_count"], cache.names) == (1, 1, ["p3-1-0.conda"])


ENTRIES = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 100)), max_size=20).map(
    lambda pairs: [
        Entry(path=Path(str(at)), files=(CachedFile(path=Path(f"{at}/x.conda"), size_bytes=size, changed=float(used)),))
        for at, (size, used) in enumerate(pairs)
    ]
)


@given(ENTRIES, st.none() | st.integers(0, 100), st.none() | st.integers(0, 50_000))
def test_limits_hold_and_nothing_goes_without_need(entries: list[Entry], age: int | None, limit: int | None) -> None:
    now = 100.0
    gone = choose_entries(entries, Limits(older_than_s=age, max_size_bytes=limit), now)
    kept = [entry for entry in entries if entry not in gone]
    if age is None and limit is None:
        assert kept == []
        return
    assert age is None or all(now - entry.last_used <= age for entry in kept)
    assert limit is None or sum(entry.size_bytes for entry in kept) <= limit
    young = [entry for entry in gone if age is None or now - entry.last_used <= age]
    if young:  # they went for the limit: with the one used last of them, it would be exceeded
        assert limit is not None
        assert sum(entry.size_bytes for entry in (*kept, young[-1])) > limit
        assert all(entry.last_used >= young[-1].last_used for entry in kept)


@pytest.mark.only("on Unix", "it locks directories")
def test_a_cache_in_use_is_left_alone(cache: Cache, cs: Cs) -> None:
    cache.add("a-1-0.conda")
    with using_cache(cache.path):
        outcome = cs("cache", "clean", "--yes")
        assert (outcome.status, outcome.out) == (1, "")
        assert "a build is using the package cache" in outcome.err
        assert cs("cache", "info").status == 0
    assert cache.names == ["a-1-0.conda"]


def test_without_locks_what_was_used_today_stays(
    cache: Cache, ask: Callable[..., dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.add("new-1-0.conda")
    part = cache.add("old-1-0.conda", days=2).with_name(".old-1-0.conda.0123456789ab.part")
    part.write_bytes(b"part")
    monkeypatch.setitem(sys.modules, "fcntl", None)
    document = ask("clean", "--yes")
    assert (document["removed_count"], document["spared_count"]) == (1, 1)
    assert "used in the last 24 hours" in document["warnings"][0]
    assert cache.names == ["new-1-0.conda"]


def test_parts_of_killed_downloads_go_and_what_is_not_ours_stays(
    cache: Cache, ask: Callable[..., dict[str, Any]]
) -> None:
    archive = cache.add("a-1-0.conda")
    archive.with_name(".a-1-0.conda.0123456789ab.part").write_bytes(b"part")
    (cache.path / "notes.txt").write_text("mine")
    (cache.path / "ab").mkdir(exist_ok=True)
    (cache.path / "ab" / "short").write_text("mine")
    (archive.parent / "folder").mkdir()
    (archive.parent / "folder" / "file").write_text("mine")
    document = ask("clean", "--older-than", "1d")
    assert (document["removed_count"], document["freed_size_bytes"]) == (0, 4)
    assert cache.names == ["a-1-0.conda", "file", "notes.txt", "short"]
    ask("clean", "--yes")
    assert cache.names == ["file", "notes.txt", "short"]


@pytest.mark.only("on Unix", "it has symbolic links")
def test_no_link_leads_out_of_the_cache(cache: Cache, ask: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    digest = "ab" * 32
    (victim / digest).mkdir(parents=True)
    for path in (victim / digest / "x.conda", victim / "y.conda"):
        path.write_bytes(b"precious")
    (cache.path / "ab").symlink_to(victim)
    (cache.path / "cd").mkdir()
    (cache.path / "cd" / ("cd" * 32)).symlink_to(victim / digest)
    inside = cache.add("a-1-0.conda")
    (inside.parent / "link.conda").symlink_to(victim / "y.conda")
    (inside.parent / "folder").symlink_to(victim)
    ask("clean", "--yes")
    assert (victim / digest / "x.conda").read_bytes() == (victim / "y.conda").read_bytes() == b"precious"
    assert not inside.parent.exists()


def test_a_directory_that_is_not_a_cache_is_refused(cs: Cs, tmp_path: Path) -> None:
    digest = "ab" * 32
    blobs = tmp_path / "blobs" / "ab" / digest
    blobs.mkdir(parents=True)
    (blobs / "data").write_bytes(b"a registry's")
    for words in (["--yes"], ["--dry-run"], ["--older-than", "1d"], []):
        outcome = cs("cache", "clean", "--cache-dir", tmp_path / "blobs", *words)
        assert outcome.status == 1
        assert "not marked as a package cache" in outcome.err
    assert (blobs / "data").exists()


def test_without_a_terminal_everything_goes_only_with_yes(cache: Cache, cs: Cs) -> None:
    cache.add("a-1-0.conda")
    outcome = cs("cache", "clean")
    assert outcome.status == 2
    assert "--yes" in outcome.err
    assert cache.names == ["a-1-0.conda"]
    assert cs("cache", "clean", "-y").status == 0
    assert cache.names == []


@pytest.mark.only("on Unix", "it has pseudo-terminals")
@pytest.mark.parametrize(
    ("answer", "status", "is_gone"),
    [
        (b"y\n", 0, True),
        (b"YES\n", 0, True),
        (b"n\n", 0, False),
        (b"\n", 0, False),
        (b"\x03", 130, False),
        (b"\x04", 1, False),
    ],
)
def test_at_a_terminal_it_asks(cache: Cache, answer: bytes, status: int, is_gone: bool) -> None:
    cache.add("a-1-0.conda")
    words = [sys.executable, "-m", "cs_cli", "cache", "clean"]
    code, written = answer_at_terminal(words, "[y/N]", answer, {"CONDA_SHIP_CACHE_DIR": str(cache.path)})
    assert code == status, written
    assert "Remove one archive (1.0 kB) from" in written
    assert cache.names == ([] if is_gone else ["a-1-0.conda"])


def test_what_cannot_be_removed_is_said(cache: Cache, cs: Cs, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, gone = cache.add("a-1-0.conda"), cache.add("b-1-0.conda")
    unlink = Path.unlink

    def refuse(path: Path, *, missing_ok: bool = False) -> None:
        if path == kept:
            raise PermissionError(13, "Permission denied", str(path))
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    outcome = cs("cache", "clean", "--yes")
    assert outcome.status == 1
    assert outcome.out == "Removed one archive, freed 1.0 kB; one archive, 1.0 kB left.\n"
    assert f"{kept}: cannot remove it: Permission denied" in outcome.err
    assert not gone.exists()


def test_a_cache_that_cannot_be_read_is_an_error_with_a_way_out(cs: Cs, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = cs("cache", "info", "--cache-dir", tmp_path / "file")
    assert outcome.status == 1
    assert "cannot read the package cache" in outcome.err
    assert "--cache-dir" in outcome.err


def test_a_survey_follows_the_name_of_the_cache_itself(cache: Cache, tmp_path: Path) -> None:
    cache.add("a-1-0.conda")
    (tmp_path / "link").symlink_to(cache.path)
    assert survey_cache(tmp_path / "link").archive_count == 1
