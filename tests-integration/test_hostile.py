"""Archives that are out to do harm: nothing outside the prefix changes, and the runtime says which package it was.

The lock vouches for an archive's bytes, not for what is in them: every lock here is made from the hostile archive.
"""

from __future__ import annotations

import bz2
import io
import json
import resource
import struct
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import zstandard
from channel.archive import PLACEHOLDER, Entry, _add_member
from channel.awkward import delegate, fake_python, hard, link, noarch_python, package, plain, text
from channel.crafted import Archive, Odd, write_channel, write_tar
from conftest import Command
from installs import Runtime, make_runtime

MISSING_OR_DAMAGED = 66
GIB = 1 << 30
CONFINED = ("prlimit", f"--fsize={256 << 20}", f"--as={4 * GIB}")
"""Whatever goes wrong, no test fills the disk or the memory of the machine."""


@dataclass
class Trap:
    """A place for a prefix, things around it that must not change, and the archives to install."""

    directory: Path

    @property
    def outside(self) -> Path:
        return self.directory / "outside"

    @property
    def prefix(self) -> Path:
        return self.directory / "parent" / "prefix"

    def set_up(self) -> None:
        self.outside.mkdir()
        (self.outside / "file").write_text("untouched")
        self.prefix.parent.mkdir()

    def runtime(self, archives: Sequence[Archive]) -> Runtime:
        records = write_channel([delegate(), *archives], self.directory / "channel")
        return make_runtime(records, self.directory / "channel", self.directory / "runtime")

    def spring(self, *archives: Archive) -> Command:
        """Try to install, and see to it that nothing but the prefix is there afterwards."""
        runtime = self.runtime(archives)
        words = ["--path", str(self.prefix), "bootstrap", "--offline", "--bundle", str(runtime.bundle)]
        completed = runtime.run(*words, prefix=CONFINED)
        assert [path.name for path in self.outside.iterdir()] == ["file"]
        assert (self.outside / "file").read_text() == "untouched"
        assert list(runtime.home.iterdir()) == []
        assert "panicked" not in completed.stderr
        if completed.returncode:
            assert list(self.prefix.parent.iterdir()) == []
        return completed

    def refuse(self, *archives: Archive) -> str:
        """Try to install, and return the message of the refusal."""
        completed = self.spring(*archives)
        assert completed.returncode == MISSING_OR_DAMAGED, completed.stderr
        assert "demo: error: " in completed.stderr
        return completed.stderr.partition("demo: error: ")[2]


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    """An empty place for a prefix, and something beside it."""
    trap = Trap(tmp_path)
    trap.set_up()
    return trap


def evil(*entries: Entry, **more: Any) -> Archive:
    """The package ``evil``."""
    return Archive(package=package("evil", entries), **more)


Entries = Callable[[Path], list[Entry]]

