"""What holds for every bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bundle_samples import expect
from cs_bundle import BundleError, open_bundle, verify_bundle, write_bundle
from cs_bundle._frame import bundle_size, file_offset
from cs_bundle._names import ARCHIVE_SUFFIXES

IN_PLACE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
NAMES = st.from_regex(r"[a-z_][a-z0-9._+-]{0,120}", fullmatch=True).flatmap(
    lambda stem: st.sampled_from([f"{stem}{suffix}" for suffix in ARCHIVE_SUFFIXES])
)
CONTENTS = st.binary(max_size=700) | st.integers(0, 400_000).map(bytes)


def write_archives(directory: Path, contents: dict[str, bytes]) -> list[Path]:
    """Write archives into an empty directory."""
    directory.mkdir(exist_ok=True)
    for old in directory.iterdir():
        old.unlink()
    for name, data in contents.items():
        (directory / name).write_bytes(data)
    return sorted(directory.iterdir())


@IN_PLACE
@given(contents=st.dictionaries(NAMES, CONTENTS, max_size=5))
def test_any_archives_survive_a_round_trip(tmp_path: Path, contents: dict[str, bytes]) -> None:
    paths = write_archives(tmp_path / "archives", contents)
    info = write_bundle(tmp_path / "b", paths)
    bundle = open_bundle(info.path)
    assert bundle.form == "canonical"
    assert {entry.file_name: file.read() for entry, file in bundle.iterate_archives()} == contents
    assert verify_bundle(info.path, expect(paths), exact=True).verified == bundle.names


@given(st.integers(1, 1 << 45))
def test_the_last_byte_of_a_tar_is_the_last_of_its_bundle(tar_size: int) -> None:
    assert file_offset(tar_size - 1) + 1 == bundle_size(tar_size)


@IN_PLACE
@given(data=st.data())
def test_any_flipped_byte_is_refused_or_changes_nothing(tmp_path: Path, archives: dict[str, Path], data: Any) -> None:
    path = write_bundle(tmp_path / "b", archives.values()).path
    good = path.read_bytes()
    bad = bytearray(good)
    bad[data.draw(st.integers(0, len(good) - 1))] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bad)
    expected = expect(archives.values())
    try:
        verify_bundle(path, expected, exact=True)
    except BundleError:
        pass
    else:
        # Only fields that a reader of foreign tars does not look at may differ: every archive was checked.
        assert sorted(open_bundle(path).names) == sorted(archives)


@IN_PLACE
@given(junk=st.binary(max_size=3000))
def test_any_file_gives_an_error_of_this_package(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "b").write_bytes(b"\x28\xb5\x2f\xfd" + junk)
    with pytest.raises(BundleError):
        open_bundle(tmp_path / "b")
