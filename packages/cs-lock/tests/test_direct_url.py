"""Where an installed package came from, as pip and uv read it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cs_lock import PypiRecord, Wheel

URL = "https://x.org/a-1.0-py3-none-any.whl"
COMMIT = "ab" * 20


def wheel_of(**fields: Any) -> Wheel:
    source = {"name": "a", "version": "1.0", "location": "x", "file_name": None, "key": "packages[0]", **fields}
    return Wheel(
        name="a",
        version="1.0",
        file_name="a-1.0-py3-none-any.whl",
        url=None,
        sha256="cd" * 32,
        size_bytes=None,
        requires_dist=(),
        requires_python=None,
        source=PypiRecord(**source),
    )


@pytest.mark.parametrize(
    ("origin", "form"),
    [("index", "wheel"), ("index", "sdist"), ("file", "wheel"), ("file", "sdist"), ("directory", "tree")],
)
def test_a_package_of_an_index_or_of_this_machine_has_none(origin: Any, form: Any) -> None:
    assert wheel_of(origin=origin, form=form, url=URL).direct_url is None


def test_a_repository_of_this_machine_has_none() -> None:
    assert wheel_of(origin="git", form="tree", url="file:///home/anna/a", commit=COMMIT).direct_url is None


def test_a_file_at_a_url_has_its_digest_not_that_of_the_wheel() -> None:
    text = wheel_of(origin="url", form="sdist", url=URL, sha256="ab" * 32, subdirectory="lib").direct_url
    assert json.loads(text or "") == {
        "url": URL,
        "archive_info": {"hash": f"sha256={'ab' * 32}", "hashes": {"sha256": "ab" * 32}},
        "subdirectory": "lib",
    }
    text = wheel_of(origin="url", form="sdist", url=URL).direct_url
    assert text == f'{{"archive_info":{{}},"url":"{URL}"}}'


def test_a_repository_has_its_commit() -> None:
    fields: dict[str, Any] = {"origin": "git", "form": "tree", "url": "https://x.org/a.git", "commit": COMMIT}
    assert json.loads(wheel_of(**fields).direct_url or "") == {
        "url": "https://x.org/a.git",
        "vcs_info": {"vcs": "git", "commit_id": COMMIT},
    }
    info = json.loads(wheel_of(**fields, requested_revision="main").direct_url or "")["vcs_info"]
    assert info["requested_revision"] == "main"
