"""The bill of materials."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli_samples import Cs, Workspace, locked_wheel
from cs_cli.companions.cyclonedx import package_url, wheel_url
from cs_lock import read_lock


@pytest.fixture
def document(workspace: Workspace, template: Path, cs: Cs) -> dict[str, Any]:
    """Return the SBOM of a build."""
    assert cs("build").status == 0
    loaded: dict[str, Any] = json.loads(Path("dist/demoz.cdx.json").read_bytes())
    return loaded


def test_every_package_is_a_component_with_its_digests(document: dict[str, Any], workspace: Workspace) -> None:
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    components = {component["name"]: component for component in document["components"]}
    assert sorted(components) == ["hello", "libz", "python"]
    record = next(record for record in workspace.channel.records if "python-" in record["conda"])
    assert {one["alg"]: one["content"] for one in components["python"]["hashes"]} == {
        "SHA-256": record["sha256"],
        "MD5": record["md5"],
    }
    assert components["libz"]["licenses"] == [{"license": {"name": "Zlib"}}]


def test_references_are_unique_and_dependencies_point_at_them(document: dict[str, Any]) -> None:
    references = [component["bom-ref"] for component in document["components"]]
    references.append(document["metadata"]["component"]["bom-ref"])
    assert len(set(references)) == len(references)
    assert sorted(one["ref"] for one in document["dependencies"]) == sorted(references)
    assert {target for one in document["dependencies"] for target in one["dependsOn"]} <= set(references)


def test_dependencies_are_those_of_the_records(document: dict[str, Any]) -> None:
    needs = {one["ref"].partition("@")[0]: one["dependsOn"] for one in document["dependencies"]}
    assert [one.partition("@")[0] for one in needs["pkg:conda/hello"]] == ["pkg:conda/python"]
    assert needs["pkg:conda/libz"] == []


def test_without_a_source_date_there_is_no_time(document: dict[str, Any]) -> None:
    assert "timestamp" not in document["metadata"]


def test_the_serial_number_follows_from_the_stamp(document: dict[str, Any], cs: Cs) -> None:
    cs("build", "--runtime-version", "2.0", "--out-dir", "other")
    other = json.loads(Path("other/demoz.cdx.json").read_bytes())
    assert document["serialNumber"].startswith("urn:uuid:")
    assert other["serialNumber"] != document["serialNumber"]


def test_a_package_url_names_build_channel_subdir_and_type(workspace: Workspace) -> None:
    from cs_lock import derive

    lock = derive(read_lock(Path("conda.lock")), environment="ship")
    record = next(one for one in lock.packages("linux-64") if one.name == "hello")
    assert package_url(record) == "pkg:conda/hello@1.0?build=pyhd_0&subdir=noarch&type=conda"
    published = replace(record, channel="https://h.example/c/", location=None)
    assert package_url(published) == (
        "pkg:conda/hello@1.0?build=pyhd_0&channel=https%3A%2F%2Fh.example%2Fc%2F&subdir=noarch&type=conda"
    )


def test_the_address_of_a_wheel_names_an_index_that_is_not_pypis() -> None:
    wheel = locked_wheel("plug-in", source_index="https://wheels.example/simple")
    address = "https%3A%2F%2Fwheels.example%2Fsimple"
    assert wheel_url(wheel).endswith(f"/plug-in@1.0?file_name=plug_in-1.0-py3-none-any.whl&repository_url={address}")


def test_the_address_of_a_wheel_names_the_repository_that_it_was_built_from() -> None:
    source = {"source_origin": "git", "source_url": "https://git.example/tool", "source_commit": "c" * 40}
    wheel = locked_wheel("tool", url=None, location="tool-1.0-py3-none-any.whl", **source)
    assert f"&vcs_url=git%2Bhttps%3A%2F%2Fgit.example%2Ftool%40{'c' * 40}" in wheel_url(wheel)
    here = locked_wheel("tool", url=None, location="x", **{**source, "source_url": "file:///home/anna/tool"})
    assert "vcs_url" not in wheel_url(here)
