"""Archives of this machine, described by what is in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cs_lock import LocalArchive, LockError

SHA256 = "ab" * 32
INDEX = {
    "name": "tool",
    "version": "1.0",
    "build": "h0_7",
    "build_number": 3,
    "subdir": "linux-64",
    "arch": None,
    "depends": ["python >=3.11", "lib"],
    "license": "1.0",
    "timestamp": 1700000000000,
    "odd": {"on": True, "n": 5, "text": "5", "nothing": None},
}


def conda(index: dict[str, Any] = INDEX, name: str = "/srv/noarch/tool-1.0-h0_7.conda") -> LocalArchive:
    return LocalArchive.of_conda(Path(name), index, sha256=SHA256, md5="cd" * 16, size_bytes=9)


def test_a_conda_package_makes_a_record() -> None:
    archive = conda()
    record = archive.record
    assert record is not None
    assert (archive.kind, archive.name, archive.version, archive.sha256) == ("conda", "tool", "1.0", SHA256)
    assert (record.subdir, record.build_number, record.noarch) == ("linux-64", 3, None)
    assert record.depends == ("python >=3.11", "lib")
    assert (record.license, record.timestamp) == ("1.0", 1700000000000)
    assert record.extra == {"odd": {"on": True, "n": 5, "text": "5", "nothing": None}}
    assert (record.sha256, record.md5, record.size_bytes) == (SHA256, "cd" * 16, 9)
    assert (record.url, record.channel) == ("./tool-1.0-h0_7.conda", None)
    assert record.find_file(Path("/elsewhere")) == archive.path == Path("/srv/noarch/tool-1.0-h0_7.conda")


def test_a_renamed_package_ships_under_its_own_name() -> None:
    archive = conda(name="/srv/latest.tar.bz2")
    assert archive.file_name == "tool-1.0-h0_7.tar.bz2"
    assert archive.record is not None
    assert archive.record.url == "./tool-1.0-h0_7.tar.bz2"


def test_a_noarch_kind_is_what_the_index_says() -> None:
    for noarch in ("python", "generic", None):
        record = conda({**INDEX, "subdir": "noarch", "noarch": noarch}).record
        assert record is not None
        assert record.noarch == noarch


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "a/b"},
        {"name": None},
        {"version": "1 0"},
        {"depends": "python"},
        {"depends": [1, None]},
        {"files": ["x"]},
        {"build_number": -1},
        {"license": "https://u:p@x.org/"},
    ],
)
def test_a_wrong_index_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(LockError) as caught:
        conda({**INDEX, **fields}, name="/srv/latest.conda")
    assert str(caught.value.key).startswith("info/index.json")


def test_a_wheel_says_its_name_and_version() -> None:
    archive = LocalArchive.of_wheel(
        Path("/srv/Flask_Ext-2.0-1-py3-none-any.whl"), sha256=SHA256, size_bytes=9, requires_dist=["b>1"]
    )
    assert (archive.kind, archive.name, archive.version) == ("wheel", "flask-ext", "2.0")
    assert (archive.file_name, archive.requires_dist) == ("Flask_Ext-2.0-1-py3-none-any.whl", ("b>1",))


@pytest.mark.parametrize("name", ["a.whl", "a-1.0-py3-none-any.zip", "a-x-py3-none-any.whl", "é-1-py3-none-any.whl"])
def test_another_file_is_not_a_wheel(name: str) -> None:
    with pytest.raises(LockError) as caught:
        LocalArchive.of_wheel(Path("/srv", name), sha256=SHA256, size_bytes=9)
    assert caught.value.kind == "invalid-file-name"


def test_a_name_with_very_many_tags_is_not_read() -> None:
    name = f"a-1-{'.'.join('p' * 200)}-{'.'.join('a' * 200)}-{'.'.join('x' * 200)}.whl"
    with pytest.raises(LockError):
        LocalArchive.of_wheel(Path(name), sha256=SHA256, size_bytes=9)
