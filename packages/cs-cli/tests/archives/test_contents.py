"""Looking into package archives."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cli_samples import info_files, make_conda, make_tar, make_tar_bz2
from cs_cli.archives.contents import ArchiveContents, read_contents
from cs_cli.errors import CliError

FILES = {
    "bin/tool": b"#!/bin/sh\n",
    "lib/libtool.so": b"library",
    "Library/bin/tool.exe": b"MZ",
    "Scripts/tool.bat": b"@echo",
    "python.exe": b"MZ",
    "README": b"text",
    "share/bin/not-a-command": b"x",
}
EXECUTABLES = ("Library/bin/tool.exe", "Scripts/tool.bat", "bin/tool", "python.exe")


@pytest.mark.parametrize("suffix", [".conda", ".tar.bz2"])
def test_both_formats_say_the_same(suffix: str, tmp_path: Path) -> None:
    make = make_conda if suffix == ".conda" else make_tar_bz2
    contents = read_contents(make(tmp_path / f"tool-1.0-0{suffix}", info_files(FILES), FILES))
    assert contents.executables == EXECUTABLES
    assert contents.installed_file_count == len(FILES)
    assert contents.installed_size_bytes == sum(map(len, FILES.values()))


def test_entry_points_are_named(tmp_path: Path) -> None:
    info = info_files({}, noarch="python", entry_points=["hello = hello:main", "bye=hello:bye"])
    assert read_contents(make_conda(tmp_path / "hello-1.0-0.conda", info, {})).entry_points == ("hello", "bye")


def test_old_packages_without_paths_json_are_read(tmp_path: Path) -> None:
    info = {"info/index.json": b"{}", "info/files": b"bin/old\nlib/old.so\n"}
    contents = read_contents(make_tar_bz2(tmp_path / "old-1.0-0.tar.bz2", info, {"bin/old": b"x"}))
    assert (contents.executables, contents.installed_size_bytes, contents.installed_file_count) == (("bin/old",), 0, 2)


def test_directories_are_not_counted(tmp_path: Path) -> None:
    paths = [{"_path": "share/empty", "path_type": "directory"}, {"_path": "bin/x", "path_type": "softlink"}]
    info = {"info/paths.json": json.dumps({"paths": paths}).encode()}
    assert read_contents(make_conda(tmp_path / "x-1.0-0.conda", info, {})).installed_file_count == 1


def test_the_shortest_binary_placeholder_limits_the_prefix(tmp_path: Path) -> None:
    placeholders = [("text", "/short"), ("binary", "/a/longer/placeholder"), ("binary", "/a/long/one")]
    paths = [
        {"_path": f"lib/{number}", "path_type": "hardlink", "file_mode": mode, "prefix_placeholder": placeholder}
        for number, (mode, placeholder) in enumerate(placeholders)
    ]
    info = {"info/paths.json": json.dumps({"paths": paths}).encode()}
    assert read_contents(make_conda(tmp_path / "x-1.0-0.conda", info, {})).prefix_limit_bytes == len("/a/long/one")


def test_old_packages_name_placeholders_in_has_prefix(tmp_path: Path) -> None:
    lines = b"/opt/text/only text bin/a\n/opt/binary binary lib/a.so\nbin/b\n"
    info = {"info/index.json": b"{}", "info/files": b"bin/a\nlib/a.so\n", "info/has_prefix": lines}
    contents = read_contents(make_tar_bz2(tmp_path / "old-1.0-0.tar.bz2", info, {}))
    assert contents.prefix_limit_bytes == len("/opt/binary")


def test_contents_survive_json() -> None:
    contents = ArchiveContents(
        executables=("bin/a",),
        entry_points=("b",),
        installed_size_bytes=3,
        installed_file_count=4,
        prefix_limit_bytes=5,
    )
    assert ArchiveContents.from_dict(json.loads(json.dumps(contents.to_dict()))) == contents


def write_no_zip(path: Path) -> None:
    path.write_bytes(b"<html>not found</html>")


def write_empty_file(path: Path) -> None:
    path.write_bytes(b"")


def write_cut_off(path: Path) -> None:
    make_conda(path, info_files(FILES), FILES)
    path.write_bytes(path.read_bytes()[:-40])


def write_no_info_member(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as container:
        container.writestr("metadata.json", "{}")


def write_info_that_is_not_zstd(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as container:
        container.writestr("info-x.tar.zst", b"no zstd at all")


def write_info_without_a_list_of_files(path: Path) -> None:
    make_conda(path, {"info/index.json": b"{}"}, {})


def write_paths_that_are_not_json(path: Path) -> None:
    make_conda(path, {"info/paths.json": b"{"}, {})


def write_link_that_is_a_list(path: Path) -> None:
    make_conda(path, {"info/paths.json": b'{"paths": []}', "info/link.json": b"[]"}, {})


@pytest.mark.parametrize(
    "write",
    [
        write_no_zip,
        write_empty_file,
        write_cut_off,
        write_no_info_member,
        write_info_that_is_not_zstd,
        write_info_without_a_list_of_files,
        write_paths_that_are_not_json,
        write_link_that_is_a_list,
    ],
)
def test_a_broken_archive_is_one_error_with_its_path(write: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "broken-1.0-0.conda"
    write(path)
    with pytest.raises(CliError, match="cannot read the package archive") as caught:
        read_contents(path)
    assert (caught.value.kind, caught.value.path) == ("archive-damaged", path)


def test_a_broken_tar_bz2_is_one_error_too(tmp_path: Path) -> None:
    path = tmp_path / "broken-1.0-0.tar.bz2"
    path.write_bytes(make_tar({"info/files": b""}))
    with pytest.raises(CliError, match="cannot read the package archive"):
        read_contents(path)


def info_of(*records: str) -> dict[str, bytes]:
    return {"info/paths.json": f'{{"paths": [{",".join(records)}]}}'.encode()}


@pytest.mark.parametrize(
    "size", ["-1", "NaN", "Infinity", "1e3", "1.0", "true", '"1"', "[]", str(1 << 48), str(1 << 64), "9" * 5000]
)
def test_a_size_that_is_none_is_refused_with_the_path_that_has_it(size: str, tmp_path: Path) -> None:
    record = f'{{"_path": "share/x", "path_type": "hardlink", "size_in_bytes": {size}}}'
    path = make_conda(tmp_path / "odd-1.0-0.conda", info_of(record), {})
    with pytest.raises(CliError, match="cannot read the package archive") as caught:
        read_contents(path)
    assert (caught.value.kind, caught.value.path) == ("archive-damaged", path)
    if size.lstrip("-").isdecimal() and len(size) < 80:
        assert f"'share/x': size_in_bytes is {size}" in caught.value.message


def test_sizes_that_no_disk_holds_are_refused_together(tmp_path: Path) -> None:
    records = [f'{{"_path": "share/{number}", "size_in_bytes": {(1 << 48) - 1}}}' for number in range(2)]
    with pytest.raises(CliError, match="its files take 281474976710656 bytes or more"):
        read_contents(make_conda(tmp_path / "odd-1.0-0.conda", info_of(*records), {}))


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("{}", "{} is not a path"),
        ("1", "1 is not a path"),
        ('{"_path": 1}', "is not a path"),
        ('{"_path": "x", "path_type": "device"}', "'x': path_type is 'device'"),
        ('{"_path": "x", "path_type": []}', r"'x': path_type is \[\]"),
        ('{"_path": "x", "file_mode": "odd", "prefix_placeholder": "/p"}', "'x': file_mode is 'odd'"),
        ('{"_path": "x", "prefix_placeholder": 1}', "'x': prefix_placeholder is 1"),
    ],
)
def test_a_record_that_the_runtime_refuses_is_refused(record: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(CliError, match=words):
        read_contents(make_conda(tmp_path / "odd-1.0-0.conda", info_of(record), {}))


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("archives.info_folder.LARGEST_LISTS", "the lists of paths in info/ take more than 1 bytes"),
        ("archives.info_folder.LARGEST_INFO", "unpacks to more than 1 bytes"),
        ("archives.limits.MOST_ENTRIES", "lists more than 1 entries"),
        ("archives.totals.LONGEST_PATHS", "its paths take more than 1 bytes"),
        ("archives.totals.LONGEST_PATH", "'bin/tool' is too long, or too deep"),
        ("archives.totals.DEEPEST_PATH", "'bin/tool' is too long, or too deep"),
        ("archives.contents.LARGEST_METADATA", "info/link.json takes more than 1 bytes"),
    ],
)
def test_a_bomb_in_info_is_not_unpacked(
    limit: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"cs_cli.{limit}", 1)
    info = info_files(FILES, noarch="python")
    with pytest.raises(CliError, match=words) as caught:
        read_contents(make_conda(tmp_path / "x-1.0-0.conda", info, FILES))
    assert caught.value.kind == "archive-damaged"


@pytest.mark.parametrize("paths", [["a"] * 40, ["a/b/c/d/e/f/g/h"] * 20 + ["i/j/k/l/m/n/o/p/q/r/s/t/u/v"]])
def test_a_small_archive_has_few_entries(paths: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [f'{{"_path": "{path}"}}' for path in paths]
    path = make_conda(tmp_path / "x-1.0-0.conda", info_of(*records), {})
    monkeypatch.setattr("cs_cli.archives.limits.BYTES_PER_ENTRY", path.stat().st_size)
    monkeypatch.setattr("cs_cli.archives.limits.ENTRIES_OF_ANY", 100)
    read_contents(path)
    monkeypatch.setattr("cs_cli.archives.limits.ENTRIES_OF_ANY", 30)
    with pytest.raises(CliError, match="it lists more than 31 entries, too many for an archive of its size"):
        read_contents(path)


def test_the_entries_of_info_count_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_conda(tmp_path / "x-1.0-0.conda", {f"info/{number}": b"" for number in range(9)}, {})
    monkeypatch.setattr("cs_cli.archives.limits.MOST_ENTRIES", 8)
    with pytest.raises(CliError, match="info/ has more than 8 entries"):
        read_contents(path)


def test_entry_points_count_as_entries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = info_files({}, noarch="python", entry_points=["a = a:a"] * 20)
    path = make_conda(tmp_path / "x-1.0-0.conda", info, {})
    monkeypatch.setattr("cs_cli.archives.limits.MOST_ENTRIES", 19)
    with pytest.raises(CliError, match="it lists more than 19 entries"):
        read_contents(path)


def test_the_lines_of_old_lists_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = make_tar_bz2(tmp_path / "long-1.0-0.tar.bz2", {"info/files": b"x" * (16 << 10)}, {})
    with pytest.raises(CliError, match="or one of 16384 bytes"):
        read_contents(long)
    old = make_tar_bz2(tmp_path / "old-1.0-0.tar.bz2", {"info/files": b"\n" * 9}, {})
    monkeypatch.setattr("cs_cli.archives.limits.MOST_ENTRIES", 5)
    with pytest.raises(CliError, match="info/files has more than 5 lines"):
        read_contents(old)


def test_a_long_placeholder_is_refused(tmp_path: Path) -> None:
    record = json.dumps({"_path": "x", "file_mode": "binary", "prefix_placeholder": "/p" * 4096})
    with pytest.raises(CliError, match="a placeholder is 8192 bytes long; the limit is 4096"):
        read_contents(make_conda(tmp_path / "x-1.0-0.conda", info_of(record), {}))


def test_a_second_list_is_refused(tmp_path: Path) -> None:
    import bz2

    entry = make_tar(info_files({}))[:1024]
    path = tmp_path / "twice-1.0-0.tar.bz2"
    path.write_bytes(bz2.compress(entry * 2 + bytes(1024)))
    with pytest.raises(CliError, match=r"info/paths.json appears twice"):
        read_contents(path)


def test_a_long_name_takes_no_more_than_names_do(tmp_path: Path) -> None:
    path = make_tar_bz2(tmp_path / "long-1.0-0.tar.bz2", {"info/" + "x" * (65 << 10): b""}, {})
    with pytest.raises(CliError, match="a header is"):
        read_contents(path)
