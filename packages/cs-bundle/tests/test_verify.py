"""Comparing bundles with what is expected."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from bundle_samples import compress, expect, make_entry, make_tar
from cs_bundle import ArchiveMismatchError, BundleError, BundleRejectedError, verify_bundle, write_bundle

NAME = "zlib-1.3-0.conda"


def make_bundle(form: str, tmp_path: Path, archives: dict[str, Path]) -> Path:
    """Return the archives as a bundle of a form."""
    if form == "directory":
        return archives[NAME].parent
    if form == "canonical":
        return write_bundle(tmp_path / "b", archives.values()).path
    return compress(tmp_path / "b", make_tar((make_entry(name), path.read_bytes()) for name, path in archives.items()))


@pytest.fixture(params=["directory", "canonical", "foreign"])
def bundle(request: pytest.FixtureRequest, tmp_path: Path, archives: dict[str, Path]) -> Path:
    """Return a bundle of each form."""
    return make_bundle(request.param, tmp_path, archives)


def test_a_right_bundle_passes(bundle: Path, archives: dict[str, Path]) -> None:
    report = verify_bundle(bundle, expect(archives.values()), exact=True)
    assert sorted(report.verified) == sorted(archives)
    assert (report.missing, report.unknown) == ((), ())
    assert report.size_bytes == sum(path.stat().st_size for path in archives.values())


def test_a_wrong_sha256_is_refused(bundle: Path, archives: dict[str, Path]) -> None:
    expected = [
        replace(item, sha256="0" * 64) if item.file_name == NAME else item for item in expect(archives.values())
    ]
    with pytest.raises(ArchiveMismatchError, match=f"SHA-256 of the archive {NAME} does not match the lock") as caught:
        verify_bundle(bundle, expected, exact=True)
    assert (caught.value.kind, caught.value.name, caught.value.expected) == ("sha256-mismatch", NAME, "0" * 64)


def test_a_wrong_size_is_refused(bundle: Path, archives: dict[str, Path]) -> None:
    expected = [replace(item, size_bytes=7) if item.file_name == NAME else item for item in expect(archives.values())]
    with pytest.raises(ArchiveMismatchError, match=r"size .*\(expected 7 bytes, found 513 bytes\)") as e:
        verify_bundle(bundle, expected, exact=False)
    assert e.value.kind == "size-mismatch"


def test_a_missing_archive_is_refused_or_reported(bundle: Path, archives: dict[str, Path]) -> None:
    expected = [*expect(archives.values()), replace(expect(archives.values())[0], file_name="more-1-0.conda")]
    with pytest.raises(BundleRejectedError, match=r"missing from the bundle: more-1-0\.conda") as caught:
        verify_bundle(bundle, expected, exact=True)
    assert caught.value.kind == "missing"
    assert verify_bundle(bundle, expected, exact=False).missing == ("more-1-0.conda",)


def test_an_unknown_archive_is_refused_or_reported(bundle: Path, archives: dict[str, Path]) -> None:
    expected = [item for item in expect(archives.values()) if item.file_name != NAME]
    assert verify_bundle(bundle, expected, exact=False).unknown == (NAME,)
    if bundle.is_dir():
        assert verify_bundle(bundle, expected, exact=True).unknown == (NAME,)
        return
    with pytest.raises(BundleRejectedError, match=f"the entry '{NAME}' is refused: it is not in the lock") as caught:
        verify_bundle(bundle, expected, exact=True)
    assert caught.value.kind == "unknown-name"


def test_a_frame_damaged_inside_an_archive_is_refused_with_its_path(tmp_path: Path) -> None:
    archive = tmp_path / "a-1-0.conda"
    archive.write_bytes(random.Random(1).randbytes(400_000))
    path = make_bundle("foreign", tmp_path, {archive.name: archive})
    data = bytearray(path.read_bytes())
    data[250_000:300_000] = bytes(50_000)
    path.write_bytes(data)
    with pytest.raises(BundleError) as caught:
        verify_bundle(path, expect([archive]), exact=True)
    assert caught.value.path == path


def test_a_foreign_bundle_cut_inside_an_archive_is_refused_with_its_path(
    tmp_path: Path, archives: dict[str, Path]
) -> None:
    path = make_bundle("foreign", tmp_path, archives)
    path.write_bytes(path.read_bytes()[:250_000])
    with pytest.raises(BundleRejectedError) as caught:
        verify_bundle(path, expect(archives.values()), exact=True)
    assert (caught.value.kind, caught.value.path) == ("truncated", path)


def test_a_flipped_byte_of_an_archive_is_refused(tmp_path: Path, archives: dict[str, Path]) -> None:
    path = make_bundle("canonical", tmp_path, archives)
    data = bytearray(path.read_bytes())
    data[200_000] ^= 1
    path.write_bytes(data)
    with pytest.raises(ArchiveMismatchError):
        verify_bundle(path, expect(archives.values()), exact=True)


@pytest.mark.parametrize("form", ["canonical", "foreign"])
def test_an_open_file_is_verified_as_its_path_is(form: str, tmp_path: Path, archives: dict[str, Path]) -> None:
    with make_bundle(form, tmp_path, archives).open("rb") as file:
        report = verify_bundle(file, expect(archives.values()), exact=True, path=Path("runtime"))
        assert sorted(report.verified) == sorted(archives)
        assert report.path == Path("runtime")
        assert not file.closed


def test_errors_about_an_open_file_bear_the_given_name(tmp_path: Path, archives: dict[str, Path]) -> None:
    bundle = make_bundle("canonical", tmp_path, archives)
    with bundle.open("rb") as file, pytest.raises(BundleRejectedError, match="it is not in the lock") as caught:
        verify_bundle(file, [], exact=True, path=Path("runtime"))
    assert caught.value.path == Path("runtime")


def test_an_open_file_that_is_cut_off_is_refused(tmp_path: Path, archives: dict[str, Path]) -> None:
    short = tmp_path / "short"
    short.write_bytes(make_bundle("canonical", tmp_path, archives).read_bytes()[:-40_000])
    with short.open("rb") as file, pytest.raises(BundleRejectedError, match="truncated") as caught:
        verify_bundle(file, expect(archives.values()), exact=True)
    assert (caught.value.kind, caught.value.path) == ("truncated", short)