HOSTILE_ENTRIES: dict[str, tuple[Entries, str]] = {
    "upwards": (lambda out: [plain("../outside/new")], "../outside/new"),
    "upwards-unlisted": (lambda out: [plain("../outside/new", listed=False)], "../outside/new"),
    "upwards-inside": (lambda out: [plain("share/../../outside/new")], "share/../../outside/new"),
    "upwards-and-back": (lambda out: [plain("share/../../prefix/new")], "share/../../prefix/new"),
    "upwards-at-the-end": (lambda out: [plain("share/..")], "share/.."),
    "upwards-directory": (lambda out: [Odd(path="../outside/d", kind=tarfile.DIRTYPE, listed=False)], "../outside/d"),
    "listed-upwards": (lambda out: [plain("share/x", record={"_path": "../outside/new"})], "../outside/new"),
    "absolute": (lambda out: [plain(f"{out}/new")], "outside/new"),
    "absolute-unlisted": (lambda out: [plain(f"{out}/new", listed=False)], "outside/new"),
    "two-slashes": (lambda out: [plain("x", member=f"//{out}/new")], "outside/new"),
    "through-a-link": (lambda out: [link("share", str(out)), plain("share/new")], "share/new"),
    "through-a-relative-link": (lambda out: [link("share", "../../outside"), plain("share/new")], "share/new"),
    "through-two-links": (
        lambda out: [link("a", "b"), link("b", str(out)), plain("a/deep/new")],
        "a/deep/new",
    ),
    "link-through-a-link": (lambda out: [link("share", str(out)), link("share/new", "file")], "share/new"),
    "hard-link-through-a-link": (
        lambda out: [plain("x", "1"), link("share", str(out)), hard("share/new", "x", b"1")],
        "share/new",
    ),
    "directory-through-a-link": (
        lambda out: [
            link("share", str(out)),
            Odd(path="share/d", kind=tarfile.DIRTYPE, record={"path_type": "directory"}),
        ],
        "share/d",
    ),
    "directory-over-a-link": (
        lambda out: [
            link("share", str(out)),
            Odd(path="share", kind=tarfile.DIRTYPE, listed=False),
            plain("share/new"),
        ],
        "share",
    ),
    "twice": (lambda out: [link("x", f"{out}/file"), plain("x", "changed", listed=False)], "x"),
    "hard-link-upwards": (lambda out: [hard("x", "../outside/file", b"untouched")], "../outside/file"),
    "hard-link-absolute": (lambda out: [hard("x", f"{out}/file", b"untouched")], "outside/file"),
    "hard-link-to-nothing": (lambda out: [hard("x", "not/there", b"")], "not/there"),
    "hard-link-to-itself": (lambda out: [hard("x", "x", b"")], "x"),
    "hard-links-in-a-circle": (lambda out: [hard("x", "y", b""), hard("y", "x", b"")], "x"),
    "character-device": (lambda out: [Odd(path="dev/null", kind=tarfile.CHRTYPE)], "dev/null"),
    "block-device": (lambda out: [Odd(path="dev/sda", kind=tarfile.BLKTYPE)], "dev/sda"),
    "fifo": (lambda out: [Odd(path="pipe", kind=tarfile.FIFOTYPE)], "pipe"),
    "unlisted-fifo": (lambda out: [Odd(path="pipe", kind=tarfile.FIFOTYPE, listed=False)], "pipe"),
    "unknown-type": (lambda out: [Odd(path="thing", kind=b"Z")], "thing"),
    "name-with-nul": (lambda out: [plain("x", pax={"path": "share/a\0b"})], "share/a"),
    "empty-name": (lambda out: [plain("x", member="./.")], ""),
    "long-component": (lambda out: [plain("share/" + "n" * 256)], "n" * 256),
    "long-path": (lambda out: [plain("/".join(["n" * 200] * 30))], "n" * 200),
    "deep-path": (lambda out: [plain("a/" * 100_000 + "x")], "a/a/a"),
    "deep-directory": (
        lambda out: [Odd(path="a/" * 100_000 + "x", kind=tarfile.DIRTYPE, record={"path_type": "directory"})],
        "a/a/a",
    ),
    "long-link": (lambda out: [link("share/link", "l" * 5000)], "share/link"),
    "link-to-nothing": (lambda out: [link("share/link", "")], "share/link"),
    "file-and-directory": (lambda out: [plain("share/x"), plain("share/x/y")], "share/x"),
    "directory-and-file": (lambda out: [plain("share/x/y"), plain("share/x")], "share/x"),
    "conda-meta-is-a-link": (lambda out: [link("conda-meta", str(out))], "conda-meta"),
    "conda-meta-is-a-file": (lambda out: [plain("conda-meta", "x")], "conda-meta"),
    "listed-but-missing": (lambda out: [plain("share/x", in_archive=False)], "share/x"),
    "wrong-size": (lambda out: [plain("share/x", "123", record={"size_in_bytes": 4})], "share/x"),
    "negative-size": (lambda out: [plain("share/x", "1", record={"size_in_bytes": -1})], "info/paths.json"),
    "size-is-no-number": (lambda out: [plain("share/x", "1", record={"size_in_bytes": "1"})], "info/paths.json"),
    "listed-twice": (
        lambda out: [plain("share/x", "1"), plain("share/y", "1", record={"_path": "share/x"})],
        "share/x",
    ),
    "listed-as-link": (lambda out: [plain("share/x", "1", record={"path_type": "softlink"})], "share/x"),
    "listed-as-directory": (lambda out: [plain("share/x", "1", record={"path_type": "directory"})], "share/x"),
    "unknown-path-type": (lambda out: [plain("share/x", "1", record={"path_type": "portal"})], "share/x"),
    "unknown-file-mode": (lambda out: [text("share/x", PLACEHOLDER, record={"file_mode": "quantum"})], "share/x"),
    "odd-sha256": (lambda out: [plain("share/x", "1", record={"sha256": "beef"})], "share/x"),
    "placeholder-is-no-text": (
        lambda out: [text("share/x", "1", record={"prefix_placeholder": ["/"]})],
        "info/paths.json",
    ),
    "size-beyond-the-archive": (lambda out: [plain("share/x", "1", stated_size_bytes=1 << 40)], ""),
    "pax-size-beyond": (lambda out: [plain("share/x", "1", pax={"size": str(1 << 50)})], ""),
    "pax-size-negative": (lambda out: [plain("share/x", "1", pax={"size": "-1"})], ""),
    "pax-size-absurd": (lambda out: [plain("share/x", "1", pax={"size": "9" * 40})], ""),
}


