"""Package URLs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from packageurl import PackageURL

from cli_samples import Workspace, locked_wheel
from cs_cli.companions.purls import name_channel, name_record, name_wheel
from cs_lock import PackageRecord, derive, read_lock


@pytest.fixture
def record(workspace: Workspace) -> PackageRecord:
    """Return a local record."""
    lock = derive(read_lock(Path("conda.lock")), environment="ship")
    return next(one for one in lock.packages("linux-64") if one.name == "hello")


def test_a_conda_package_is_named_by_build_channel_subdir_and_type(record: PackageRecord) -> None:
    assert name_record(record) == "pkg:conda/hello@1.0?build=pyhd_0&subdir=noarch&type=conda"
    published = replace(record, channel="https://h.example/c/", location=None)
    assert PackageURL.from_string(name_record(published)).qualifiers == {
        "build": "pyhd_0",
        "channel": "https://h.example/c",
        "subdir": "noarch",
        "type": "conda",
    }
    assert name_record(replace(record, file_name="hello-1.0-pyhd_0.tar.bz2")).endswith("&type=tar.bz2")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (None, None),
        ("https://conda.anaconda.org/conda-forge/", "conda-forge"),
        ("https://conda.anaconda.org/org/label/dev/", "org/label/dev"),
        ("https://conda.anaconda.org/", "https://conda.anaconda.org"),
        ("https://repo.example/pkgs/main/", "https://repo.example/pkgs/main"),
    ],
)
def test_a_channel_has_the_name_that_conda_tools_show(url: str | None, name: str | None) -> None:
    assert name_channel(url) == name


def test_a_wheel_names_an_index_that_is_not_pypis() -> None:
    wheel = locked_wheel("plug-in", source_index="https://wheels.example/simple")
    assert PackageURL.from_string(name_wheel(wheel)).qualifiers == {
        "file_name": "plug_in-1.0-py3-none-any.whl",
        "repository_url": "https://wheels.example/simple",
    }


def test_a_wheel_names_the_repository_that_it_was_built_from() -> None:
    source = {"source_origin": "git", "source_url": "https://git.example/tool", "source_commit": "c" * 40}
    wheel = locked_wheel("tool", url=None, location="tool-1.0-py3-none-any.whl", **source)
    assert PackageURL.from_string(name_wheel(wheel)).qualifiers["vcs_url"] == f"git+https://git.example/tool@{'c' * 40}"
    here = locked_wheel("tool", url=None, location="x", **{**source, "source_url": "file:///home/anna/tool"})
    assert "vcs_url" not in name_wheel(here)
