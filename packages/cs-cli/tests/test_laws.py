"""Laws that hold for any input."""

from __future__ import annotations

import shutil
import string
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli_samples import Cs, verify
from cs_bundle import format_bytes
from cs_cli.companions.files import render_checksums
from cs_cli.verification.checksums import read_checksums
from cs_cli.verification.files import StagedFiles

NAMES = st.text(string.ascii_letters + string.digits + "._-", min_size=1, max_size=30).filter(lambda s: s.strip("."))
DIGESTS = st.text("0123456789abcdef", min_size=64, max_size=64)


@given(st.dictionaries(NAMES, DIGESTS))
def test_checksums_are_read_as_they_were_written(digests: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "demo.sha256"
        path.write_bytes(render_checksums(digests))
        assert read_checksums(StagedFiles(path.parent), path.name) == digests


@given(st.integers(0, 10**13), st.integers(0, 10**13))
def test_more_bytes_never_look_like_fewer(one: int, other: int) -> None:
    def value(text: str) -> float:
        number, unit = text.split()
        return float(number) * {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9}[unit]

    low, high = sorted((one, other))
    assert value(format_bytes(low)) <= value(format_bytes(high))


@pytest.mark.parametrize("layout", ["embedded", "external"])
@pytest.mark.usefixtures("workspace", "template")
def test_any_flipped_byte_of_a_staged_folder_is_found(layout: str, cs: Cs) -> None:
    assert cs("build", "--layout", layout).status == 0
    files = sorted(Path("dist").iterdir())
    shutil.copytree("dist", "good")

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def check(data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(files))
        good = Path("good", path.name).read_bytes()
        offset = data.draw(st.integers(0, len(good) - 1))
        changed = bytearray(good)
        changed[offset] ^= 1 << data.draw(st.integers(0, 7))
        path.write_bytes(changed)
        try:
            wrong = {one.file for one in verify(Path("dist")).checks if one.error is not None}
            # A changed digest or name in the checksum file is that of another file.
            assert path.name in wrong if path.suffix != ".sha256" else wrong
        finally:
            path.write_bytes(good)

    check()
    assert not verify(Path("dist")).problems
