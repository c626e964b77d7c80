"""PyPI packages in what is shown, and in the files that come with a runtime."""

from __future__ import annotations

import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from python_projects import PythonProject

from cli_projects import add_pypi
from cli_samples import Cs, Workspace, make_wheel, wheel_files
from cs_stamp import read_stamp

DIGEST = "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274"
SIX = "https://files.pythonhosted.org/packages/b7/six-1.17.0-py2.py3-none-any.whl"
PLUGIN = "https://wheels.example/Plug_In-2.0-1-cp311-abi3-manylinux_2_17_x86_64.whl"
SCHEMA = resources.files("cs_cli") / "schemas" / "inspect.schema.json"


@pytest.fixture
def own_wheel(workspace: Workspace) -> Path:
    """Return a wheel in the workspace, which its lock names by its path, with the command ``my-demo``."""
    headers = "License-Expression: MIT\nRequires-Dist: six>=1.16\nRequires-Dist: absent\n"
    members = wheel_files({"demo.py": b""}, headers=headers, entry_points=["my-demo = demo:main"])
    add_pypi(workspace, "./demo-1.0-py3-none-any.whl", "demo", version="1.0", requires_dist=["six>=1.16", "absent"])
    add_pypi(workspace, SIX, "six", version="1.17.0", sha256=DIGEST)
    add_pypi(workspace, PLUGIN, "plug-in", version="2.0", sha256="a" * 64)
    workspace.write()
    return make_wheel(workspace.directory / "demo-1.0-py3-none-any.whl", members)


def read_json(name: str) -> Any:
    return json.loads(Path("dist", name).read_bytes())


def test_staged_files_list_wheels(own_wheel: Path, template: Path, cs: Cs) -> None:
    built = cs("build", "--layout", "online")
    assert built.status == 0, built.err
    rows = [line.split("\t") for line in Path("dist/demo.packages.txt").read_text().splitlines()]
    assert [row[0] for row in rows] == ["demo", "hello", "libz", "plug-in", "python", "six"]
    assert rows[0][1:4] == ["1.0", "py3-none-any", "./demo-1.0-py3-none-any.whl"]
    assert rows[3][1:] == ["2.0", "1-cp311-abi3-manylinux_2_17_x86_64", PLUGIN, "a" * 64]
    info = read_json("demo.info.json")
    assert (info["package_count"], info["wheel_count"]) == (6, 3)
    assert cs("verify", "dist").status == 0


def test_the_bill_of_materials_has_wheels(own_wheel: Path, template: Path, cs: Cs) -> None:
    assert cs("build", "--layout", "online").status == 0
    document = read_json("demo.cdx.json")
    wheels = {one["name"]: one for one in document["components"] if one.get("purl", "").startswith("pkg:pypi/")}
    six = "pkg:pypi/six@1.17.0?file_name=six-1.17.0-py2.py3-none-any.whl"
    assert sorted(wheels) == ["demo", "plug-in", "six"]
    assert wheels["six"]["purl"] == six
    assert wheels["six"]["hashes"] == [{"alg": "SHA-256", "content": DIGEST}]
    assert wheels["six"]["externalReferences"] == [{"type": "distribution", "url": SIX}]
    assert "licenses" not in wheels["six"]  # nobody has read it
    assert wheels["demo"]["licenses"] == [{"expression": "MIT", "acknowledgement": "declared"}]
    assert "externalReferences" not in wheels["demo"]
    graph = {one["ref"]: one.get("dependsOn") for one in document["dependencies"]}
    assert [one.partition("@")[0] for one in graph[wheels["demo"]["bom-ref"]]] == ["pkg:conda/python", "pkg:pypi/six"]


def test_a_wheel_may_have_the_delegate(own_wheel: Path, template: Path, cs: Cs) -> None:
    built = cs("build", "--layout", "embedded", "--delegate", "my-demo", "--exclude", "six", "--exclude", "plug-in")
    assert built.status == 0, built.err
    with read_stamp(Path("dist/demoz")) as stamp:
        assert stamp.header.delegate_path == "bin/my-demo"
        assert [one.name for one in stamp.read_plan().wheels] == ["demo"]


