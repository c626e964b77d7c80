"""Packages made to be awkward: what our linker makes of them, beside what rattler's installer makes.

``docs/explanation/linking.md`` lists where the two differ and why; here each difference has a test of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rattler

from support.channel import awkward
from support.channel.archive import MTIME, PLACEHOLDER
from support.channel.chance import make_environment
from support.channel.crafted import Archive, Odd, folder, write_channel
from support.channel.pieces import binary, delegate, fake_python, hard, link, noarch_python, package, plain, text
from support.channel.rattling import RattlerError
from support.installs import Runtime, install_with_rattler, make_runtime
from support.prefixes import compare, describe_as_own, describe_prefix, read_as_own, read_records

RUNTIMES_OWN = frozenset({".demo.json"})
RATTLERS_OWN = frozenset({"__clobbers__", "CACHEDIR.TAG"})
FIELDS_OF_THE_REQUEST = ("requested_spec", "requested_specs", "url", "channel")
"""py-rattler cannot be told what was requested, and gets its archives from a folder."""

Build = Callable[..., Runtime]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Make a runtime of archives; the delegate's package comes along."""

    def make(*archives: Archive, **options: Any) -> Runtime:
        records = write_channel([delegate(), *archives], tmp_path / "channel")
        return make_runtime(records, tmp_path / "channel", tmp_path / "runtime", **options)

    return make


@pytest.fixture
def install(build: Build, tmp_path: Path) -> Callable[..., Path]:
    """Install archives with our runtime; the prefix."""

    def run(*archives: Archive, prefix: Path | None = None) -> Path:
        prefix = prefix or tmp_path / "prefix"
        completed = build(*archives).bootstrap(prefix)
        assert completed.returncode == 0, completed.stderr
        return prefix

    return run


