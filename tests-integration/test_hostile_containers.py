"""Containers that lie: zip archives with tricks, archives that are cut, and bombs."""

from __future__ import annotations

import bz2
import io
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from support.channel.archive import Entry, add_member
from support.channel.crafted import Archive, Odd, write_tar
from support.channel.pieces import plain
from support.traps import GIB, MISSING_OR_DAMAGED, Trap, evil


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    """An empty place for a prefix, and something next to it."""
    trap = Trap(tmp_path)
    trap.set_up()
    return trap


def rezip(change: Callable[[zipfile.ZipFile, dict[str, bytes]], None]) -> Callable[[bytes], bytes]:
    """Write a ``.conda`` file's members in another way."""

    def edit(content: bytes) -> bytes:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            change(archive, members)
        return out.getvalue()

    return edit


def _compressed(archive: zipfile.ZipFile, members: dict[str, bytes]) -> None:
    for name, content in members.items():
        archive.writestr(name, content, zipfile.ZIP_DEFLATED)


def _without(kind: str) -> Callable[[zipfile.ZipFile, dict[str, bytes]], None]:
    def change(archive: zipfile.ZipFile, members: dict[str, bytes]) -> None:
        for name, content in members.items():
            if not name.startswith(kind):
                add_member(archive, name, content)

    return change


def _two_payloads(archive: zipfile.ZipFile, members: dict[str, bytes]) -> None:
    for name, content in members.items():
        add_member(archive, name, content)
    payload = next(content for name, content in members.items() if name.startswith("pkg-"))
    add_member(archive, "pkg-other-1.0-0.tar.zst", payload)


def in_directory(member: str, offset: int, value: bytes) -> Callable[[bytes], bytes]:
    """Overwrite bytes of a member's entry in the central directory; offsets as in APPNOTE 4.3.12."""

    def edit(content: bytes) -> bytes:
        at = -1
        while True:
            at = content.index(b"PK\x01\x02", at + 1)
            name_length = struct.unpack_from("<H", content, at + 28)[0]
            if content[at + 46 : at + 46 + name_length].startswith(member.encode()):
                return content[: at + offset] + value + content[at + offset + len(value) :]

    return edit


def in_end_record(offset: int, value: bytes) -> Callable[[bytes], bytes]:
    """Overwrite bytes of the end record; offsets as in APPNOTE 4.3.16."""

    def edit(content: bytes) -> bytes:
        at = content.rindex(b"PK\x05\x06")
        return content[: at + offset] + value + content[at + offset + len(value) :]

    return edit


def overlap(content: bytes) -> bytes:
    """Let both members lead to the bytes of ``info-``."""
    at = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02", content.index(b"PK\x01\x02") + 1) + 1)
    entry = content[at : at + 46]
    sizes, offset = entry[20:28], entry[42:46]
    return in_directory("pkg-", 42, offset)(in_directory("pkg-", 20, sizes)(content))


BROKEN_ZIPS: dict[str, Callable[[bytes], bytes]] = {
    "compressed": rezip(_compressed),
    "no-payload": rezip(_without("pkg-")),
    "no-info": rezip(_without("info-")),
    "two-payloads": rezip(_two_payloads),
    "overlapping": overlap,
    "encrypted": in_directory("pkg-", 8, b"\x01\x00"),
    "sizes-differ": in_directory("pkg-", 24, b"\x01\x00\x00\x00"),
    "too-large": in_directory("pkg-", 20, b"\xfe\xff\xff\x7f" * 2),
    "too-small": in_directory("pkg-", 20, b"\x09\x00\x00\x00" * 2),
    "empty-member": in_directory("pkg-", 20, b"\0" * 8),
    "zip64-without-field": in_directory("pkg-", 20, b"\xff" * 8),
    "offset-beyond": in_directory("pkg-", 42, b"\xf0\xff\xff\x7f"),
    "offset-elsewhere": in_directory("pkg-", 42, b"\x05\x00\x00\x00"),
    "name-beyond": in_directory("info-", 28, b"\xff\xff"),
    "directory-beyond": in_end_record(16, b"\xf0\xff\xff\x7f"),
    "directory-length": in_end_record(12, b"\xf0\xff\xff\x7f"),
    "zip64-without-record": in_end_record(12, b"\xff" * 8),
    "no-directory": lambda content: content[: content.index(b"PK\x01\x02")],
    "cut": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "not-a-zip": lambda content: bz2.compress(b"x"),
}


@pytest.mark.parametrize("name", BROKEN_ZIPS)
def test_a_zip_with_tricks_is_refused(name: str, trap: Trap) -> None:
    assert "evil-1.0-0.conda" in trap.refuse(evil(plain("share/x", "1"), edit=BROKEN_ZIPS[name]))


def zip64_directory(content: bytes) -> bytes:
    """Say in zip64 records what fits into the plain ones: unusual, and right."""
    at = content.rindex(b"PK\x05\x06")
    count, length, start = struct.unpack_from("<HII", content, at + 10)
    record = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, start)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, at, 1)
    return content[:at] + record + locator + content[at : at + 12] + b"\xff" * 8 + content[at + 20 :]


def test_zip64_records_are_read(trap: Trap) -> None:
    assert trap.spring(evil(plain("share/x", "1"), edit=zip64_directory)).returncode == 0
    assert (trap.prefix / "share" / "x").read_text() == "1"


