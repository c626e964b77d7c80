"""Opening bundles of every form."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest
import zstandard

from bundle_samples import SIZES_BYTES, compress, make_entry, make_tar
from cs_bundle import BundleError, BundleReader, BundleReadError, BundleRejectedError, open_bundle, write_bundle


def check_content(bundle: BundleReader, archives: dict[str, Path]) -> None:
    """Compare every archive, one by one and in one pass."""
    assert sorted(bundle.names) == sorted(archives)
    for name, path in archives.items():
        with bundle.open_archive(name) as file:
            assert file.read() == path.read_bytes()
    for archive, file in bundle.iterate_archives():
        assert file.read() == archives[archive.file_name].read_bytes()


def test_a_directory_is_a_bundle(archives: dict[str, Path]) -> None:
    bundle = open_bundle(archives["zlib-1.3-0.conda"].parent)
    assert bundle.form == "directory"
    check_content(bundle, archives)


def test_unrelated_files_links_and_directories_are_skipped(archives: dict[str, Path]) -> None:
    directory = archives["zlib-1.3-0.conda"].parent
    (directory / "README.txt").write_text("hello")
    (directory / "repodata.json").write_text("{}")
    (directory / "linked-1.0-0.conda").symlink_to(archives["zlib-1.3-0.conda"])
    (directory / "dangling-1.0-0.conda").symlink_to("nowhere")
    (directory / "directory-1.0-0.conda").mkdir()
    assert sorted(open_bundle(directory).names) == sorted(SIZES_BYTES)


def test_a_link_that_replaces_an_archive_later_is_not_followed(archives: dict[str, Path]) -> None:
    path = archives["zlib-1.3-0.conda"]
    bundle = open_bundle(path.parent)
    path.unlink()
    path.symlink_to("/etc/passwd")
    with pytest.raises(BundleReadError, match="cannot open the archive"):
        bundle.open_archive(path.name)


def test_our_own_form_is_read_in_place(tmp_path: Path, archives: dict[str, Path]) -> None:
    bundle = open_bundle(write_bundle(tmp_path / "b", archives.values()).path)
    assert bundle.form == "canonical"
    check_content(bundle, archives)


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_foreign_tar_is_read(tmp_path: Path, archives: dict[str, Path], form: int) -> None:
    tar = make_tar([(make_entry(name), path.read_bytes()) for name, path in archives.items()], form)
    bundle = open_bundle(compress(tmp_path / "b", tar))
    assert bundle.form == "foreign"
    check_content(bundle, archives)


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_are_read(tmp_path: Path, form: int) -> None:
    name = "x" * 150 + "-1.0-0.conda"
    assert open_bundle(compress(tmp_path / "b", make_tar([(make_entry(name), b"x")], form))).names == (name,)


def test_a_leading_dot_is_taken_away(tmp_path: Path) -> None:
    tar = make_tar([(make_entry("./a-1-0.conda"), b"x")])
    assert open_bundle(compress(tmp_path / "b", tar)).names == ("a-1-0.conda",)


@pytest.mark.tools("tar", "zstd")
def test_the_tar_program_makes_a_bundle(tmp_path: Path, archives: dict[str, Path]) -> None:
    directory = archives["zlib-1.3-0.conda"].parent
    out = tmp_path / "b.tar.zst"
    subprocess.run(["tar", "--zstd", "-cf", str(out), "-C", str(directory), *archives], check=True)
    check_content(open_bundle(out), archives)


def test_several_frames_and_a_skippable_one_are_read(tmp_path: Path, archives: dict[str, Path]) -> None:
    tar = make_tar([(make_entry(name), path.read_bytes()) for name, path in archives.items()])
    compressor = zstandard.ZstdCompressor(write_checksum=True)
    skippable = b"\x50\x2a\x4d\x18\x04\0\0\0skip"
    data = compressor.compress(tar[:100_000]) + skippable + compressor.compress(tar[100_000:])
    (tmp_path / "b").write_bytes(data)
    check_content(open_bundle(tmp_path / "b"), archives)


def test_an_empty_bundle_is_read(tmp_path: Path) -> None:
    assert open_bundle(write_bundle(tmp_path / "b", []).path).archives == ()


def test_asking_for_a_missing_archive_is_an_error(tmp_path: Path, archives: dict[str, Path]) -> None:
    bundle = open_bundle(write_bundle(tmp_path / "b", archives.values()).path)
    with pytest.raises(BundleError, match="the bundle has no archive 'x'") as caught:
        bundle.open_archive("x")
    assert caught.value.kind == "missing"


def test_a_missing_bundle_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(BundleReadError, match="cannot open the bundle") as caught:
        open_bundle(tmp_path / "missing")
    assert caught.value.path == tmp_path / "missing"


GOOD = (make_entry("good-1.0-0.conda"), b"good")
REJECTED = {
    "nested": make_entry("linux-64/a-1-0.conda"),
    "dot-dot": make_entry("../a-1-0.conda"),
    "absolute": make_entry("/a-1-0.conda"),
    "symlink": make_entry("a-1-0.conda", tarfile.SYMTYPE, "good-1.0-0.conda"),
    "hardlink": make_entry("a-1-0.conda", tarfile.LNKTYPE, "good-1.0-0.conda"),
    "directory": make_entry("a-1-0.conda", tarfile.DIRTYPE),
    "device": make_entry("a-1-0.conda", tarfile.CHRTYPE),
    "duplicate": make_entry("good-1.0-0.conda"),
    "not-an-archive": make_entry("repodata.json"),
}


@pytest.mark.parametrize(("kind", "entry"), REJECTED.items(), ids=REJECTED.keys())
@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_what_must_not_be_in_a_bundle_is_rejected(tmp_path: Path, kind: str, entry: tarfile.TarInfo, form: int) -> None:
    path = compress(tmp_path / "b", make_tar([GOOD, (entry, b"")], form))
    with pytest.raises(BundleRejectedError, match="is refused: ") as caught:
        open_bundle(path)
    assert (caught.value.kind, caught.value.path) == (kind, path)
    assert (caught.value.name or "").rstrip("/") == entry.name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("C:a-1-0.conda", "absolute"),
        ("a\\b-1-0.conda", "absolute"),
        (".//a-1-0.conda", "absolute"),
        ("x/../a-1-0.conda", "dot-dot"),
        ("././a-1-0.conda", "nested"),
        ("a-1-0.conda/x", "nested"),
        ("a b-1-0.conda", "not-an-archive"),
        ("größe-1-0.conda", "not-an-archive"),
        (".conda", "not-an-archive"),
        (".whl", "not-an-archive"),
        ("six-1.0.tar.gz", "not-an-archive"),
    ],
)
def test_tricky_names_are_rejected(tmp_path: Path, name: str, kind: str) -> None:
    path = compress(tmp_path / "b", make_tar([(make_entry(name), b"")], tarfile.PAX_FORMAT))
    with pytest.raises(BundleRejectedError) as caught:
        open_bundle(path)
    assert caught.value.kind == kind


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.BLKTYPE, tarfile.GNUTYPE_SPARSE, b"Z"])
def test_any_other_type_is_rejected_as_a_device(tmp_path: Path, kind: bytes) -> None:
    path = compress(tmp_path / "b", make_tar([(make_entry("a-1-0.conda", kind), b"")]))
    with pytest.raises(BundleRejectedError) as caught:
        open_bundle(path)
    assert caught.value.kind == "device"


@pytest.mark.parametrize("canonical", [True, False])
def test_every_truncation_is_rejected(tmp_path: Path, canonical: bool) -> None:
    archive = tmp_path / "a-1-0.conda"
    archive.write_bytes(bytes(range(256)) * 520)
    if canonical:
        path = write_bundle(tmp_path / "b", [archive]).path
    else:
        path = compress(tmp_path / "b", make_tar([(make_entry(archive.name), archive.read_bytes())]))
    data = path.read_bytes()
    for size in {*range(0, len(data), max(len(data) // 60, 1)), len(data) - 1, len(data) - 3, len(data) - 1030}:
        path.write_bytes(data[:size])
        with pytest.raises(BundleRejectedError) as caught:
            open_bundle(path)
        assert caught.value.kind == "truncated", size


def test_a_tar_cut_inside_a_whole_frame_is_truncated(tmp_path: Path) -> None:
    tar = make_tar([(make_entry("a-1-0.conda"), bytes(2000))])
    for size in (512, 1000, 2048, 2560):
        with pytest.raises(BundleRejectedError) as caught:
            open_bundle(compress(tmp_path / "b", tar[:size]))
        assert caught.value.kind == "truncated", size


DAMAGED = {
    "not-zstd": b"PK\x03\x04 a zip file, say" * 100,
    "not-a-tar": zstandard.ZstdCompressor().compress(b"hello" * 1000),
    "data-behind-the-end": zstandard.ZstdCompressor().compress(make_tar([GOOD]) + make_tar([GOOD])),
    "pax-record-malformed": zstandard.ZstdCompressor().compress(
        make_tar([(make_entry("PaxHeader", tarfile.XHDTYPE), b"99 path=x\n"), GOOD], tarfile.USTAR_FORMAT)
    ),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED.keys())
def test_what_is_not_a_bundle_is_damaged(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "b").write_bytes(data)
    with pytest.raises(BundleRejectedError, match="the bundle is damaged") as caught:
        open_bundle(tmp_path / "b")
    assert caught.value.kind == "damaged"


def test_a_size_beyond_all_bounds_does_not_fill_the_memory(tmp_path: Path) -> None:
    tar = bytearray(make_tar([(make_entry("PaxHeader", tarfile.XHDTYPE), b"9 path=x\n")], tarfile.USTAR_FORMAT))
    tar[124:136] = b"77777777777\0"
    tar[148:156] = b" " * 8
    tar[148:156] = b"%06o\0 " % sum(tar[:512])
    with pytest.raises(BundleRejectedError, match="an extended header of 8589934591 bytes"):
        open_bundle(compress(tmp_path / "b", bytes(tar)))
