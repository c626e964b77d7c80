"""Writing bundles, byte by byte."""

from __future__ import annotations

import os
import random
import subprocess
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard

from bundle_samples import SIZES_BYTES, expect
from cs_bundle import (
    ArchiveMismatchError,
    ArchiveNameError,
    BundleRejectedError,
    BundleWriteError,
    DiskFullError,
    append_bundle,
    write_bundle,
)
from cs_bundle._blocks import BlockWriter
from cs_bundle._frame import file_offset
from cs_bundle._tar import render_entry_header


def unpack(path: Path) -> bytes:
    """Return the tar inside a bundle, by the compressor's own library."""
    return zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes())


def test_info_describes_the_file(tmp_path: Path, archives: dict[str, Path]) -> None:
    info = write_bundle(tmp_path / "b", archives.values())
    data = info.path.read_bytes()
    assert (len(data), sha256(data).hexdigest()) == (info.size_bytes, info.sha256)
    assert [archive.file_name for archive in info.archives] == sorted(SIZES_BYTES)


def test_archives_stand_where_the_arithmetic_says(tmp_path: Path, archives: dict[str, Path]) -> None:
    info = write_bundle(tmp_path / "b", archives.values())
    data = info.path.read_bytes()
    for archive in info.archives:
        expected = archives[archive.file_name].read_bytes()
        assert archive.tar_offset is not None
        found = bytes(data[file_offset(archive.tar_offset + index)] for index in range(archive.size_bytes))
        assert found == expected


def test_frame_is_the_one_on_the_format_page(tmp_path: Path, archives: dict[str, Path]) -> None:
    data = write_bundle(tmp_path / "b", archives.values()).path.read_bytes()
    assert data[:9] == bytes.fromhex("28b52ffd 0038 000010")
    frame = zstandard.get_frame_parameters(data)
    assert (frame.window_size, frame.has_checksum, frame.dict_id) == (1 << 17, False, 0)


def test_tar_is_the_one_on_the_format_page(tmp_path: Path, archives: dict[str, Path]) -> None:
    tar = unpack(write_bundle(tmp_path / "b", archives.values()).path)
    header = tar[:512]
    assert header[:100] == b"_mutex-0.1-main.conda".ljust(100, b"\0")
    assert header[100:148] == b"0000644\x000000000\x000000000\x0000000000000\x0000000000000\0"
    assert header[148:156] == b"%06o\0 " % (sum(header[:148]) + 8 * 32 + sum(header[156:]))
    assert header[156:] == b"0".ljust(101, b"\0") + b"ustar\x0000" + bytes(247)
    assert tar[-1024:] == bytes(1024)
    assert len(tar) % 512 == 0


def test_order_of_archives_does_not_matter(tmp_path: Path, archives: dict[str, Path]) -> None:
    first = write_bundle(tmp_path / "a", archives.values())
    second = write_bundle(tmp_path / "b", reversed(archives.values()))
    assert first.path.read_bytes() == second.path.read_bytes()


def test_times_and_modes_do_not_matter(tmp_path: Path, archives: dict[str, Path]) -> None:
    first = write_bundle(tmp_path / "a", archives.values()).sha256
    for path in archives.values():
        os.utime(path, (1, 1))
        path.chmod(0o600)
    assert write_bundle(tmp_path / "b", archives.values()).sha256 == first


@pytest.mark.parametrize("size", [131_072 - 1536 - 512, 131_072 - 1536, 131_072 - 1536 + 1, 5 * 131_072 - 1536])
def test_a_tar_that_ends_at_a_block_border_has_a_last_block(tmp_path: Path, size: int) -> None:
    archive = tmp_path / "a-1-0.conda"
    archive.write_bytes(random.Random(size).randbytes(size))
    info = write_bundle(tmp_path / "b", [archive])
    assert unpack(info.path)[512 : 512 + size] == archive.read_bytes()
    assert info.path.stat().st_size == info.size_bytes


def test_no_archives_make_an_empty_tar(tmp_path: Path) -> None:
    assert unpack(write_bundle(tmp_path / "b", []).path) == bytes(1024)


@pytest.mark.tools("tar", "zstd")
def test_tar_and_zstd_read_it(tmp_path: Path, archives: dict[str, Path]) -> None:
    long = tmp_path / ("x" * 180 + "-1.0-0.conda")
    long.write_bytes(b"long")
    out = write_bundle(tmp_path / "b.tar.zst", [*archives.values(), long]).path
    subprocess.run(["zstd", "-q", "-t", str(out)], check=True)
    (tmp_path / "unpacked").mkdir()
    subprocess.run(["tar", "--zstd", "-xf", str(out), "-C", str(tmp_path / "unpacked")], check=True)
    for path in (*archives.values(), long):
        assert (tmp_path / "unpacked" / path.name).read_bytes() == path.read_bytes()