@pytest.mark.parametrize("suffix", [".conda", ".tar.bz2"])
def test_an_archive_that_is_cut_or_not_one_is_refused(suffix: str, trap: Trap) -> None:
    whole = evil(plain("share/x", bytes(range(256)) * 50), suffix=suffix).content()
    for edit in (lambda content: content[:-40], lambda content: content[:100], lambda content: b"\0" * 1000):
        assert f"evil-1.0-0{suffix}" in trap.refuse(
            evil(plain("share/x", "1"), edit=lambda _, e=edit: e(whole), suffix=suffix)
        )


# Bombs. A zstd block of three bytes and one more stands for 128 KiB: 3.2 MB of them for 100 GB.

BLOCK_BYTES = 128 * 1024
RLE_BLOCK = struct.pack("<I", BLOCK_BYTES << 3 | 1 << 1)[:3] + b"\0"


def frame(content: bytes, zeros_bytes: int, window_log: int = 17) -> bytes:
    """A zstd frame of some bytes and then zeros, most of which take no room (RFC 8878, section 3.1.1)."""
    out = [b"\x28\xb5\x2f\xfd", b"\x00", bytes([window_log - 10 << 3])]
    for start in range(0, len(content), BLOCK_BYTES):
        piece = content[start : start + BLOCK_BYTES]
        out += [struct.pack("<I", len(piece) << 3)[:3], piece]
    return b"".join([*out, RLE_BLOCK * (zeros_bytes // BLOCK_BYTES), b"\x01\x00\x00"])


def header_of(entry: Entry) -> bytes:
    """The tar header of an entry, without what follows; GNU's form has room for any size."""
    return write_tar([entry], tarfile.GNU_FORMAT)[:512]


def bomb(listed: bool, record: dict[str, Any], size_bytes: int = 100 * GIB) -> Archive:
    entry = Odd(path="share/bomb", stated_size_bytes=size_bytes, listed=listed, record=record)
    return evil(
        plain("share/x", "1"), entry, compress=lambda tar: frame(tar[: tar.index(b"share/bomb") + 512], size_bytes)
    )


@pytest.mark.parametrize("listed", [False, True])
def test_a_zstd_bomb_is_stopped_early(listed: bool, trap: Trap) -> None:
    assert "evil-1.0-0.conda" in trap.refuse(bomb(listed, {}))


@pytest.mark.parametrize("record", [{"size_in_bytes": None}, {"size_in_bytes": None, "path_type": None}])
def test_a_bomb_that_states_no_size_is_stopped_early(record: dict[str, Any], trap: Trap) -> None:
    message = trap.refuse(bomb(True, record, size_bytes=10 * GIB))
    assert "evil-1.0-0.conda" in message
    assert "two hundred times its own size" in message


def test_a_bomb_that_is_honest_finds_no_room(trap: Trap) -> None:
    size_bytes = 1 << 50
    entry = Odd(path="share/bomb", stated_size_bytes=size_bytes, record={"size_in_bytes": size_bytes})
    completed = trap.spring(evil(entry))
    assert completed.returncode == 74
    assert "evil-1.0-0.conda" in completed.stderr
    assert str(size_bytes) in completed.stderr


def test_zeros_behind_the_end_of_a_tar_are_not_read_for_ever(trap: Trap) -> None:
    archive = evil(plain("share/x", "1"), compress=lambda tar: frame(tar, 100 * GIB))
    completed = trap.spring(archive)
    assert completed.returncode in (0, MISSING_OR_DAMAGED)


def test_a_bomb_in_the_metadata_is_stopped_early(trap: Trap) -> None:
    for name in ("info/paths.json", "info/index.json", "info/recipe/bomb"):
        start = header_of(Odd(path=name, stated_size_bytes=100 * GIB))
        info = frame(start, 100 * GIB)

        def change(archive: zipfile.ZipFile, members: dict[str, bytes], info: bytes = info) -> None:
            for member, content in members.items():
                add_member(archive, member, info if member.startswith("info-") else content)

        message = trap.refuse(evil(plain("share/x", "1"), edit=rezip(change)))
        assert "evil-1.0-0.conda" in message


def test_a_window_of_two_gigabytes_is_refused(trap: Trap) -> None:
    archive = evil(plain("share/x", "1"), compress=lambda tar: frame(tar, 0, window_log=31))
    assert "evil-1.0-0.conda" in trap.refuse(archive)


@pytest.mark.parametrize("place", ["before-info", "in-files", "behind"])
def test_a_bzip2_bomb_is_stopped_early(place: str, trap: Trap) -> None:
    piece = bz2.compress(bytes(45 << 20), 9)  # a few dozen bytes; streams may follow each other
    zeros = piece * (20 * GIB // (45 << 20))
    entry = Odd(path="share/bomb", stated_size_bytes=20 * GIB, listed=False)
    listed = Odd(path="share/bomb", stated_size_bytes=20 * GIB, record={"size_in_bytes": None})

    def edit(content: bytes) -> bytes:
        tar = bz2.decompress(content)
        header = bz2.compress(header_of(entry))
        if place == "before-info":
            return header + zeros + content
        if place == "behind":
            return content + zeros
        return bz2.compress(tar[: tar.rindex(b"share/bomb") + 512]) + zeros

    entries: list[Entry] = [plain("share/x", "1"), *([listed] if place == "in-files" else [])]
    completed = trap.spring(evil(*entries, suffix=".tar.bz2", edit=edit))
    assert completed.returncode == (0 if place == "behind" else MISSING_OR_DAMAGED), completed.stderr


def test_a_frame_of_nothing_but_window_is_no_archive(trap: Trap) -> None:
    archive = evil(plain("share/x", "1"), compress=lambda tar: zstandard.ZstdCompressor().compress(b""))
    assert "evil-1.0-0.conda" in trap.refuse(archive)
