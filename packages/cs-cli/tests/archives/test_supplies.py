"""Where archives come from."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

import cs_bundle
from cli_samples import Channel
from cs_bundle import ArchiveMismatchError, FetchError, WantedArchive, write_bundle
from cs_cli.archives.contents import ArchiveContents
from cs_cli.archives.store import ArchiveStore
from cs_cli.archives.supplies import Supplies
from cs_cli.terminal.console import Console

QUIET = Console(quiet=True)


@pytest.fixture
def wanted(channel: Channel) -> tuple[WantedArchive, ...]:
    """Return what a lock would say of the channel's archives."""
    return tuple(
        WantedArchive(
            url=one["conda"], file_name=one["conda"].rpartition("/")[2], sha256=one["sha256"], size_bytes=one["size"]
        )
        for one in channel.records
    )


@pytest.fixture
def store(tmp_path: Path) -> ArchiveStore:
    return ArchiveStore(cache=tmp_path / "cache")


def test_what_is_not_there_is_fetched_in_order(store: ArchiveStore, wanted: tuple[WantedArchive, ...]) -> None:
    paths = store.provide(wanted, QUIET)
    assert [path.name for path in paths] == [one.file_name for one in wanted]
    assert [sha256(path.read_bytes()).hexdigest() for path in paths] == [one.sha256 for one in wanted]