def test_wheels_of_an_index_are_looked_for_in_the_cache(
    workspace: Workspace, template: Path, cs: Cs, tmp_path: Path
) -> None:
    members = wheel_files({"six.py": b""}, name="six", version="1.17.0", entry_points=["sixer = six:main"])
    wheel = make_wheel(tmp_path / Path(SIX).name, members)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    add_pypi(workspace, SIX, "six", version="1.17.0", sha256=digest)
    workspace.write()
    place = tmp_path / "cache" / digest[:2] / digest / wheel.name
    place.parent.mkdir(parents=True)
    wheel.rename(place)
    assert "Delegate     bin/sixer\n" in cs("inspect", "--delegate", "sixer").out
    built = cs("build", "--layout", "online", "--delegate", "sixer")
    assert built.status == 0, built.err
    assert "was not checked" not in built.err


def test_a_missing_delegate_is_compared_with_the_commands_of_wheels(own_wheel: Path, template: Path, cs: Cs) -> None:
    built = cs("build", "--layout", "embedded", "--delegate", "my_demo", "--exclude", "six", "--exclude", "plug-in")
    assert built.status == 1
    assert "did you mean 'my-demo'?" in built.err


def test_an_inspection_shows_wheels_and_where_they_come_from(own_wheel: Path, cs: Cs) -> None:
    (row,) = [line for line in cs("inspect").out.splitlines() if line.startswith("PyPI ")]
    assert "3 wheels (1 for one platform only); from hosts other than PyPI's: wheels.example (1); files on this" in row
    lines = cs("inspect", "-v").out.splitlines()
    start = lines.index("From PyPI and from source")
    assert lines[start + 1 : start + 4] == [
        "  linux-64: 3 wheels, 1 of them for one platform only",
        "  linux-64: from hosts other than PyPI's: wheels.example (1)",
        "  linux-64: files on this machine, which the runtime will contain: demo",
    ]


@pytest.fixture
def project(workspace: Workspace) -> Workspace:
    """Return a workspace that is a project with the command ``tool``."""
    PythonProject().write(workspace.directory)
    add_pypi(workspace, ".", "tool")
    add_pypi(workspace, "https://pypi.example/odd-1.tar.gz", "odd", version="1", sha256="b" * 64)
    workspace.write()
    return workspace


def test_an_inspection_shows_what_would_be_built(project: Workspace, cs: Cs) -> None:
    shown = cs("inspect", "--delegate", "tool", "--exclude", "odd")
    assert shown.status == 0, shown.out
    assert "PyPI         to build: tool\n" in shown.out
    assert "Delegate     bin/tool\n" in shown.out
    verbose = cs("inspect", "-v", "--delegate", "tool", "--exclude", "odd").out
    assert "  linux-64: will be built: tool (.)" in verbose.splitlines()
    assert "Ready to ship." in shown.out


def test_an_inspection_names_a_repository(project: Workspace, cs: Cs) -> None:
    add_pypi(project, f"git+https://git.example/far.git?rev=main#{'c' * 40}", "far")
    project.write()
    assert "far (https://git.example/far.git)" in cs("inspect", "-v", "--build-wheels", "all").out


def test_an_inspection_does_not_advise_to_download_what_is_to_be_built(project: Workspace, cs: Cs) -> None:
    shown = cs("inspect", "--delegate", "other", "--exclude", "odd")
    assert shown.status == 0, shown.out
    assert "the delegate was not checked" in shown.out
    assert "still to be built" in shown.out
    assert "--check-delegate" not in shown.out


def test_an_online_build_looks_into_the_wheels_of_this_machine(own_wheel: Path, template: Path, cs: Cs) -> None:
    built = cs("build", "--layout", "online", "--delegate", "my-demo")
    assert built.status == 0
    assert "was not checked" not in built.err


