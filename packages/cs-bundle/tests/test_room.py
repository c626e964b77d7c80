"""Room on a disk."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO, cast

import pytest

from archive_server import ArchiveServer, Served
from bundle_samples import request
from cs_bundle import DiskFullError, append_bundle, fetch_archives, is_full, write_bundle
from cs_bundle._room import measure_free

FREE = 100_000
NAME = "numpy-2.0-py311_0.conda"


class _FullDisk(io.FileIO):
    """The device, which cannot be truncated, as a file that can."""

    def truncate(self, size: int | None = None) -> int:
        return 0


@pytest.fixture
def small_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every disk have little room."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=FREE * 2, free=FREE))


@pytest.mark.usefixtures("small_disk")
def test_a_bundle_that_does_not_fit_is_not_begun(tmp_path: Path, archives: dict[str, Path]) -> None:
    out = tmp_path / "out" / "b"
    out.parent.mkdir()
    out.write_bytes(b"the previous build")
    with pytest.raises(DiskFullError, match=r"not enough disk space, [34]\d\d\.\d kB needed, 100\.0 kB free") as caught:
        write_bundle(out, archives.values())
    assert (caught.value.kind, caught.value.path, caught.value.actual) == ("disk-full", out, "100.0 kB")
    assert out.read_bytes() == b"the previous build"
    assert list(out.parent.iterdir()) == [out]


@pytest.mark.usefixtures("small_disk")
def test_nothing_is_fetched_into_a_cache_without_room(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer
) -> None:
    server.files["/a"] = Served(data=archives[NAME].read_bytes())
    wanted = request(archives[NAME], f"{server.url}/a")
    with pytest.raises(DiskFullError, match="not enough disk space") as caught:
        fetch_archives([wanted], tmp_path / "cache", environ={"HOME": "/nonexistent"})
    assert caught.value.path == tmp_path / "cache"
    assert re.fullmatch(r"[23]\d\d\.\d kB", caught.value.expected or "")
    assert server.requests == []


@pytest.mark.only("on Linux", "it has /dev/full")
@pytest.mark.parametrize("by_name", [True, False])
def test_a_disk_that_fills_up_is_named_and_never_by_a_descriptor(archives: dict[str, Path], by_name: bool) -> None:
    with Path("/dev/full").open("wb", buffering=0) as named, os.fdopen(os.dup(named.fileno()), "wb", 0) as numbered:
        descriptor = numbered.fileno()
        with pytest.raises(DiskFullError) as caught:
            append_bundle(named if by_name else numbered, archives.values())
    assert caught.value.path == (Path("/dev/full") if by_name else None)
    assert caught.value.expected is not None
    assert str(descriptor) not in str(caught.value).replace(caught.value.message, "")


@pytest.mark.only("on Linux", "it has /dev/full")
@pytest.mark.parametrize("number", [None, errno.ENOSPC, errno.EDQUOT])
def test_a_cache_that_fills_up_while_it_is_written_is_named(
    tmp_path: Path,
    archives: dict[str, Path],
    server: ArchiveServer,
    monkeypatch: pytest.MonkeyPatch,
    number: int | None,
) -> None:
    @contextlib.contextmanager
    def fill(_: Path) -> Iterator[BinaryIO]:
        if number is not None:
            raise OSError(number, os.strerror(number))
        with _FullDisk("/dev/full", "wb") as file:
            yield cast("BinaryIO", file)

    monkeypatch.setattr("cs_bundle._download.filling", fill)
    server.files["/a"] = Served(data=archives[NAME].read_bytes())
    with pytest.raises(DiskFullError) as caught:
        fetch_archives([request(archives[NAME], f"{server.url}/a")], tmp_path / "c", environ={"HOME": "/nonexistent"})
    assert caught.value.expected == "300.0 kB"
    assert is_full(caught.value)


def test_room_is_measured_where_nothing_is_yet(tmp_path: Path) -> None:
    assert measure_free(tmp_path / "a" / "b" / "c") == shutil.disk_usage(tmp_path).free


def test_a_file_system_that_says_nothing_is_not_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=0, free=0))
    assert measure_free(tmp_path) is None
