"""Malicious packages: nothing outside the prefix changes, and the runtime says which package it was.

The lock vouches for an archive's bytes, not for what is in them: every lock here is made from the hostile archive.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from support.channel.archive import PLACEHOLDER, Entry
from support.channel.crafted import Archive, Odd, write_channel
from support.channel.pieces import DELEGATE, delegate, fake_python, hard, link, noarch_python, package, plain, text
from support.commands import Command, Home
from support.servers import serve
from support.tested_platform import PLATFORM
from support.traps import MISSING_OR_DAMAGED, Trap, evil
from support.workspaces import Workspace


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    """An empty place for a prefix, and something next to it."""
    trap = Trap(tmp_path)
    trap.set_up()
    return trap


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


def test_a_list_of_millions_of_paths_is_refused(trap: Trap) -> None:
    """Each would take memory; the archive has only a few kilobytes."""
    content = b'{"paths":[' + b'{"_path":"a"},' * 1_000_001 + b'{"_path":"a"}]}'
    message = trap.refuse(evil(plain("share/x", "1"), info={"paths.json": content}))
    assert 'refused "info/": it has more than' in message


def test_a_nested_link_json_is_refused(trap: Trap) -> None:
    for content in (NESTED, b'{"noarch":{"entry_points":[1]}}', b'{"noarch":{"entry_points":"x = m:f"}}'):
        archive = Archive(package=noarch_python("evil", []), info={"link.json": content})
        assert "info/link.json" in trap.refuse(fake_python(), archive)


def test_a_package_that_is_secretly_noarch_python_is_refused(trap: Trap) -> None:
    index = json.dumps({**package("evil", []).index(), "noarch": "python"}).encode()
    message = trap.refuse(evil(plain("site-packages/x.py"), info={"index.json": index}))
    assert "evil-1.0-0.conda" in message


def test_an_archive_within_the_runtime_is_refused_too(trap: Trap, cs: Callable[..., Command]) -> None:
    """What ``cs build`` puts into a runtime is looked at again where it is installed."""
    archives = [delegate(), evil(plain("share/x", "1"), plain("../outside/new", listed=False))]
    records = write_channel(archives, trap.directory / "channel")
    ship = {"runtime": '"demo"', "runtime-version": '"1.0"', "delegate": f'"{DELEGATE}"', "layout": '"embedded"'}
    with serve(trap.directory / "channel") as server:
        moved = [{**record, "url": f"{server.url}/{record['subdir']}/{record['fn']}"} for record in records]
        workspace = Workspace(directory=trap.directory / "w", specs=("evil",), channel_url=server.url, ship=ship)
        cs("build", cwd=workspace.write({"ship": {PLATFORM: moved}}))
    home = Home(trap.prefix.parent)
    completed = home.run(trap.directory / "w" / "dist" / "demoz", "--path", trap.prefix, "bootstrap")
    assert completed.returncode == MISSING_OR_DAMAGED
    assert 'evil-1.0-0.conda: refused "../outside/new": the path leads upwards' in completed.stderr
    assert [path.name for path in trap.outside.iterdir()] == ["file"]
    assert list(trap.prefix.parent.iterdir()) == []


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