@pytest.mark.parametrize("suffix", [".conda", ".tar.bz2"])
@pytest.mark.parametrize("name", HOSTILE_ENTRIES)
def test_a_hostile_entry_is_refused_by_name(name: str, suffix: str, trap: Trap) -> None:
    make, entry = HOSTILE_ENTRIES[name]
    message = trap.refuse(evil(*make(trap.outside), suffix=suffix))
    assert f"evil-1.0-0{suffix}" in message
    assert entry[:60] in message
    assert len(message) < 2000


@pytest.mark.parametrize("path", ["d/x", "d/deep/er/x", "d"])
def test_no_package_writes_through_the_links_of_another(path: str, trap: Trap) -> None:
    """Whichever of the two is faster: there are enough of them for both to happen."""
    links = [link(f"{number}/d", str(trap.outside)) for number in range(100)]
    files = [plain(f"{number}/{path}", "x" * 50_000) for number in range(100)]
    first = Archive(package=package("linker", links))
    second = Archive(package=package("writer", files), suffix=".tar.bz2")
    for archives in ([first, second], [second, first]):
        completed = trap.spring(*archives)
        assert completed.returncode == (0 if path == "d" else MISSING_OR_DAMAGED), completed.stderr
        if completed.returncode == 0:
            break  # one of them wins every path; through none of the links anything was written


@pytest.mark.parametrize(
    "path", [".demo.json", ".condarc", ".installer.info", ".messages.txt", ".post-link-output", ".relocated", ".umask"]
)
def test_files_that_the_runtime_writes_do_not_follow_links(path: str, trap: Trap) -> None:
    script = plain("bin/.evil-post-link.sh", 'echo "$PREFIX" > "$PREFIX/written"\n', executable=True)
    completed = trap.spring(evil(link(path, str(trap.outside / "file")), script))
    assert completed.returncode in (0, MISSING_OR_DAMAGED), completed.stderr


@pytest.mark.parametrize(
    "path",
    ["conda-meta/history", "conda-meta/initial-state.explicit.txt", "conda-meta/evil-1.0-0.json", "conda-meta/frozen"],
)
def test_records_are_the_runtimes_own(path: str, trap: Trap) -> None:
    for entry in (link(path, str(trap.outside / "file")), plain(path, "forged")):
        completed = trap.spring(evil(entry))
        assert completed.returncode in (0, MISSING_OR_DAMAGED), completed.stderr
        if completed.returncode == 0 and not path.endswith("frozen"):
            assert not (trap.prefix / path).is_symlink()
            assert "forged" not in (trap.prefix / path).read_text()
            break


def test_files_that_no_list_has_are_not_written(trap: Trap) -> None:
    entries = [
        plain("share/listed", "1"),
        plain("share/unlisted", "2", listed=False),
        link("bin/link", "/", listed=False),
    ]
    assert trap.spring(evil(*entries)).returncode == 0
    files = {path.name for path in trap.prefix.rglob("*") if not path.is_dir()}
    assert "listed" in files
    assert files.isdisjoint({"unlisted", "link"})


@pytest.mark.parametrize("placeholder", ["/", "x", "", "\0", "\n", "p" * 1_000_000, "\ud7ff"])
@pytest.mark.parametrize("mode", ["text", "binary"])
def test_an_absurd_placeholder_does_no_harm(placeholder: str, mode: str, trap: Trap) -> None:
    content = b"#!/bin/sh\n" + b"x/\0" * 50_000
    entry = Odd(path="bin/x", content=content, file_mode=mode, record={"prefix_placeholder": placeholder})
    completed = trap.spring(evil(entry))
    assert completed.returncode in (0, MISSING_OR_DAMAGED, 73), completed.stderr
    if mode == "binary" and completed.returncode == 0:
        assert (trap.prefix / "bin" / "x").stat().st_size == len(content)


