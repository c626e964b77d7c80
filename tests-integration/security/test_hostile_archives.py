"""What an archive costs is bounded by what it is: time, memory, and what it writes.

The laws: what links, commands or files cost grows with their number, not with its square; a few kilobytes never take
hundreds of megabytes, in memory or on the disk; what is refused names the package and leaves nothing behind.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from steady import wait_until

from support.channel.archive import Entry
from support.channel.crafted import Archive, Odd, folder
from support.channel.pieces import fake_python, hard, link, noarch_python, package, plain, text
from support.commands import run_command
from support.processes import is_running
from support.traps import CHEAP, MISSING_OR_DAMAGED, Trap, evil

ACCOUNT = Path(__file__).parent.parent / "bench" / "account.py"
MIB = 1 << 20
PEAKS_OF_A_MIB = 1 << (20 if sys.platform == "darwin" else 10)
"""Linux gives the peak of a process's memory in KiB, macOS in bytes."""
IO_FAILURE = 74


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    """An empty place for a prefix, and something next to it."""
    trap = Trap(tmp_path)
    trap.set_up()
    return trap


@dataclass(frozen=True, slots=True)
class Cost:
    """What an installation took."""

    status: int
    peak_mib: float
    message: str


def measure(trap: Trap, *archives: Archive, name: str = "one") -> Cost:
    """Install archives and see what that takes; what takes seconds of a processor is killed."""
    place = Trap(trap.directory / name)
    place.directory.mkdir()
    place.set_up()
    runtime = place.runtime(archives)
    report = place.directory / "report"
    words = ["--path", str(place.prefix), "bootstrap", "--offline", "--bundle", str(runtime.bundle)]
    completed = runtime.run(*words, prefix=(*CHEAP, sys.executable, "-I", str(ACCOUNT), str(report)))
    _, _, peak, status = json.loads(report.read_text())
    if status:
        assert list(place.prefix.parent.iterdir()) == []
    return Cost(status, peak / PEAKS_OF_A_MIB, completed.stderr)


def different_links(count: int, first: str, content: bytes) -> list[Entry]:
    """Hard links to one file, each with a placeholder of its own: none of them can be a link."""
    fields = {"file_mode": "text", "size_in_bytes": len(content)}
    return [
        hard(f"share/link-{number}", first, content, record={**fields, "prefix_placeholder": f"/ph-{number}x"})
        for number in range(count)
    ]


def _bulk(name: str) -> Entry:
    """A file that makes an archive so large that it may have many others: what it may have depends on its size."""
    return plain(f"share/bulk-{name}", random.Random(name).randbytes(2 * MIB))


def _links(count: int) -> list[Archive]:
    large = plain("share/large", bytes(4 * MIB))
    return [evil(plain("share/small", "x"), large, *different_links(count, "share/small", b"x"))]


def _commands(count: int) -> list[Archive]:
    points = [f"command-{number} = module:main" for number in range(count)]
    return [fake_python(), Archive(package=noarch_python("evil", [_bulk("evil")], entry_points=points))]


def _directories(count: int) -> list[Archive]:
    return [evil(_bulk("evil"), *(folder(f"share/{number}/d") for number in range(count)))]


def _files_that_two_have(count: int) -> list[Archive]:
    files = [plain(f"share/{number}", "x") for number in range(count)]
    return [Archive(package=package(name, [_bulk(name), *files])) for name in ("evil", "other")]


@pytest.mark.parametrize(
    ("make", "count"),
    [(_links, 10_000), (_commands, 40_000), (_directories, 30_000), (_files_that_two_have, 30_000)],
    ids=["links", "commands", "directories", "clobbered"],
)
def test_the_cost_of_many_grows_with_their_number(
    make: Callable[[int], Sequence[Archive]], count: int, trap: Trap
) -> None:
    """So many that what grows with the square of the number is killed long before it has ended."""
    cost = measure(trap, *make(count))
    assert cost.status == 0, cost.message


def test_copies_are_counted_as_what_they_write(trap: Trap) -> None:
    links = different_links(30, "share/big", b"")
    message = trap.refuse(evil(plain("share/big", bytes(16 * MIB)), *links))
    assert "evil-1.0-0.conda" in message
    assert "more bytes than its own list of files adds up to" in message


def test_links_of_one_file_are_one_file(trap: Trap) -> None:
    """As git and busybox have them."""
    names = [hard(f"bin/git-{number}", "bin/git", b"#!/x\n") for number in range(200)]
    assert trap.spring(evil(plain("bin/git", b"#!/x\n"), *names)).returncode == 0
    assert (trap.prefix / "bin" / "git").stat().st_nlink == 201


def test_text_grows_by_no_more_than_real_packages_need(trap: Trap) -> None:
    grown = text("share/text", b"a" * 4 * MIB, record={"prefix_placeholder": "a"})
    assert "more than four times larger" in trap.refuse(evil(grown))


def test_a_thousand_placeholders_in_one_file_are_replaced(trap: Trap) -> None:
    content = b"/usr:" * 10_000
    assert trap.spring(evil(text("share/text", content, record={"prefix_placeholder": "/usr"}))).returncode == 0
    assert (trap.prefix / "share" / "text").read_bytes() == content.replace(b"/usr", bytes(trap.prefix))


def _list(count: int, path: str) -> dict[str, bytes | None]:
    paths = ",".join(f'{{"_path":"{path.format(number)}"}}' for number in range(count))
    return {"paths.json": f'{{"paths":[{paths}]}}'.encode()}