def test_the_document_of_an_inspection_says_how_each_package_gets_its_archive(
    project: Workspace, own_wheel: Path, cs: Cs
) -> None:
    document = json.loads(cs("inspect", "--json").out)
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    (platform,) = document["platforms"]
    actions = {one["name"]: (one["action"], one["reason"], one["location"]) for one in platform["pending"]}
    assert actions == {
        "tool": ("build", "directory", "."),
        "odd": ("none", "sdist", "https://pypi.example/odd-1.tar.gz"),
    }
    assert [one["name"] for one in platform["wheels"]] == ["plug-in", "six", "demo"]
    assert [one["is_pure"] for one in platform["wheels"]] == [False, True, True]
    assert [one["url"] for one in platform["wheels"]] == [PLUGIN, SIX, None]
    assert (platform["package_count"], platform["wheel_count"]) == (8, 5)


def test_archives_of_the_folder_are_inputs(project: Workspace, template: Path, cs: Cs) -> None:
    members = wheel_files({"tool.py": b""}, name="tool", version="3.0", entry_points=["tool = tool:main"])
    wheel = make_wheel(project.directory / "shelf" / "tool-3.0-py3-none-any.whl", members)
    words = ("--archives", wheel.parent, "--delegate", "tool", "--exclude", "odd")
    shown = cs("inspect", "-v", *words)
    assert "taken from the archive folder: tool-3.0-py3-none-any.whl for tool" in shown.out
    assert "Delegate     bin/tool\n" in shown.out
    built = cs("build", "--layout", "online", *words)
    assert built.status == 0, built.err
    info = read_json("demo.info.json")
    (archive,) = info["local_archives"]
    assert (archive["name"], archive["version"], archive["source"]["kind"]) == ("tool", "3.0", "file")
    assert info["inputs"]["archives"] == [{"name": wheel.name, "sha256": archive["sha256"]}]
    properties = next(one for one in read_json("demo.cdx.json")["components"] if one["name"] == "tool")["properties"]
    assert {"name": "cs:source", "value": "file:shelf/tool-3.0-py3-none-any.whl"} in properties


@pytest.fixture
def sources(workspace: Workspace) -> Workspace:
    """Return a workspace for two platforms whose lock has two PyPI packages as repositories only."""
    hello = next(record for record in workspace.channel.records if "hello" in record["conda"])
    python = workspace.channel.add("python", {"bin/python": b"#!"}, subdir="osx-arm64", version="3.11.7")
    workspace.environments["ship"]["osx-arm64"] = [python, hello]
    for name in ("one", "two"):
        add_pypi(workspace, f"git+https://example.com/{name}?rev=main#{'1' * 40}", name, version="1.0")
    workspace.write()
    return workspace


def test_a_build_names_everything_that_keeps_an_environment_from_shipping(
    sources: Workspace, template: Path, cs: Cs
) -> None:
    sources.ship["require"] = '["absent"]'
    sources.write()
    inspected = json.loads(cs("inspect", "--json").out)["problems"]
    error = json.loads(cs("build", "--error-format", "json").err)
    errors = {problem["message"] for problem in inspected if problem["severity"] == "error"}
    assert {problem["kind"] for problem in inspected} >= {"pypi-source", "missing-required"}
    assert (error["kind"], {problem["message"] for problem in error["problems"]}) == ("unshippable", errors)
    lines = cs("build").err.splitlines()
    assert lines[0] == "error: conda.lock: the environment 'ship' cannot ship: 3 problems"
    manifest = Path("conda.toml").read_text(encoding="utf-8")
    place = next(f"conda.toml:{number}" for number, line in enumerate(manifest.splitlines(), 1) if "absent" in line)
    assert f"  - {place}: the required package 'absent' is not in the environment (all platforms)" in lines
    assert any(line.startswith("  - 2 PyPI packages need an archive: one, two (all platforms)") for line in lines)


def test_packages_without_an_archive_are_shown_with_their_line(sources: Workspace, template: Path, cs: Cs) -> None:
    text = cs("build", "-v").err
    assert text.startswith("error: conda.lock: not every package has an archive that fits\n  - conda.lock:")
    assert text.count("(all platforms)") == 2