@pytest.mark.parametrize(
    "point",
    [
        *(
            f"{command} = m:f"
            for command in ("../../outside/new", "/tmp/new", "a/b", "a\\b", ".", "..", "", "a\nb", "a\0b")
        ),
        *(f"x = {call}" for call in ("m", "m:", "m:f()", "m:f; import os", "os;m:f", "m:f\nimport os", "../m:f")),
        "x",
        "c = m:" + "f" * 1_000_000,
    ],
)
def test_an_entry_point_is_names_only(point: str, trap: Trap) -> None:
    archive = Archive(package=noarch_python("evil", [], entry_points=[point]))
    completed = trap.spring(fake_python(), archive)
    if point.startswith("c = "):
        assert completed.returncode in (0, MISSING_OR_DAMAGED)
    else:
        assert completed.returncode == MISSING_OR_DAMAGED, completed.stderr
        assert "evil-1.0-pyh_0.conda" in completed.stderr
        assert "entry point" in completed.stderr


NESTED = b"[" * 2_000_000

BROKEN_INFO: dict[str, dict[str, bytes | None]] = {
    "no-index": {"index.json": None},
    "index-is-no-json": {"index.json": b"\x00\xff"},
    "index-is-a-string": {"index.json": b'"x"'},
    "nested-index": {"index.json": NESTED},
    "no-paths": {"paths.json": None, "files": None},
    "paths-is-no-json": {"paths.json": b"{"},
    "nested-paths": {"paths.json": b'{"paths":' + NESTED},
    "nested-unknown-key": {"paths.json": b'{"paths":[{"_path":"a","x":' + NESTED},
    "paths-is-a-string": {"paths.json": b'{"paths":"x"}'},
    "path-is-a-number": {"paths.json": b'{"paths":[{"_path":1}]}'},
    "lone-surrogate": {"paths.json": b'{"paths":[{"_path":"\\ud800"}]}'},
    "nul-in-path": {"paths.json": b'{"paths":[{"_path":"a\\u0000b"}]}'},
    "not-utf-8": {"paths.json": b'{"paths":[{"_path":"\xff"}]}'},
    "files-not-utf-8": {"paths.json": None, "files": b"\xff\n"},
    "files-upwards": {"paths.json": None, "files": b"../outside/new\n"},
    "has-prefix-nonsense": {"paths.json": None, "has_prefix": b"a b c d\n"},
    "has-prefix-mode": {"paths.json": None, "has_prefix": b"/old quantum share/x\n"},
    "has-prefix-unfinished": {"paths.json": None, "has_prefix": b'"/old text share/x\n'},
}


@pytest.mark.parametrize("suffix", [".conda", ".tar.bz2"])
@pytest.mark.parametrize("name", BROKEN_INFO)
def test_broken_metadata_is_refused_by_name(name: str, suffix: str, trap: Trap) -> None:
    message = trap.refuse(evil(plain("share/x", "1"), info=BROKEN_INFO[name], suffix=suffix))
    assert f"evil-1.0-0{suffix}" in message
    assert len(message) < 2000


def test_a_nested_link_json_is_refused(trap: Trap) -> None:
    for content in (NESTED, b'{"noarch":{"entry_points":[1]}}', b'{"noarch":{"entry_points":"x = m:f"}}'):
        archive = Archive(package=noarch_python("evil", []), info={"link.json": content})
        assert "info/link.json" in trap.refuse(fake_python(), archive)


def test_a_package_that_is_secretly_noarch_python_is_refused(trap: Trap) -> None:
    index = json.dumps({**package("evil", []).index(), "noarch": "python"}).encode()
    message = trap.refuse(evil(plain("site-packages/x.py"), info={"index.json": index}))
    assert "evil-1.0-0.conda" in message


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
                _add_member(archive, name, content)

    return change


def _two_payloads(archive: zipfile.ZipFile, members: dict[str, bytes]) -> None:
    for name, content in members.items():
        _add_member(archive, name, content)
    payload = next(content for name, content in members.items() if name.startswith("pkg-"))
    _add_member(archive, "pkg-other-1.0-0.tar.zst", payload)


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