def test_what_is_there_needs_neither_network_nor_words(
    store: ArchiveStore, wanted: tuple[WantedArchive, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = store.provide(wanted, QUIET)
    monkeypatch.setattr(ArchiveStore, "fetch", lambda *_: pytest.fail("fetched again"))
    assert store.provide(wanted, QUIET) == paths


def test_fetching_mends_what_is_damaged(store: ArchiveStore, wanted: tuple[WantedArchive, ...]) -> None:
    path = store.fetch(wanted, QUIET)[1]
    good = path.read_bytes()
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    store.fetch(wanted, QUIET)
    assert path.read_bytes() == good


def test_offline_stays_offline(tmp_path: Path) -> None:
    store = ArchiveStore(cache=tmp_path / "cache", offline=True)
    one = WantedArchive(url="https://localhost/x-1-0.conda", file_name="x-1-0.conda", sha256="0" * 64, size_bytes=1)
    with pytest.raises(FetchError, match="is not in the cache, and downloads are off"):
        store.provide([one], QUIET)


def test_progress_says_how_many(
    store: ArchiveStore, wanted: tuple[WantedArchive, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    store.fetch(wanted[:1], Console())
    assert capsys.readouterr().err.startswith("copying one local archive (")
    store.fetch(wanted, Console())
    assert capsys.readouterr().err.startswith("copying 3 local archives (")
    remote = WantedArchive(url="https://localhost/x-1-0.conda", file_name="x-1-0.conda", sha256="0" * 64, size_bytes=1)
    with pytest.raises(FetchError):
        ArchiveStore(cache=store.cache, offline=True).fetch([remote, *wanted], Console())
    assert capsys.readouterr().err == ""


def test_what_the_cache_has_is_not_said_to_be_fetched(
    store: ArchiveStore, wanted: tuple[WantedArchive, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    lost = WantedArchive(url="https://localhost/x-1-0.conda", file_name="x-1-0.conda", sha256="0" * 64, size_bytes=1)
    cached = [replace(one, url=f"https://localhost/{one.file_name}") for one in wanted]
    store.fetch(wanted, QUIET)
    for archives, said in (
        ([lost], "fetching one package ("),
        ([lost, *cached], "collecting 4 packages, fetching one of them ("),
        ([lost, *wanted], "collecting one package and 3 local archives, fetching one of them ("),
    ):
        with pytest.raises(FetchError):
            store.fetch(archives, Console())
        assert capsys.readouterr().err.startswith(said)
    store.fetch(cached, Console())
    assert capsys.readouterr().err.startswith("collecting 3 packages (")


def test_what_a_damaged_cache_has_is_not_said_to_be_fetched_offline(
    store: ArchiveStore, wanted: tuple[WantedArchive, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    remote = [replace(one, url=f"https://localhost/{one.file_name}") for one in wanted]
    store.fetch(wanted, QUIET)
    ArchiveStore(cache=store.cache, offline=True).fetch([wanted[0], *remote[1:]], Console())
    assert capsys.readouterr().err.startswith("collecting 2 packages and one local archive (")


@pytest.mark.parametrize(("is_offline", "remedy"), [(False, "; fetching it again"), (True, "")])
def test_a_damaged_archive_of_the_cache_is_named_once_and_the_error_once(
    store: ArchiveStore,
    wanted: tuple[WantedArchive, ...],
    capsys: pytest.CaptureFixture[str],
    is_offline: bool,
    remedy: str,
) -> None:
    def find_damage(archives: list[Path]) -> None:
        raise ArchiveMismatchError("x: the SHA-256 does not match the lock", name="libz-1.0-0.conda")

    store.provide(wanted, QUIET)
    with pytest.raises(ArchiveMismatchError):
        ArchiveStore(cache=store.cache, offline=is_offline).use(wanted, Console(), find_damage)
    written = capsys.readouterr().err
    assert written.splitlines()[0] == f"libz-1.0-0.conda in the cache is damaged{remedy}"
    assert "does not match" not in written


@pytest.mark.parametrize(
    ("kept", "said"), [(0, ""), (1, "kept in the cache: one package\n"), (2, "kept in the cache: 2 packages\n")]
)
def test_an_interruption_says_what_is_kept(
    kept: int,
    said: str,
    store: ArchiveStore,
    wanted: tuple[WantedArchive, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fetch = cs_bundle.fetch_archives

    def interrupt(requests: tuple[WantedArchive, ...], cache: Path, **_: Any) -> None:
        fetch(requests[:kept], cache)
        raise KeyboardInterrupt

    monkeypatch.setattr(cs_bundle, "fetch_archives", interrupt)
    with pytest.raises(KeyboardInterrupt):
        store.fetch(wanted, Console())
    assert capsys.readouterr().err.partition("\n")[2] == said


def make_supplies(wanted: tuple[WantedArchive, ...], archives: list[Path]) -> Supplies:
    contents = ArchiveContents(executables=(), entry_points=(), installed_size_bytes=0, installed_file_count=0)
    return Supplies(wanted=wanted, archives=tuple(archives), contents=(contents,) * len(wanted))


def append(supplies: Supplies, path: Path, digest: Any) -> tuple[int, str]:
    with path.open("wb", buffering=0) as file:
        return supplies.append_bundle(file, digest)


def test_a_bundle_goes_straight_into_a_file(
    store: ArchiveStore, wanted: tuple[WantedArchive, ...], tmp_path: Path
) -> None:
    archives = store.fetch(wanted, QUIET)
    expected = write_bundle(tmp_path / "expected", archives)
    digest = sha256()
    assert append(make_supplies(wanted, archives), tmp_path / "runtime", digest) == (
        expected.size_bytes,
        expected.sha256,
    )
    assert digest.hexdigest() == expected.sha256
    assert (tmp_path / "runtime").read_bytes() == expected.path.read_bytes()


def test_a_damaged_archive_does_not_go_into_a_runtime(
    store: ArchiveStore, wanted: tuple[WantedArchive, ...], tmp_path: Path
) -> None:
    archives = store.fetch(wanted, QUIET)
    good = archives[0].read_bytes()
    archives[0].write_bytes(bytes([good[0] ^ 1]) + good[1:])
    with pytest.raises(ArchiveMismatchError, match=r"SHA-256 .*does not match the lock"):
        append(make_supplies(wanted, archives), tmp_path / "runtime", sha256())


def test_an_archive_that_changed_after_it_was_fetched_does_not_go_into_a_bundle(
    store: ArchiveStore, wanted: tuple[WantedArchive, ...], tmp_path: Path
) -> None:
    archives = store.fetch(wanted, QUIET)
    supplies = make_supplies(wanted, archives)
    supplies.write_bundle(tmp_path / "good")
    damaged = bytearray(archives[0].read_bytes())
    damaged[-1] ^= 1
    archives[0].write_bytes(damaged)
    with pytest.raises(ArchiveMismatchError, match=r"SHA-256 .*does not match the lock"):
        supplies.write_bundle(tmp_path / "bad")
