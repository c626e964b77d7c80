"""Untrusted tars: what is read of them, and what is written."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from cs_cli.archives.tars import EXTENSION_LIMIT_BYTES, BoundedMember, extract_member


@pytest.fixture(params=["filters", "no filters"])
def _filters(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let tarfile be as it is, and as it is before Python 3.11.4, on Debian 12."""
    if request.param == "no filters":
        monkeypatch.delattr("tarfile.data_filter", raising=False)


def make_member(name: str, kind: bytes = tarfile.REGTYPE, *, mode: int = 0o644, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.mode, member.linkname = kind, mode, link
    member.size = len(name) if kind == tarfile.REGTYPE else 0
    return member


def extract(target: Path, *members: tarfile.TarInfo) -> None:
    """Write members, whose content is their own name, into a directory."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(member.name.encode()))
    packed.seek(0)
    with tarfile.open(fileobj=packed, mode="r|", tarinfo=BoundedMember) as tar:
        for member in tar:
            extract_member(tar, member, target)


@pytest.mark.usefixtures("_filters")
def test_files_and_directories_are_written(tmp_path: Path) -> None:
    script = make_member("top/bin/script", mode=0o4777)
    extract(tmp_path, make_member("top", tarfile.DIRTYPE, mode=0o755), script, make_member("top/./text", mode=0o666))
    files = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*") if path.is_file()}
    assert {name: path.read_text() for name, path in files.items()} == {
        "top/bin/script": "top/bin/script",
        "top/text": "top/./text",
    }
    assert {name: path.stat().st_mode & 0o7777 for name, path in files.items()} == {
        "top/bin/script": 0o755,
        "top/text": 0o644,
    }


@pytest.mark.usefixtures("_filters")
@pytest.mark.parametrize(
    "member",
    [
        make_member("../evil"),
        make_member("top/../../evil"),
        make_member("top/link", tarfile.SYMTYPE, link="../../evil"),
        make_member("top/link", tarfile.LNKTYPE, link="../evil"),
        make_member("pipe", tarfile.FIFOTYPE),
        make_member("device", tarfile.CHRTYPE),
    ],
    ids=lambda member: f"{member.name} {member.linkname}",
)
def test_what_leads_out_of_the_archive_is_refused(member: tarfile.TarInfo, tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "evil").write_text("mine")
    with pytest.raises((ValueError, tarfile.TarError)):
        extract(target, member)
    assert list(target.rglob("*")) in ([], [target / "top"])
    assert (tmp_path / "evil").read_text() == "mine"


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
def test_a_header_is_limited_in_every_form(form: int) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=form) as tar:
        tar.addfile(tarfile.TarInfo("x" * (EXTENSION_LIMIT_BYTES + 1)))
    packed.seek(0)
    with (
        pytest.raises(tarfile.ReadError, match="a header is"),
        tarfile.open(fileobj=packed, mode="r|", tarinfo=BoundedMember),
    ):
        pass