def without_clobbers(records: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Leave the copies that rattler keeps of files that lost out of its records, and put paths in our order."""
    for record in records.values():
        for field in FIELDS_OF_THE_REQUEST:
            record.pop(field, None)
        data = record["paths_data"]
        kept = [path for path in data["paths"] if not path["_path"].startswith("__clobbers__/")]
        data["paths"] = sorted(kept, key=lambda path: str(path["_path"]).split("/"))
        record["files"] = [path["_path"] for path in data["paths"]]
    return records


def compare_with_rattler(archives: Sequence[Archive], prefix: Path, tmp_path: Path) -> list[str]:
    """Install archives with both, at the same place, and list the differences."""
    records = write_channel(archives, tmp_path / "channel")
    install_with_rattler(records, prefix, tmp_path / "rattler")
    rattlers, rattlers_records = describe_as_own(prefix, ignore=RATTLERS_OWN), read_as_own(prefix)
    prefix.rename(tmp_path / "rattlers")
    completed = make_runtime(records, tmp_path / "channel", tmp_path / "runtime").bootstrap(prefix)
    assert completed.returncode == 0, completed.stderr
    own, own_records = describe_prefix(prefix, ignore=RUNTIMES_OWN), read_records(prefix)
    return compare(own, rattlers) + compare(without_clobbers(own_records), without_clobbers(rattlers_records))


@pytest.mark.parametrize("prefix_name", ["prefix", "long" * 32, "with space"])
@pytest.mark.parametrize("name", awkward.collections())
def test_the_prefix_is_the_one_that_rattler_makes(name: str, prefix_name: str, tmp_path: Path) -> None:
    assert compare_with_rattler(awkward.collections()[name], tmp_path / prefix_name, tmp_path) == []


@pytest.mark.parametrize("seed", range(int(os.environ.get("CS_CHANCES", "15"))))
def test_environments_made_by_chance_are_those_that_rattler_makes(seed: int, tmp_path: Path) -> None:
    """``CS_CHANCES=1000`` tries more of them."""
    assert compare_with_rattler(make_environment(seed), tmp_path / "prefix", tmp_path) == []


def test_the_last_package_in_rattlers_order_wins_a_path(install: Callable[..., Path], tmp_path: Path) -> None:
    prefix = install(*awkward.chain())
    lock = rattler.LockFile.from_path(tmp_path / "runtime" / "pixi.lock").environment("default")
    assert lock is not None
    records = lock.conda_repodata_records_for_platform(lock.platforms()[0])
    assert records is not None
    order = [record.name.normalized for record in rattler.PackageRecord.sort_topologically(list(records))]
    rivals = {"contested": "mza", "m-and-a": "ma", "z-and-b": "zb", "b-and-y": "by"}
    for path, letters in rivals.items():
        winner = max(letters, key=lambda letter: order.index(f"tie-{letter}"))
        assert (prefix / "share" / path).read_text() == winner, path


def test_a_file_that_lost_is_neither_kept_nor_recorded(install: Callable[..., Path]) -> None:
    """Rattler keeps it below ``__clobbers__`` for the day the winner is removed; a runtime removes no package."""
    prefix = install(*awkward.clobbering())
    assert not (prefix / "__clobbers__").exists()
    owners: dict[str, list[str]] = {}
    for name, record in read_records(prefix).items():
        for path in record["files"]:
            owners.setdefault(path, []).append(name)
    assert {path: names for path, names in owners.items() if len(names) > 1} == {}
    assert owners["share/three-way"] == ["clobber-c"]


def test_the_same_packages_make_the_same_prefix_in_whatever_order_they_come(install: Callable[..., Path]) -> None:
    """For commands of noarch python packages rattler has no such rule: which of two is left is a matter of luck."""
    first = noarch_python(
        "rival-one", [plain("python-scripts/three", "1")], entry_points=["one = one:main", "two = one:main"]
    )
    second = noarch_python("rival-two", [], "rival-one", entry_points=["one = two:main", "three = two:main"])
    last = package("rival-three", [plain("bin/two", "a file", executable=True)], "rival-two")
    prefix = install(fake_python(), Archive(package=first), Archive(package=second), Archive(package=last))
    assert "from two import main" in (prefix / "bin" / "one").read_text()
    assert (prefix / "bin" / "two").read_text() == "a file"
    assert "from two import main" in (prefix / "bin" / "three").read_text()
    records = read_records(prefix)
    assert records["rival-one"]["files"] == []
    assert records["rival-two"]["files"] == ["bin/one", "bin/three"]
    assert records["rival-three"]["files"] == ["bin/two"]


@pytest.mark.parametrize("pair", awkward.layered_pairs())
def test_a_file_and_a_directory_of_one_name_are_laid_over_each_other(pair: tuple[str, str], tmp_path: Path) -> None:
    """As if the packages were put in place one after the other in rattler's order, each removing what is in its way.

    Rattler means to do that. Where it looks for directories in the wrong order it fails, or lists what is not there.
    """
    archives = awkward.layers(*pair)
    prefix = tmp_path / "prefix"
    records = write_channel(archives, tmp_path / "channel")
    completed = make_runtime(records, tmp_path / "channel", tmp_path / "runtime").bootstrap(prefix)
    assert completed.returncode == 0, completed.stderr
    entries = describe_prefix(prefix, ignore=RUNTIMES_OWN)
    expected = awkward.lay(archives)
    assert {path: entry for path, entry in entries.items() if path.startswith("share/x")}.keys() == expected.keys()
    for path, entry in expected.items():
        content = entry.content if entry.link is None else entry.link
        assert entries[path][1] == content, path
    owned = {path for record in read_records(prefix).values() for path in record["files"]}
    assert {path for path in owned if path.startswith("share/x")} == expected.keys()
    prefix.rename(tmp_path / "own")
    try:
        install_with_rattler(records, prefix, tmp_path / "rattler")
    except RattlerError as error:
        if "InstallerError" not in str(error):
            raise
        return
    rattlers = {path for record in read_records(prefix).values() for path in record["files"]}
    if all(os.path.lexists(prefix / path) and not (prefix / path).is_dir() for path in rattlers):
        assert {path for path in rattlers if not path.startswith("__clobbers__/")} == owned


def test_what_gives_way_to_a_directory_is_named(build: Build, tmp_path: Path) -> None:
    archives = awkward.layers("link", "below")
    completed = build(*archives).run("-v", "--path", str(tmp_path / "prefix"), "bootstrap", "--offline", "--bundle",
                                     str(tmp_path / "runtime" / "bundle"))  # fmt: skip
    assert completed.returncode == 0, completed.stderr
    assert "share/x of layer-a is left out: layer-b has share/x/" in completed.stderr


@pytest.mark.parametrize("umask", [0, 0o002, 0o022, 0o027, 0o077])
def test_modes_follow_the_umask(umask: int, build: Build, tmp_path: Path) -> None:
    """As for conda, tar and install; nothing that packages bring is ever for everybody to write to."""
    modes = (0o644, 0o664, 0o666, 0o755, 0o775, 0o777, 0o600, 0o4755, 0o2775, 0o1777)
    entries = [plain(f"share/{mode:o}", "x", mode=mode) for mode in modes]
    points = noarch_python("points", [plain("site-packages/p.py", "", mode=0o666)], entry_points=["point = p:main"])
    runtime = build(Archive(package=package("modes", entries)), fake_python(), Archive(package=points))
    prefix = tmp_path / "prefix"
    completed = replace(runtime, umask=umask).bootstrap(prefix)
    assert completed.returncode == 0, completed.stderr

    def allowed(mode: int) -> int:
        return mode & 0o775 & ~umask

    for mode in modes:
        assert stat.S_IMODE((prefix / "share" / f"{mode:o}").stat().st_mode) == allowed(mode), f"{mode:o}"
    for path, mode in {"bin/point": 0o777, "conda-meta/history": 0o666, "share": 0o777, "conda-meta": 0o777}.items():
        assert stat.S_IMODE((prefix / path).stat().st_mode) == allowed(mode), path
    linked = [path for folder in ("bin", "lib", "share", "conda-meta") for path in (prefix / folder).rglob("*")]
    assert not [path for path in linked if not path.is_symlink() and path.stat().st_mode & 0o002]


def test_a_list_of_files_with_wrong_sizes_is_no_reason_to_fail(build: Build, tmp_path: Path) -> None:
    """Rattler installs such a package, conda warns and installs it; the record has what is really there."""
    entries = [plain("share/x", "123", record={"size_in_bytes": 4}), plain("share/y", "1", record={"size_in_bytes": 0})]
    archive = Archive(package=package("sloppy", entries))
    runtime = build(archive)
    words = ["--path", str(tmp_path / "prefix"), "bootstrap", "--offline", "--bundle", str(runtime.bundle)]
    completed = runtime.run("-v", *words)
    assert completed.returncode == 0, completed.stderr
    assert f"{archive.file_name}: its list of files states a wrong size for 2 of them: share/x" in completed.stderr
    paths = read_records(tmp_path / "prefix")["sloppy"]["paths_data"]["paths"]
    assert {path["_path"]: path["size_in_bytes"] for path in paths} == {"share/x": 3, "share/y": 1}


def altered(prefix: Path) -> list[str]:
    """List what ``conda doctor`` calls altered or missing: it follows links, and compares ``sha256_in_prefix``."""
    found = []
    for record in read_records(prefix).values():
        for path in record["paths_data"]["paths"]:
            file, expected = prefix / path["_path"], path.get("sha256_in_prefix")
            if expected and file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() != expected:
                found.append(path["_path"])
    return found


@pytest.mark.parametrize("name", awkward.collections())
def test_conda_doctor_finds_nothing_altered_in_a_fresh_prefix(name: str, build: Build, tmp_path: Path) -> None:
    completed = build(*awkward.collections()[name][1:]).bootstrap(tmp_path / "prefix")
    assert completed.returncode == 0, completed.stderr
    assert altered(tmp_path / "prefix") == []


def test_a_command_replaces_the_packages_own_script_of_its_name(install: Callable[..., Path]) -> None:
    """As in rattler, but it is recorded once, not twice."""
    script = plain("python-scripts/tool", "script", executable=True)
    tool = noarch_python("tool", [script], entry_points=["tool = tool:main"])
    prefix = install(fake_python(), Archive(package=tool))
    record = read_records(prefix)["tool"]
    assert record["files"] == ["bin/tool"]
    assert record["paths_data"]["paths"][0]["path_type"] == "unix_python_entry_point"
    assert "from tool import main" in (prefix / "bin" / "tool").read_text()


def test_an_entry_point_may_name_extras(install: Callable[..., Path]) -> None:
    """Rattler refuses such a package; pip and installers before it leave the extras out."""
    points = ["one = mod:main [extra]", "two = mod:main[a,b]"]
    prefix = install(fake_python(), Archive(package=noarch_python("extras", [], entry_points=points)))
    for name in ("one", "two"):
        script = (prefix / "bin" / name).read_text()
        assert "from mod import main\n" in script
        assert "sys.exit(main())" in script


def test_directories_that_a_package_lists_are_made(install: Callable[..., Path]) -> None:
    """As conda makes them; rattler takes them for files and fails."""
    entries = [
        folder("var/empty"),
        folder("var/deep/er/empty"),
        folder("var/private", mode=0o700),
        folder("var/locked", mode=0o555),
        plain("var/locked/file", "x"),
        Odd(path="var/only-listed", record={"path_type": "directory"}, in_archive=False),
        plain("var/file", "x"),
    ]
    again = package("again", [folder("var/empty"), folder("var")])
    prefix = install(Archive(package=package("folders", entries)), Archive(package=again))
    for path in ("var/empty", "var/deep/er/empty", "var/private", "var/only-listed"):
        assert (prefix / path).is_dir(), path
        assert stat.S_IMODE((prefix / path).stat().st_mode) & 0o700 == 0o700
    types = {path["_path"]: path["path_type"] for path in read_records(prefix)["folders"]["paths_data"]["paths"]}
    assert types["var/empty"] == "directory"


def test_the_old_list_of_placeholders_may_quote_every_word(install: Callable[..., Path]) -> None:
    """As conda's shell-like splitting allows; rattler refuses a mode in quotation marks."""
    entries = [plain("etc/a b", f"{PLACEHOLDER}\n"), plain("lib/binary", f"{PLACEHOLDER}\0")]
    lines = f'"{PLACEHOLDER}" "text" "etc/a b"\n"{PLACEHOLDER}" "BINARY" lib/binary\n'
    old = Archive(
        package=package("old", entries, old_style=True), suffix=".tar.bz2", info={"has_prefix": lines.encode()}
    )
    prefix = install(old)
    assert (prefix / "etc" / "a b").read_text() == f"{prefix}\n"
    assert (prefix / "lib" / "binary").read_bytes() == os.fsencode(prefix).ljust(len(PLACEHOLDER) + 1, b"\0")


def test_first_lines_keep_bytes_that_are_not_utf_8(install: Callable[..., Path]) -> None:
    """Rattler replaces each by U+FFFD when the placeholder is in the same line."""
    script = text("bin/odd", f"#!{PLACEHOLDER}/bin/x ".encode() + b"\xff\xfe\nrest\n", executable=True)
    prefix = install(Archive(package=package("odd", [script])))
    assert (prefix / "bin" / "odd").read_bytes() == f"#!{prefix}/bin/x ".encode() + b"\xff\xfe\nrest\n"


def test_times_are_those_of_the_archive(install: Callable[..., Path]) -> None:
    """Files that the prefix is written into are younger than what was compiled from them at build time."""
    about = MTIME + 1000
    entries = [
        plain("share/epoch", "", mtime=0),
        plain("share/future", "", mtime=7_258_118_400),
        link("share/link", "epoch", mtime=315_532_800),
        plain("share/pax", "", pax={"mtime": "1500000000.75"}),
        text("lib/mod.py", PLACEHOLDER, mtime=MTIME),
        plain("lib/__pycache__/mod.cpython-311.pyc", "", mtime=MTIME),
    ]
    archive = Archive(package=package("times", entries), info_mtime=about)
    prefix = install(archive)
    times = {path: int((prefix / path).lstat().st_mtime) for path in (entry.path for entry in entries)}
    assert times["share/epoch"] == 0
    assert times["share/future"] == 7_258_118_400
    assert times["share/link"] == 315_532_800
    assert times["share/pax"] == 1_500_000_000
    assert times["lib/__pycache__/mod.cpython-311.pyc"] == MTIME
    assert times["lib/mod.py"] == about + 1


def test_hard_links_stay_hard_links_where_both_hold_the_same(install: Callable[..., Path]) -> None:
    prefix = install(*awkward.hard_links()[:1])
    inode = {name: (prefix / "share" / name).stat().st_ino for name in ("first", "second", "third", "prefixed-not")}
    assert inode["first"] == inode["second"] == inode["third"]
    assert (prefix / "share" / "prefixed-not").read_text() == f"in {PLACEHOLDER}\n"


def test_a_chain_of_hard_links_survives_the_loss_of_its_first_name(install: Callable[..., Path]) -> None:
    chain = [
        plain("share/zero", "content\n"),
        *(hard(f"share/{new}", f"share/{old}", b"content\n") for old, new in zip("abc", "bcd", strict=True)),
    ]
    chain.insert(1, hard("share/a", "share/zero", b"content\n"))
    other = package("other", [plain(f"share/{name}", "other\n") for name in ("zero", "b")], "chain")
    prefix = install(Archive(package=package("chain", chain)), Archive(package=other))
    contents = {name: (prefix / "share" / name).read_text() for name in ("zero", "a", "b", "c", "d")}
    assert contents == {"zero": "other\n", "a": "content\n", "b": "other\n", "c": "content\n", "d": "content\n"}


def scripted(script: str, *depends: str, name: str = "scripted") -> Archive:
    """A package with a post-link script."""
    return Archive(package=package(name, [plain(f"bin/.{name}-post-link.sh", script, executable=True)], *depends))


def test_what_scripts_write_into_binaries_keeps_its_length(install: Callable[..., Path]) -> None:
    """They run before the prefix is in its place: its final path replaces the longer one, and NULs fill the rest."""
    prefix = install(scripted('printf \'a=%s/lib\\0b\' "$PREFIX" > "$PREFIX/share.bin"\n'))
    content = (prefix / "share.bin").read_bytes()
    assert content.startswith(f"a={prefix}/lib\0".encode())
    assert content.endswith(b"\0b")
    assert content.strip(b"\0").count(b"/lib") == 1


def test_a_script_that_fails_leaves_the_prefix_and_says_so(build: Build, tmp_path: Path) -> None:
    """As in rattler: the files are there, and what the script was to add can be added later."""
    runtime = build(
        scripted("echo out of order >&2\nexit 3\n", name="broken"),
        scripted('echo fine > "$PREFIX/fine"\n', "broken", name="works"),
    )
    completed = runtime.bootstrap(tmp_path / "prefix")
    assert completed.returncode == 0, completed.stderr
    assert (tmp_path / "prefix" / "fine").read_text() == "fine\n"
    for part in ("broken", "post-link", "3", "out of order"):
        assert part in completed.stderr


def test_messages_of_scripts_are_shown_and_not_left_behind(build: Build, tmp_path: Path) -> None:
    runtime = build(scripted('echo "Run setup-me first." >> "$PREFIX/.messages.txt"\n'))
    completed = runtime.bootstrap(tmp_path / "prefix")
    assert "Run setup-me first." in completed.stderr
    assert not (tmp_path / "prefix" / ".messages.txt").exists()
    quiet = build(scripted('echo "Run setup-me first." >> "$PREFIX/.messages.txt"\n')).run(
        "-q", "--path", str(tmp_path / "other"), "bootstrap", "--offline", "--bundle", str(runtime.bundle)
    )
    assert (quiet.returncode, quiet.stderr) == (0, "")


def test_scripts_of_a_runtime_on_an_odd_path_start(install: Callable[..., Path], tmp_path: Path) -> None:
    """First lines that no kernel reads, because of a space or their length, still lead to the prefix's own program."""
    show = plain("bin/python3.11", '#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n', executable=True)
    entries = [show, text("bin/show", f"#!{PLACEHOLDER}/bin/python3.11\n", executable=True)]
    for name in ("with space", "l" * 140):
        prefix = install(Archive(package=package("show", entries)), prefix=tmp_path / name)
        said = subprocess.run([prefix / "bin" / "show", "a b"], capture_output=True, text=True, check=True).stdout
        assert said.splitlines() == [f"{prefix}/bin/python3.11", f"{prefix}/bin/show", "a b"]


def test_a_prefix_that_binaries_have_no_room_for_is_refused(build: Build, tmp_path: Path) -> None:
    runtime = build(Archive(package=package("tight", [binary("lib/x", f"{PLACEHOLDER}\0")])))
    prefix = tmp_path / ("d" * 120) / ("e" * 120)
    prefix.parent.mkdir()
    completed = runtime.bootstrap(prefix)
    assert completed.returncode != 0
    assert "tight-1.0-0.conda" in completed.stderr
    assert str(len(PLACEHOLDER)) in completed.stderr
    assert list(prefix.parent.iterdir()) == []


def test_conda_meta_is_readable_by_all(install: Callable[..., Path]) -> None:
    meta = install(*awkward.names()) / "conda-meta"
    assert stat.S_IMODE(meta.stat().st_mode) == 0o755
    for path in meta.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o644, path
    assert json.loads((meta / "names-1.0-0.json").read_text())["name"] == "names"
