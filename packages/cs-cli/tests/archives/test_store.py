"""A store keeps the archives that it gave out from being removed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli_samples import Channel
from cs_bundle import WantedArchive, clearing_cache
from cs_cli.archives.store import ArchiveStore
from cs_cli.terminal.console import Console

pytestmark = pytest.mark.only("on Unix", "it locks directories")


@pytest.fixture
def wanted(channel: Channel) -> list[WantedArchive]:
    """Return what a lock says of the packages of a channel."""
    return [
        WantedArchive(
            file_name=record["conda"].rpartition("/")[2],
            sha256=record["sha256"],
            size_bytes=record["size"],
            url=record["conda"],
        )
        for record in channel.records
    ]


@pytest.fixture
def store(tmp_path: Path) -> ArchiveStore:
    """Return a store with a cache of its own."""
    return ArchiveStore(cache=tmp_path / "cache")


def can_be_cleared(store: ArchiveStore) -> bool | None:
    with clearing_cache(store.cache) as is_alone:
        return is_alone


def test_archives_are_held_until_they_are_released(wanted: list[WantedArchive], store: ArchiveStore) -> None:
    for _ in ("fetched", "from the cache"):
        store.provide(wanted, Console(quiet=True))
        assert can_be_cleared(store) is False
        store.release()
        assert can_be_cleared(store) is True
    store.release()


def test_a_store_that_is_gone_holds_nothing(wanted: list[WantedArchive], tmp_path: Path, store: ArchiveStore) -> None:
    other = ArchiveStore(cache=tmp_path / "cache")
    other.provide(wanted, Console(quiet=True))
    assert can_be_cleared(store) is False
    del other
    assert can_be_cleared(store) is True


def test_what_is_given_out_is_used_now(wanted: list[WantedArchive], store: ArchiveStore) -> None:
    paths = store.provide(wanted, Console(quiet=True))
    for path in paths:
        os.utime(path, (0, 0))
    assert store.provide(wanted, Console(quiet=True)) == paths
    assert all(path.stat().st_mtime > 0 for path in paths)


def test_looking_for_an_archive_holds_nothing(wanted: list[WantedArchive], store: ArchiveStore) -> None:
    assert store.provide([], Console(quiet=True)) == []
    assert not store.cache.exists()
    assert store.folders(wanted) == set()
    assert not store.cache.exists()


def test_it_says_that_it_waits_for_a_clean_up(
    wanted: list[WantedArchive], store: ArchiveStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.provide(wanted, Console(quiet=True))
    store.release()
    said: list[str] = []

    def stop(_: Console, line: str) -> None:
        said.append(line)
        raise InterruptedError

    monkeypatch.setattr(Console, "say", stop)
    with clearing_cache(store.cache), pytest.raises(InterruptedError):
        store.provide(wanted, Console())
    assert said == ["waiting for cs cache clean"]
