"""What the builder reads costs little, and a user who can write to its cache changes nothing that ships.

The law: no archive of some kB takes more than 300 MB or many seconds, whatever its metadata says; a cache that
another user has changed gives the same runtime or an error; damage in it is a cache miss.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cs_bundle import write_bundle
from cs_stamp import read_stamp
from support.channel.crafted import Archive, write_channel
from support.channel.pieces import DELEGATE, delegate, package, plain
from support.commands import SCRIPTS, run_command
from support.servers import serve
from support.tested_platform import PLATFORM
from support.workspaces import Workspace

ROOT = Path(__file__).parents[2]
LIMIT_MB = 300
LIMIT_S = 60
"""Of a processor: a build that takes more is killed."""

Edit = Callable[[Path], None]


def many(item: bytes, count: int, *, before: bytes = b'{"paths":[', after: bytes = b"]}") -> bytes:
    return before + item * count + item.rstrip(b",") + after


Info = dict[str, Any]

# Made when they are needed: all together they would take more memory than what is tested.
INFOS: dict[str, Callable[[], Info]] = {
    "empty objects": lambda: {"paths.json": many(b"{},", 10_000_000)},
    "empty lists": lambda: {"paths.json": many(b"[],", 10_000_000)},
    "numbers": lambda: {"paths.json": many(b"1,", 20_000_000)},
    "one path a million times": lambda: {"paths.json": many(b'{"_path":"bin/a"},', 999_998)},
    "one path too many": lambda: {"paths.json": many(b'{"_path":"bin/a"},', 3_000_000)},
    "directories in directories": lambda: {"paths.json": many(b'{"_path":"' + b"a/" * 1500 + b'x"},', 20_000)},
    "a value that is large": lambda: {
        "paths.json": many(b"[],", 10_000_000, before=b'{"other":[', after=b'],"paths":[]}')
    },
    "objects in objects": lambda: {"paths.json": many(b'{"a":', 10_000_000, before=b"", after=b"")},
    "text without an end": lambda: {"paths.json": b'{"paths":["' + b"x" * (60 << 20)},
    "spaces": lambda: {"paths.json": b" " * (60 << 20) + b'{"paths":[]}'},
    "digits": lambda: {"paths.json": b'{"paths":[' + b"9" * (60 << 20)},
    "wide characters": lambda: {"paths.json": b'{"paths":["' + "\U0001f600".encode() * (10 << 20)},
    "entry points": lambda: {
        "link.json": many(b'"a = a:b",', 6_000_000, before=b'{"noarch":{"entry_points":[', after=b"]}}")
    },
    "lists for entry points": lambda: {"link.json": many(b"[],", 1_300_000, before=b'{"noarch":[', after=b"]}")},
    "old lists of empty lines": lambda: {"paths.json": None, "files": b"\n" * (60 << 20)},
    "old lists of one line": lambda: {"paths.json": None, "files": b"x" * (60 << 20)},
    "old placeholders": lambda: {"paths.json": None, "files": b"x\n", "has_prefix": b'"/p" binary x\n' * 4_000_000},
    "a licence without an end": lambda: {"licenses/A": b"x\n" * (30 << 20)},
    "licences of wide characters": lambda: {f"licenses/{n}": "\U0001f600".encode() * (2 << 20) for n in "ABC"},
    "a licence of lines": lambda: {"licenses/A": b"\n" * (8 << 20)},
    "a licence of escapes": lambda: {"licenses/A": b"\x1bcccccccc" * (900 << 10)},
    "licences": lambda: {f"licenses/{number}": b"x" for number in range(15_000)},
    "files that nobody reads": lambda: {"recipe": b"\0" * (60 << 20)},
}


LAUNCHER = f"""
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({LIMIT_S}, {LIMIT_S}))
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
print("\\n", os.waitstatus_to_exitcode(status), usage.ru_maxrss)
"""


@dataclass
class Measured:
    """How a build went.

    :ivar peak_mb: largest resident size of the process.
    """

    status: int
    err: str
    peak_mb: float


@dataclass
class Bench:
    """A workspace, and a cache of its own."""

    workspace: Path
    cache: Path

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "CONDA_SHIP_CACHE_DIR": str(self.cache)}

    def build(self, *words: str) -> Any:
        return run_command([SCRIPTS / "cs", "build", *words], cwd=self.workspace, env=self.environment)

    def measure(self, *words: str) -> Measured:
        """Run ``cs``, and take the peak of what the process had in memory.

        A small process starts it and waits for it: a child begins with its parent's peak.
        """
        launched = run_command(
            [sys.executable, "-S", "-c", LAUNCHER, SCRIPTS / "cs", *words], cwd=self.workspace, env=self.environment
        )
        status, peak = launched.stdout.split()[-2:]
        unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
        return Measured(int(status), launched.stderr, int(peak) / unit)

    def archive(self, name: str) -> Path:
        return next(self.cache.rglob(f"{name}-*.conda"))

    @property
    def runtime(self) -> Path:
        return next(path for path in (self.workspace / "dist").iterdir() if path.name in ("demo", "demoz"))


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[Callable[..., Bench]]:
    """Serve a delegate and another package, in a workspace that ships both."""

    def make(other: Archive, layout: str = "embedded") -> Bench:
        records = write_channel([delegate(), other], tmp_path / "channel")
        server = stack.enter_context(serve(tmp_path / "channel"))
        located = [{**record, "url": f"{server.url}/{record['subdir']}/{record['fn']}"} for record in records]
        ship = {"runtime": '"demo"', "runtime-version": '"1.0"', "delegate": f'"{DELEGATE}"', "layout": f'"{layout}"'}
        workspace = Workspace(
            directory=tmp_path / "w", specs=(records[0]["name"],), channel_url=server.url, ship=ship
        ).write({"ship": {PLATFORM: located}})
        return Bench(workspace, tmp_path / "cache")

    with contextlib.ExitStack() as stack:
        yield make


def other(info: Info | None = None) -> Archive:
    return Archive(package=package("other", [plain("share/x", "good" * 500)]), info=info or {})


@pytest.mark.parametrize("make_info", INFOS.values(), ids=INFOS)
def test_no_archive_takes_more_than_300_mb(make_info: Callable[[], Info], make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(other(make_info()))
    for words in (["build"], ["inspect"], ["inspect", "--check-delegate"]):
        measured = bench.measure(*words)
        assert measured.peak_mb < LIMIT_MB, measured
        assert "Traceback" not in measured.err
        assert "a bug in cs" not in measured.err
        if words == ["build"] and measured.status:
            assert "other-" in measured.err  # the archive is named


def swap_bytes(archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 1
    archive.write_bytes(data)


@pytest.mark.parametrize("layout", ["embedded", "external"])
def test_an_archive_that_somebody_changed_in_the_cache_does_not_ship(
    layout: str, make_bench: Callable[..., Bench], tmp_path: Path
) -> None:
    bench = make_bench(other(), layout)
    assert bench.build().returncode == 0
    swap_bytes(bench.archive("other"))
    # Whatever vouches for archives in the cache, now or in releases before, says that these are right.
    info = write_bundle(tmp_path / "forged", bench.cache.rglob("*.conda"))
    (bench.cache / "bundles-1").mkdir(exist_ok=True)
    for memory in (bench.cache / "bundles-1").iterdir():
        memory.write_text(info.sha256)
    before = {path.name: path.read_bytes() for path in (bench.workspace / "dist").iterdir()}
    built = bench.build("--offline")
    assert built.returncode == 1
    assert "is not in the cache, and downloads are off" in built.stderr
    assert {path.name: path.read_bytes() for path in (bench.workspace / "dist").iterdir()} == before
    again = bench.build()  # with the network, it is fetched again
    assert again.returncode == 0, again.stderr
    assert {path.name: path.read_bytes() for path in (bench.workspace / "dist").iterdir()} == before


LIES = {
    "sizes": {"installed_size": 0, "installed_files": 0, "prefix_limit": 1},
    "large sizes": {"installed_size": (1 << 63) - 1, "installed_files": (1 << 63) - 1, "prefix_limit": None},
    "the delegate": {"executables": [f"bin/{DELEGATE}"], "entry_points": [DELEGATE]},
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_what_the_cache_says_of_archives_does_not_ship(lie: dict[str, Any], make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(other())
    assert bench.build().returncode == 0
    with read_stamp(bench.runtime) as stamp:
        honest = stamp.header
    for memory in bench.cache.rglob("contents-1.json"):
        memory.write_text(json.dumps({**json.loads(memory.read_text()), **lie}))
    assert bench.build("--offline").returncode == 0
    with read_stamp(bench.runtime) as stamp:
        assert stamp.header == honest


def test_a_delegate_that_only_the_cache_knows_is_missing(make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(other())
    assert bench.build().returncode == 0
    for memory in bench.cache.rglob("contents-1.json"):
        memory.write_text(json.dumps({**json.loads(memory.read_text()), "executables": ["bin/imagined"]}))
    built = bench.build("--offline", "--delegate", "imagined")
    assert built.returncode == 1
    assert "no package of the environment provides the delegate 'imagined'" in built.stderr


def replace_with(make: Callable[[Path], object]) -> Edit:
    def edit(path: Path) -> None:
        path.unlink()
        make(path)

    return edit


DAMAGE: dict[str, Edit] = {
    "nested": replace_with(lambda path: path.write_text("[" * 200_000)),
    "infinite": replace_with(lambda path: path.write_text('{"installed_size": 1e999}')),
    "digits": replace_with(lambda path: path.write_text('{"installed_size": ' + "9" * 10_000 + "}")),
    "not text": replace_with(lambda path: path.write_bytes(os.urandom(1000))),
    "a pipe": replace_with(os.mkfifo),
    "a device": replace_with(lambda path: path.symlink_to("/dev/zero")),
    "a folder": replace_with(lambda path: path.mkdir()),
    "a hole": lambda path: os.truncate(path, 20 << 30),
    "a link to itself": replace_with(lambda path: path.symlink_to(path.name)),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_damage_in_the_cache_is_a_cache_miss(damage: Edit, make_bench: Callable[..., Bench]) -> None:
    bench = make_bench(other())
    assert bench.build().returncode == 0
    for memory in list(bench.cache.rglob("contents-1.json")):
        damage(memory)
    for words in (["inspect"], ["build", "--offline"]):
        measured = bench.measure(*words)
        assert measured.status == 0, measured.err
        assert measured.peak_mb < LIMIT_MB
        assert "a bug in cs" not in measured.err


def test_limits_are_those_of_the_runtime() -> None:
    shared = json.loads((ROOT / "packages/cs-cli/vectors/limits.json").read_text())
    source = "\n".join(path.read_text() for path in (ROOT / "templates/cs-template/crates/cs-link/src").rglob("*.rs"))
    assert {name: read_constant(name, source) for name in shared} == shared


def read_constant(name: str, source: str) -> int:
    """Read a constant of Rust: a number, a number shifted, the name of another one, or a limit of so many bytes."""
    stated = re.search(rf"\bconst {name}: \w+ = (?:Limit {{\s*bytes: )?([^;,]+)[;,]", source)
    assert stated is not None, name
    if stated[1].isidentifier():
        return read_constant(stated[1], source)
    number, _, shift = stated[1].replace("_", "").partition("<<")
    return int(number) << int(shift or 0)