def test_a_name_of_a_hundred_bytes_needs_no_extension() -> None:
    assert len(render_entry_header("x" * 94 + ".conda", 1)) == 512
    assert len(render_entry_header("x" * 95 + ".conda", 1)) == 3 * 512


def test_sizes_from_eight_gibibytes_on_are_binary() -> None:
    assert render_entry_header("a.conda", (8 << 30) - 1)[124:136] == b"77777777777\0"
    assert render_entry_header("a.conda", 8 << 30)[124:136] == b"\x80\0\0\0\0\0\0\x02\0\0\0\0"


@pytest.mark.parametrize("name", ["readme.txt", ".conda", "a b.conda", "größe-1-0.conda", "-a-1-0.conda"])
def test_other_names_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArchiveNameError, match="this is not the name of a package archive") as caught:
        write_bundle(tmp_path / "b", [tmp_path / name])
    assert caught.value.name == name


def test_one_name_twice_is_refused(tmp_path: Path, archives: dict[str, Path]) -> None:
    copy = tmp_path / "zlib-1.3-0.conda"
    copy.write_bytes(b"")
    with pytest.raises(BundleRejectedError, match="two archives have the same name") as caught:
        write_bundle(tmp_path / "b", [*archives.values(), copy])
    assert caught.value.kind == "duplicate"


def test_a_missing_archive_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BundleWriteError, match=r"cannot write the bundle: .*No such file"):
        write_bundle(tmp_path / "b", [tmp_path / "a-1-0.conda"])


@pytest.mark.parametrize("stated", [512, 514])
def test_an_archive_that_changes_meanwhile_is_an_error(tmp_path: Path, archives: dict[str, Path], stated: int) -> None:
    out = os.open(tmp_path / "b", os.O_WRONLY | os.O_CREAT)
    with BlockWriter(out, 4096) as writer, pytest.raises(BundleWriteError, match="changed while it was read"):
        writer.write_file(archives["zlib-1.3-0.conda"], stated)
    os.close(out)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_a_failure_leaves_what_was_there(
    tmp_path: Path, archives: dict[str, Path], monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise error

    out = tmp_path / "out" / "b"
    out.parent.mkdir()
    out.write_bytes(b"the previous build")
    monkeypatch.setattr(BlockWriter, "finish", fail)
    with pytest.raises((KeyboardInterrupt, DiskFullError)):
        write_bundle(out, archives.values())
    assert out.read_bytes() == b"the previous build"
    assert list(out.parent.iterdir()) == [out]


def test_an_appended_bundle_is_the_same_bundle(tmp_path: Path, archives: dict[str, Path]) -> None:
    alone = write_bundle(tmp_path / "b", archives.values())
    whole = sha256(b"before")
    with (tmp_path / "runtime").open("wb", buffering=0) as file:
        file.write(b"before")
        info = append_bundle(file, archives.values(), digests=[whole])
        file.write(b"after")
    data = (tmp_path / "runtime").read_bytes()
    assert data == b"before" + alone.path.read_bytes() + b"after"
    assert (info.sha256, info.size_bytes, info.archives) == (alone.sha256, alone.size_bytes, alone.archives)
    assert whole.digest() == sha256(data.removesuffix(b"after")).digest()


def test_archives_are_checked_while_they_are_copied(tmp_path: Path, archives: dict[str, Path]) -> None:
    expected = expect(archives.values())
    info = write_bundle(tmp_path / "b", archives.values(), expected=expected)
    assert info.sha256 == write_bundle(tmp_path / "c", archives.values()).sha256


@pytest.mark.parametrize("name", sorted(SIZES_BYTES))
def test_a_damaged_archive_is_refused_and_leaves_nothing(name: str, tmp_path: Path, archives: dict[str, Path]) -> None:
    expected = [replace(one, sha256="0" * 64) if one.file_name == name else one for one in expect(archives.values())]
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ArchiveMismatchError, match=r"SHA-256 .*does not match the lock") as caught:
        write_bundle(tmp_path / "b", archives.values(), expected=expected)
    assert (caught.value.path, caught.value.name) == (archives[name], name)
    assert sorted(tmp_path.iterdir()) == before


def test_an_archive_of_another_size_is_refused_before_it_is_read(tmp_path: Path, archives: dict[str, Path]) -> None:
    expected = [replace(one, size_bytes=7) for one in expect(archives.values()) if one.file_name.startswith("zlib")]
    with pytest.raises(ArchiveMismatchError, match=r"size .*\(expected 7 bytes, found 513 bytes\)"):
        write_bundle(tmp_path / "b", archives.values(), expected=expected)
