"""Archives that no address can supply: where they go, and that no path of the build machine goes with them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard

from cli_samples import Channel, Cs, Workspace, contents, make_workspace, small_channel, verify
from cs_bundle import open_bundle
from cs_cli.building.plan import make_portable
from cs_stamp import read_stamp

MARK = "jane-doe-home"
LAYOUTS = ["online", "external", "embedded"]
ZSTD = b"\x28\xb5\x2f\xfd"


@dataclass
class Shelf:
    """A workspace at a marked path, and the channel that it locks packages of."""

    workspace: Workspace
    channel: Channel

    def locate(self, place: Callable[[Path], str], *names: str) -> None:
        """Write the lock anew, with the packages of some names where ``place`` says."""
        for record in self.channel.records:
            parts = record["conda"].split("/")[-2:]
            if not names or parts[1].split("-")[0] in names:
                record["conda"] = place(self.channel.directory / parts[0] / parts[1])
        self.workspace.write()

    def publish(self, *names: str) -> None:
        """Let packages have an address on the network."""
        self.locate(lambda path: f"https://conda.example/main/{path.parent.name}/{path.name}", *names)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: Path) -> Shelf:
    channel = small_channel(tmp_path / MARK / "channel")
    workspace = make_workspace(tmp_path / MARK / "workspace", channel)
    monkeypatch.chdir(workspace.write())
    return Shelf(workspace, channel)


PLACES: dict[str, Callable[[Path], str]] = {
    "url": lambda path: path.as_uri(),
    "capitals": lambda path: path.as_uri().replace("file:", "FILE:"),
    "absolute": str,
    "relative": lambda path: f"../channel/{path.parent.name}/{path.name}",
}


def unfold(data: bytes) -> Iterator[bytes]:
    """Yield data and everything that is packed inside it, however deep."""
    yield data
    start = data.find(ZSTD)
    while start >= 0:
        with contextlib.suppress(zstandard.ZstdError):
            yield from unfold(zstandard.ZstdDecompressor().decompressobj().decompress(data[start:]))
        start = data.find(ZSTD, start + 1)


def read_parts(runtime: Path) -> dict[str, bytes]:
    with read_stamp(runtime) as stamp:
        return {tag: stamp.read_part(tag) for tag in stamp.parts}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("place", PLACES)
def test_no_staged_file_holds_a_path_of_the_machine(shelf: Shelf, cs: Cs, layout: str, place: str) -> None:
    shelf.locate(PLACES[place])
    manifest = Path("conda.toml")
    text = manifest.read_text().replace('hello = "*"', f'hello = {{ channel = "{shelf.channel.url}", version = "*" }}')
    python = shelf.channel.directory / "python-3.11.7-0.conda"
    manifest.write_text(text.replace('python = "*"', f'python = {{ path = "{python}" }}'))
    outcome = cs("build", "--layout", layout)
    assert outcome.status == 0, outcome.err
    staged = contents(Path("dist"))
    runtime = Path("dist") / ("demoz" if layout == "embedded" else "demo")
    staged |= {f"part {tag}": data for tag, data in read_parts(runtime).items()}
    found = [name for name, data in staged.items() if any(MARK.encode() in inner for inner in unfold(data))]
    assert found == []
    assert verify(Path("dist")).problems == ()


def test_the_search_itself_finds_what_is_packed() -> None:
    """So that the law above cannot hold for want of looking."""
    text = "".join(chr(0x61 + number * number % 26) for number in range(2000)).encode()
    packed = zstandard.compress(bytes(100) + zstandard.compress(text * 50, 19), 19)
    whole = b"executable" + packed + b"footer"
    assert text not in whole
    assert any(text in inner for inner in unfold(whole))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("published", [(), ("libz",), ("libz", "python"), ("libz", "python", "hello")])
def test_what_no_address_can_supply_goes_along(
    shelf: Shelf, cs: Cs, layout: str, published: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cs("build", "--layout", "embedded").status == 0  # fills the cache
    shelf.publish(*published or ("nothing",))
    outcome = cs("build", "--layout", layout, "--offline", "--out-dir", "out")
    assert outcome.status == 0, outcome.err
    stem = "demoz" if layout == "embedded" else "demo"
    files = {name.rpartition("/")[2] for name in (record["conda"] for record in shelf.channel.records)}
    local = {name for name in files if name.split("-")[0] not in published}
    expected = {"online": local, "external": set(), "embedded": files}[layout]
    with read_stamp(Path("out") / stem) as stamp:
        plan, size = stamp.read_plan(), stamp.parts["bundle"].size_bytes
        Path("part").write_bytes(stamp.read_part("bundle"))
    assert {one.file_name for one in plan.packages if one.url is None} == local
    assert (set(open_bundle(Path("part")).names) if size else set()) == expected
    if layout == "external":
        assert set(open_bundle(Path("out/demo.bundle.tar.zst")).names) == files
    rows = [row.split("\t") for row in Path(f"out/{stem}.packages.txt").read_text().splitlines()]
    assert {row[3] for row in rows if row[3].startswith("./")} == {f"./{name}" for name in local}
    assert verify(Path("out")).problems == ()


def test_a_runtime_that_carries_other_archives_than_the_plan_says_is_refused(shelf: Shelf, cs: Cs) -> None:
    shelf.publish("libz")
    assert cs("build", "--layout", "online").status == 0
    runtime = Path("dist/demo")
    with read_stamp(runtime) as stamp:
        header, plan, lock = stamp.header, stamp.read_plan(), stamp.read_lock()
    from cs_bundle import write_bundle
    from cs_stamp import write_stamp

    archives = [path for path in shelf.channel.directory.rglob("*.conda") if "hello" not in path.name]
    bundle = write_bundle(Path("wrong"), archives).path
    write_stamp(Path("../../cs-template"), Path("wrong-demo"), header=header, plan=plan, lock=lock, bundle=bundle)
    (problem,) = verify(Path("wrong-demo")).problems
    assert problem.kind in ("unknown-name", "missing")


@pytest.mark.parametrize("place", PLACES)
def test_a_folder_may_have_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: Path, cs: Cs, place: str
) -> None:
    odd = tmp_path / "a b%20%41 é#?&'"
    channel = small_channel(odd / "channel")
    workspace = make_workspace(odd / "workspace", channel)
    monkeypatch.chdir(workspace.write())
    Shelf(workspace, channel).locate(PLACES[place])
    outcome = cs("build", "--layout", "online")
    assert outcome.status == 0, outcome.err
    assert verify(Path("dist")).problems == ()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_that_is_gone_is_named(shelf: Shelf, cs: Cs, layout: str) -> None:
    path = next(shelf.channel.directory.rglob("hello-*"))
    path.unlink()
    outcome = cs("build", "--layout", layout)
    assert outcome.status == 1
    assert "the package hello 1.0 needs an archive: its file cannot be read: " in outcome.err
    assert f"{path.name} (the feature 'ship' asks for it)" in outcome.err
    assert "hint: restore the file, or lock the workspace again" in outcome.err
    assert "fetching" not in outcome.err
    assert not Path("dist").exists()
    problem = next(one for one in json.loads(cs("inspect", "--json").out)["problems"] if one["severity"] == "error")
    assert (problem["kind"], problem["package"], problem["line"] > 0) == ("missing-archive", "hello", True)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("same_size", [True, False])
def test_a_file_that_has_changed_is_named(shelf: Shelf, cs: Cs, layout: str, same_size: bool) -> None:
    path = next(shelf.channel.directory.rglob("hello-*"))
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if same_size else data + b"x")
    outcome = cs("build", "--layout", layout)
    assert outcome.status == 1
    assert str(path) in outcome.err
    assert (sha256(data).hexdigest() if same_size else f"{len(data)} bytes") in outcome.err
    assert "hint: restore the file that was locked, or lock the workspace again" in outcome.err
    assert not Path("dist").exists()


@pytest.mark.parametrize(
    ("spec", "portable"),
    [
        ("hello >=1", "hello >=1"),
        ('hello[channel="file:///home/me/c"]', "hello"),
        ('hello >=1 py*[channel="./c"]', "hello >=1 py*"),
        ('hello[url="../dist/hello-1-0.conda"]', "hello"),
        ('hello[url="file:///x/hello-1-0.conda",sha256="ab"]', 'hello[sha256="ab"]'),
        ('hello[channel="/srv/c",build_number="2",license="MIT"]', 'hello[build_number="2",license="MIT"]'),
        ('hello[channel="https://h/c"]', 'hello[channel="https://h/c"]'),
        ('hello[channel="conda-forge/label/x"]', 'hello[channel="conda-forge/label/x"]'),
        ('hello[url="https://h/c/noarch/hello-1-0.conda"]', 'hello[url="https://h/c/noarch/hello-1-0.conda"]'),
        ("numpy[version='>=2']", "numpy[version='>=2']"),
    ],
)
def test_requested_specs_name_no_place_of_the_machine(spec: str, portable: str) -> None:
    assert make_portable(spec) == portable