@pytest.fixture
def cheap() -> Iterator[None]:
    """See that a test's processes take little time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.monotonic()
    yield
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert min(spent, time.monotonic() - started) < 8  # the limit is generous: the work would take minutes


def bomb(listed: bool, record: dict[str, Any], size_bytes: int = 100 * GIB) -> Archive:
    entry = Odd(path="share/bomb", stated_size_bytes=size_bytes, listed=listed, record=record)
    return evil(
        plain("share/x", "1"), entry, compress=lambda tar: frame(tar[: tar.index(b"share/bomb") + 512], size_bytes)
    )


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("listed", [False, True])
def test_a_zstd_bomb_is_stopped_early(listed: bool, trap: Trap) -> None:
    assert "evil-1.0-0.conda" in trap.refuse(bomb(listed, {}))


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("record", [{"size_in_bytes": None}, {"size_in_bytes": None, "path_type": None}])
def test_a_bomb_that_states_no_size_is_stopped_early(record: dict[str, Any], trap: Trap) -> None:
    message = trap.refuse(bomb(True, record, size_bytes=10 * GIB))
    assert "evil-1.0-0.conda" in message
    assert "two hundred times its own size" in message


@pytest.mark.usefixtures("cheap")
def test_a_bomb_that_is_honest_finds_no_room(trap: Trap) -> None:
    size_bytes = 1 << 50
    entry = Odd(path="share/bomb", stated_size_bytes=size_bytes, record={"size_in_bytes": size_bytes})
    completed = trap.spring(evil(entry))
    assert completed.returncode == 74
    assert "evil-1.0-0.conda" in completed.stderr
    assert str(size_bytes) in completed.stderr


@pytest.mark.usefixtures("cheap")
def test_zeros_behind_the_end_of_a_tar_are_not_read_for_ever(trap: Trap) -> None:
    archive = evil(plain("share/x", "1"), compress=lambda tar: frame(tar, 100 * GIB))
    completed = trap.spring(archive)
    assert completed.returncode in (0, MISSING_OR_DAMAGED)


@pytest.mark.usefixtures("cheap")
def test_a_bomb_in_the_metadata_is_stopped_early(trap: Trap) -> None:
    for name in ("info/paths.json", "info/index.json", "info/recipe/bomb"):
        start = header_of(Odd(path=name, stated_size_bytes=100 * GIB))
        info = frame(start, 100 * GIB)

        def change(archive: zipfile.ZipFile, members: dict[str, bytes], info: bytes = info) -> None:
            for member, content in members.items():
                _add_member(archive, member, info if member.startswith("info-") else content)

        message = trap.refuse(evil(plain("share/x", "1"), edit=rezip(change)))
        assert "evil-1.0-0.conda" in message


@pytest.mark.usefixtures("cheap")
def test_a_window_of_two_gigabytes_is_refused(trap: Trap) -> None:
    archive = evil(plain("share/x", "1"), compress=lambda tar: frame(tar, 0, window_log=31))
    assert "evil-1.0-0.conda" in trap.refuse(archive)


@pytest.mark.usefixtures("cheap")
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

    entries: list[Entry] = [plain("share/x", "1")] + ([listed] if place == "in-files" else [])
    completed = trap.spring(evil(*entries, suffix=".tar.bz2", edit=edit))
    assert completed.returncode == (0 if place == "behind" else MISSING_OR_DAMAGED), completed.stderr


def test_a_frame_of_nothing_but_window_is_no_archive(trap: Trap) -> None:
    archive = evil(plain("share/x", "1"), compress=lambda tar: zstandard.ZstdCompressor().compress(b""))
    assert "evil-1.0-0.conda" in trap.refuse(archive)


def test_another_archive_than_the_locked_one_is_refused(trap: Trap) -> None:
    archive = evil(plain("share/x", "1"))
    runtime = trap.runtime([archive])
    path = runtime.bundle / archive.file_name
    path.unlink()
    path.write_bytes(evil(plain("share/x", "2")).content())
    completed = runtime.bootstrap(trap.prefix)
    assert completed.returncode == MISSING_OR_DAMAGED
    assert "evil-1.0-0.conda" in completed.stderr
    assert list(trap.prefix.parent.iterdir()) == []
