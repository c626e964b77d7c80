from __future__ import annotations

import os
import random
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_samples import make_wheel, wheel_files
from cs_cli.archives.wheels import read_metadata
from cs_cli.errors import CliError
from cs_cli.wheels.normal_form import normalize_wheel

NAME = "demo-1.0-py3-none-any.whl"
RECORD = "demo-1.0.dist-info/RECORD"


def normalize(directory: Path, members: Mapping[str, bytes]) -> Path:
    """Write a wheel and normalise it."""
    out = directory / "out"
    out.mkdir(exist_ok=True)
    return normalize_wheel(make_wheel(directory / NAME, members), out)


few = settings(max_examples=25)
paths = st.from_regex(r"[a-zé]{1,5}(/[a-z,\"]{1,5}){0,2}\.py", fullmatch=True)


@few
@given(st.dictionaries(paths, st.binary(max_size=50), max_size=6), st.randoms(use_true_random=False))
def test_the_same_files_give_the_same_bytes(files: dict[str, bytes], random: random.Random) -> None:
    members = wheel_files({f"demo/{name}": data for name, data in files.items()})
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first = normalize(Path(one), members).read_bytes()
        mixed = dict(random.sample(sorted(members.items()), len(members)))
        again = Path(other) / NAME
        with zipfile.ZipFile(again, "w", random.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
            for name, data in mixed.items():
                member = zipfile.ZipInfo(name, (random.randint(1980, 2040), 5, 6, 7, 8, 10))
                member.external_attr = random.choice([0, 0o100600, 0o100666, 0o640]) << 16
                archive.writestr(member, data)
        (Path(other) / "out").mkdir()
        assert normalize_wheel(again, Path(other) / "out").read_bytes() == first


@few
@given(st.dictionaries(paths, st.binary(max_size=50), max_size=6))
def test_the_normal_form_is_its_own_normal_form_and_keeps_every_file(files: dict[str, bytes]) -> None:
    members = wheel_files({f"demo/{name}": data for name, data in files.items()})
    with tempfile.TemporaryDirectory() as directory:
        once = normalize(Path(directory), members)
        (Path(directory) / "twice").mkdir()
        assert normalize_wheel(once, Path(directory) / "twice").read_bytes() == once.read_bytes()
        with zipfile.ZipFile(once) as archive:
            found = {name: archive.read(name) for name in archive.namelist()}
        assert {name: found[name] for name in found if name != RECORD} == {
            name: members[name] for name in members if name != RECORD
        }


def test_members_are_stored_in_order_with_plain_modes(tmp_path: Path) -> None:
    path = make_wheel(tmp_path / "old" / NAME, wheel_files({"z.py": b"", "demo-1.0.data/scripts/run": b"#!python\n"}))
    with zipfile.ZipFile(path, "a") as archive:
        for member in archive.infolist():
            member.external_attr = (0o100711 if member.filename.endswith("run") else 0o100600) << 16
        archive.mkdir("empty")
    with zipfile.ZipFile(normalize_wheel(path, tmp_path)) as archive:
        members = archive.infolist()
    assert [one.filename for one in members] == [
        "demo-1.0.data/scripts/run",
        "z.py",
        "demo-1.0.dist-info/METADATA",
        "demo-1.0.dist-info/WHEEL",
        RECORD,
    ]
    assert [oct(one.external_attr >> 16) for one in members[:2]] == ["0o100755", "0o100644"]
    assert {(one.compress_type, one.date_time[0]) for one in members} == {(zipfile.ZIP_STORED, 1980)}


def test_the_record_lists_every_file_with_its_digest(tmp_path: Path) -> None:
    with zipfile.ZipFile(normalize(tmp_path, wheel_files({"demo/a,b.py": b"x"}))) as archive:
        rows = archive.read(RECORD).decode().splitlines()
    assert rows[0] == '"demo/a,b.py",sha256=LXEWQrcmsEQBYnyp-6wy9chTD7GQPMTbAiWHF5IaSIE,1'
    assert rows[-1] == f"{RECORD},,"
    assert read_metadata(tmp_path / "out" / NAME).name == "demo"


@pytest.mark.parametrize("signature", ["RECORD.jws", "RECORD.p7s"])
def test_a_signature_of_the_old_record_is_dropped(signature: str, tmp_path: Path) -> None:
    members = {**wheel_files({}), f"demo-1.0.dist-info/{signature}": b"x"}
    with zipfile.ZipFile(normalize(tmp_path, members)) as archive:
        assert not [name for name in archive.namelist() if name.endswith(signature)]


def changed(members: dict[str, bytes], **texts: bytes) -> dict[str, bytes]:
    """Return the members with another RECORD."""
    return {**members, RECORD: members[RECORD].replace(texts["old"], texts["new"])}


PLAIN = wheel_files({"demo.py": b"x = 1\n"})
FAULTS: dict[str, tuple[dict[str, bytes], str]] = {
    "a file that is not listed": ({**PLAIN, "other.py": b""}, "RECORD does not list other.py"),
    "a row without a file": (changed(PLAIN, old=b"demo.py", new=b"gone.py,,\ndemo.py"), "RECORD lists gone.py"),
    "a wrong digest": ({**PLAIN, "demo.py": b"x = 2\n"}, "the digest in RECORD does not match demo.py"),
    "no record": ({name: data for name, data in PLAIN.items() if name != RECORD}, "lacks RECORD"),
    "an unknown digest": (changed(PLAIN, old=b"sha256=", new=b"rot13="), "unsupported hash type"),
    "an editable finder": (wheel_files({"__editable___demo_finder.py": b""}), "belongs to an editable install"),
    "an editable path": (wheel_files({"__editable__.demo.pth": b"/home/me/demo\n"}), "belongs to an editable install"),
    "an absolute path": (wheel_files({"demo.pth": b"# x\n/home/me/demo\n"}), "points to /home/me/demo, outside"),
    "a path of Windows": (wheel_files({"demo.pth": b"C:\\demo\n"}), r"points to C:\\demo, outside"),
    "a path upwards": (wheel_files({"demo.pth": b"demo/../..\n"}), r"points to demo/../.., outside"),
    "a path in data": (wheel_files({"demo-1.0.data/purelib/x.pth": b"/x\n"}), "points to /x, outside"),
    "a place outside": ({**PLAIN, "../evil.py": b""}, "is not a path inside a prefix"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wheel_that_cannot_ship_is_refused(fault: str, tmp_path: Path) -> None:
    members, message = FAULTS[fault]
    with pytest.raises(CliError, match=message) as caught:
        normalize(tmp_path, members)
    assert caught.value.kind == "wheel-damaged"


@pytest.mark.parametrize("line", [b"import demo\n", b"sub/folder\n", b"# /x\n", b"\n"])
def test_paths_inside_site_packages_are_fine(line: bytes, tmp_path: Path) -> None:
    assert normalize(tmp_path, wheel_files({"demo.pth": line})).exists()


def test_the_current_umask_changes_nothing(tmp_path: Path) -> None:
    results = []
    for mask in (0o022, 0o077):
        before = os.umask(mask)
        try:
            results.append(normalize(tmp_path, PLAIN).read_bytes())
        finally:
            os.umask(before)
    assert results[0] == results[1]