ENDLESS: dict[str, Archive] = {
    "paths": evil(info=_list(900_000, "share/{:0100d}")),
    "directories": evil(info=_list(1000, "{}" + "/d" * 250 + "/x")),
    "empty records": evil(info={"paths.json": b'{"paths":[' + b"{}," * 20_000_000 + b"{}]}"}),
    "files of old": evil(info={"paths.json": None, "files": b"a\n" * 30_000_000}),
    "index": evil(info={"index.json": b'{"noarch":[' + b"0," * 30_000_000 + b"0]}"}),
    "commands": Archive(
        package=noarch_python("evil", []),
        info={"link.json": b'{"noarch":{"entry_points":[' + b'"",' * 1_300_000 + b'""]}}'},
    ),
    "nothing": evil(Odd(path="share/d", kind=tarfile.DIRTYPE, listed=False), info={"paths.json": b" " * (127 * MIB)}),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_small_archive_takes_little_memory(name: str, trap: Trap) -> None:
    """Its lists may have 128 MiB when they are unpacked; they are in memory once."""
    archive = ENDLESS[name]
    cost = measure(trap, fake_python(), archive)
    assert cost.status == MISSING_OR_DAMAGED, cost.message
    assert "evil-1.0-" in cost.message
    assert cost.peak_mib < 220, cost


def test_small_archives_take_little_memory_together(trap: Trap) -> None:
    """No two long lists are in memory at a time."""
    info = _list(900_000, "share/{:0100d}")
    archives = [Archive(package=package(f"evil-{number}", []), info=info) for number in range(4)]
    cost = measure(trap, *archives)
    assert cost.status == MISSING_OR_DAMAGED
    assert cost.peak_mib < 260, cost


@pytest.mark.parametrize("length", [200_000, 100 * MIB])
def test_a_message_is_as_long_as_somebody_reads(length: int, trap: Trap) -> None:
    script = f"head -c {length} /dev/zero | tr '\\0' m > \"$PREFIX/.messages.txt\"\n"
    completed = measure(trap, evil(plain("bin/.evil-post-link.sh", script, executable=True)))
    assert completed.status == 0
    assert f"(the rest of its {length} bytes is left out)" in completed.message
    assert len(completed.message) < 70_000
    assert completed.peak_mib < 100


@pytest.mark.tools("setsid")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_run_leaves_no_program_behind(number: signal.Signals, trap: Trap) -> None:
    """Not one in a session of its own either, whose parent is gone."""
    seen = trap.directory / "process"
    script = f"(setsid sh -c 'echo $$ > {seen}.new; mv {seen}.new {seen}; exec sleep 100' &); sleep 100\n"
    runtime = trap.runtime([evil(plain("bin/.evil-post-link.sh", script, executable=True))])
    words = ["--path", str(trap.prefix), "bootstrap", "--offline", "--bundle", str(runtime.bundle)]
    environment = {"HOME": str(runtime.home), "PATH": "/usr/bin:/bin"}
    with subprocess.Popen([runtime.executable, *words], env=environment, stderr=subprocess.DEVNULL) as process:
        wait_until(seen.exists)
        process.send_signal(number)
        assert process.wait(timeout=60) == 128 + number
    left = int(seen.read_text())
    wait_until(lambda: not is_running(left))
    assert list(trap.prefix.parent.iterdir()) == []


RUNTIMES_OWN = [".demo.staging", "conda-meta/other-1-0.json", "etc/conda-ship"]
RUNTIMES_FILES = [
    ".condarc",
    ".demo.json",
    ".demo.json.new",
    ".installer.info",
    ".messages.txt",
    ".post-link-output",
    "conda-meta/frozen",
    "conda-meta/history",
    "conda-meta/initial-state.explicit.txt",
]


@pytest.mark.parametrize("path", RUNTIMES_OWN + RUNTIMES_FILES)
def test_what_is_in_the_runtimes_own_way_is_refused(path: str, trap: Trap) -> None:
    for number, entry in enumerate([folder(path), plain(f"{path}/below"), link(f"{path}/link", "x")]):
        cost = measure(trap, evil(plain("first", "1"), entry), name=str(number))
        assert cost.status == MISSING_OR_DAMAGED, cost.message
        assert f'evil-1.0-0.conda: refused "{path}' in cost.message


@pytest.mark.parametrize("path", RUNTIMES_FILES)
def test_a_package_may_have_a_file_where_the_runtime_has_one(path: str, trap: Trap) -> None:
    assert trap.spring(evil(plain(path, "a package's"))).returncode == 0


@pytest.mark.tools("prlimit")
@pytest.mark.parametrize("suffix", [".conda", ".tar.bz2"])
def test_a_lack_of_memory_is_not_a_damaged_archive(suffix: str, trap: Trap) -> None:
    """Where it runs out depends on the machine: somewhere between nothing and enough."""
    runtime = trap.runtime([evil(plain("share/x", bytes(3 * MIB)), suffix=suffix)])
    words = ["--path", str(trap.prefix), "bootstrap", "--offline", "--bundle", str(runtime.bundle)]
    found = set()
    for mib in range(4, 40):
        completed = run_command(
            ["prlimit", f"--as={mib * MIB}", str(runtime.executable), *words],
            env={"HOME": str(runtime.home), "PATH": "/usr/bin:/bin"},
            cwd=runtime.home,
        )
        found.add(completed.returncode)
        # Rust's library aborts where it cannot start a thread: it needs a second stack for it, and memory of its own.
        texts = ("failed to allocate an alternative stack", "memory allocation of")
        is_librarys = any(text in completed.stderr for text in texts)
        assert completed.returncode in (0, IO_FAILURE, -11, 127) or is_librarys, (mib, completed)
        if completed.returncode == IO_FAILURE:
            assert "memory" in completed.stderr, (mib, completed.stderr)
            assert "bug in the package" not in completed.stderr
        if completed.returncode == 0:
            break
    assert found >= {0, IO_FAILURE}
