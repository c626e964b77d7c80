"""The companion files."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from cs_bundle import hash_file
from cs_cli.companions.files import describe_file, render_checksums, render_info, render_packages
from cs_stamp import PlannedPackage, PlannedWheel


def test_a_file_is_described_by_size_and_digest(tmp_path: Path) -> None:
    path = tmp_path / "demo"
    path.write_bytes(b"x" * 3_000_000)
    staged = describe_file(path, "runtime")
    assert staged.to_dict() == {
        "name": "demo",
        "role": "runtime",
        "size_bytes": 3_000_000,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def test_a_known_digest_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "demo").write_bytes(b"x")
    assert describe_file(tmp_path / "demo", "runtime", sha256="ab").sha256 == "ab"


def test_packages_are_sorted_and_separated_by_tabs() -> None:
    packages = [
        PlannedPackage(
            name=name,
            version="1",
            build="0",
            subdir="noarch",
            url=f"u/{name}",
            file_name=f"{name}-1-0.conda",
            sha256="f" * 4,
            record={},
        )
        for name in "ca"
    ]
    wheels = [
        PlannedWheel(name="b", version="2", url=url, file_name=file_name, sha256="e" * 4)
        for url, file_name in [("u/w", "B-2-1-cp311-abi3-win_amd64.whl"), (None, "B-2-py3-none-any.whl")]
    ]
    assert render_packages([*packages, *wheels]).decode().splitlines() == [
        "a\t1\t0\tu/a\tffff",
        "b\t2\t1-cp311-abi3-win_amd64\tu/w\teeee",
        "b\t2\tpy3-none-any\t./B-2-py3-none-any.whl\teeee",
        "c\t1\t0\tu/c\tffff",
    ]


def test_info_has_a_version_and_sorted_keys() -> None:
    info = render_info({"runtime": "é", "a": 1}, [])
    assert info.document == '{\n  "a": 1,\n  "files": [],\n  "runtime": "é",\n  "schema_version": 1\n}\n'.encode()
    assert json.loads(info.document) == info.fields


@pytest.mark.tools("sha256sum")
def test_sha256sum_reads_the_checksums(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).write_text(name)
    checksums = render_checksums({name: describe_file(tmp_path / name, "x").sha256 for name in ("b", "a")})
    assert checksums.splitlines()[0].endswith(b"  a")
    (tmp_path / "sums").write_bytes(checksums)
    subprocess.run(["sha256sum", "--check", "--strict", "sums"], cwd=tmp_path, check=True, capture_output=True)


def test_an_empty_file_has_the_digest_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert hash_file(tmp_path / "empty") == hashlib.sha256().hexdigest()
