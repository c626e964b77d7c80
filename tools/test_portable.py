"""Wheels for machines of other platforms hold the template of a platform's own wheel."""

from __future__ import annotations

import base64
import csv
import hashlib
import zipfile
from pathlib import Path

import pytest
from foreign.errors import ForeignError
from foreign.portable import find_wheel_target, make_portable
from foreign.targets import TARGETS, Target

INFO = "cs_template-1.2.dist-info"
METADATA = "Metadata-Version: 2.4\nName: cs-template\nVersion: 1.2\n\nName: of the text\n"


def write_own_wheel(directory: Path, tag: str, program: str) -> Path:
    """Write what maturin would."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"cs_template-1.2-py3-none-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"cs_template-1.2.data/scripts/{program}", f"the program for {tag}")
        archive.writestr(f"{INFO}/METADATA", METADATA)
        archive.writestr(f"{INFO}/WHEEL", f"Wheel-Version: 1.0\nTag: py3-none-{tag}\n")
        archive.writestr(f"{INFO}/licenses/LICENSE", "licence")
        archive.writestr(f"{INFO}/RECORD", "")
    return path


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.subdir)
def test_the_template_is_where_cs_looks_for_it(target: Target, tmp_path: Path) -> None:
    subdir, tag = target.subdir, ".".join(target.wheel_tags)
    made = make_portable(write_own_wheel(tmp_path, tag, target.program), tmp_path)
    stem = f"cs_template_{subdir.replace('-', '_')}-1.2"
    assert made.name == f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(made) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    assert files[f"cs_templates/{subdir}/{target.program}"] == f"the program for {tag}".encode()
    expected = METADATA.replace("Name: cs-template\n", f"Name: cs-template-{subdir}\n")
    assert files[f"{stem}.dist-info/METADATA"].decode() == expected
    assert "Tag: py3-none-any\n" in files[f"{stem}.dist-info/WHEEL"].decode()
    assert f"{stem}.dist-info/licenses/LICENSE" in files
    assert {name.partition("/")[0] for name in files} == {"cs_templates", f"{stem}.dist-info"}


def test_the_record_lists_every_file_with_its_digest(tmp_path: Path) -> None:
    made = make_portable(write_own_wheel(tmp_path, "win_amd64", "cs-template.exe"), tmp_path)
    with zipfile.ZipFile(made) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    record = next(name for name in files if name.endswith("/RECORD"))
    rows = {name: (digest, size) for name, digest, size in csv.reader(files[record].decode().splitlines())}
    assert rows.pop(record) == ("", "")
    assert rows.keys() == files.keys() - {record}
    for name, (digest, size) in rows.items():
        algorithm, _, text = digest.partition("=")
        assert base64.urlsafe_b64decode(text + "=") == hashlib.new(algorithm, files[name]).digest()
        assert int(size) == len(files[name])


def test_the_same_wheel_gives_the_same_bytes(tmp_path: Path) -> None:
    own = write_own_wheel(tmp_path, "win_arm64", "cs-template.exe")
    (tmp_path / "again").mkdir()
    assert make_portable(own, tmp_path).read_bytes() == make_portable(own, tmp_path / "again").read_bytes()


@pytest.mark.parametrize(
    ("tag", "platform"),
    [
        ("manylinux2014_x86_64.manylinux_2_17_x86_64", "linux-64"),
        ("manylinux_2_17_x86_64.musllinux_1_1_x86_64", "linux-64"),
        ("linux_aarch64", "linux-aarch64"),
        ("macosx_10_12_x86_64", "osx-64"),
        ("macosx_11_0_arm64", "osx-arm64"),
    ],
)
def test_a_tag_names_its_platform(tag: str, platform: str) -> None:
    assert find_wheel_target(f"cs_template-1.2-py3-none-{tag}.whl").subdir == platform


@pytest.mark.parametrize("tag", ["any", "macosx_10_12_x86_64.macosx_11_0_arm64", "win32", "manylinux_2_17_ppc64le"])
def test_a_wheel_that_is_not_for_one_known_platform_is_refused(tag: str, tmp_path: Path) -> None:
    with pytest.raises(ForeignError, match="is not tagged for one platform"):
        make_portable(write_own_wheel(tmp_path, tag, "cs-template"), tmp_path)


def test_a_wheel_without_the_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ForeignError, match=r"has no cs-template\.exe"):
        make_portable(write_own_wheel(tmp_path, "win_amd64", "cs-template"), tmp_path)
