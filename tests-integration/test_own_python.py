"""``build-wheels = "all"``: wheels are built in the environment's own Python, with the environment activated."""

from __future__ import annotations

import json
import os
import platform
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import repacked
from python_projects import PythonProject

from cs_bundle import open_bundle
from cs_stamp import read_stamp
from support.channel.host_python import SHORT
from support.channel.index import PypiEntry
from support.commands import Command, Home
from support.servers import Server
from support.tested_platform import FOR_THIS_MACHINE, PLATFORM
from support.workspaces import Workspace

# A build hook stands for a compiler: the wheel is for one Python and one platform, and says where it was built.
HOOK = """
import json, os, pathlib, platform, sys
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

class CustomBuildHook(BuildHookInterface):
    def initialize(self, version, build_data):
        tag = f"cp{sys.version_info.major}{sys.version_info.minor}"
        build_data["tag"] = f"{tag}-{tag}-linux_{platform.machine()}"
        said = {"base": sys.base_prefix, "active": os.environ.get("CONDA_PREFIX"), "path": os.environ["PATH"]}
        pathlib.Path(self.root, "src/mytool/said.json").write_text(json.dumps(said))
"""

pytestmark = [
    pytest.mark.only(FOR_THIS_MACHINE, "its Python builds the wheels"),
    pytest.mark.only("on Linux", "the wheels have its tags"),
]


@pytest.fixture
def workspace(tmp_path: Path, channel: Server, records: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a workspace with Python and a project that is not pure."""
    for name, value in repacked.variables(repacked.write_wheels(tmp_path / "backends")).items():
        monkeypatch.setenv(name, value)
    ship = {
        "runtime": '"demo"',
        "runtime-version": '"1.0"',
        "delegate": '"python"',
        "layout": '"embedded"',
        "build-wheels": '"all"',
    }
    made = Workspace(
        directory=tmp_path / "workspace",
        specs=("python",),
        channel_url=channel.url,
        ship=ship,
        pypi={"mytool": '{ path = "." }'},
    )
    python = [record for record in records if record["name"] == "python"]
    project = PypiEntry(location=".", name="mytool", version=None)
    directory = made.write({"ship": {PLATFORM: [*python, project]}})
    PythonProject(name="mytool", backend="hatchling", files={"hatch_build.py": HOOK}).write(directory)
    with (directory / "pyproject.toml").open("a") as file:
        file.write("[tool.hatch.build.targets.wheel.hooks.custom]\n")
    return directory


def read_wheel(runtime: Path, name: str, scratch: Path) -> zipfile.ZipFile:
    """Return a wheel of an embedded runtime."""
    with read_stamp(runtime) as stamp:
        (scratch / "bundle").write_bytes(stamp.read_part("bundle"))
    for entry, file in open_bundle(scratch / "bundle").iterate_archives():
        if entry.file_name == name:
            (scratch / name).write_bytes(file.read())
    return zipfile.ZipFile(scratch / name)


def test_a_project_is_built_in_the_environments_own_python(
    workspace: Path, cs: Callable[..., Command], tmp_path: Path, home: Home
) -> None:
    completed = cs("build", cwd=workspace)
    assert "installing the environment's own Python" in completed.stderr
    tag = f"cp{SHORT.replace('.', '')}"
    name = f"mytool-1.5-{tag}-{tag}-linux_{platform.machine()}.whl"
    with read_wheel(workspace / "dist/demoz", name, tmp_path) as wheel:
        said = json.loads(wheel.read("mytool/said.json"))
    assert said["base"] == said["active"]
    assert said["active"] not in (os.environ.get("CONDA_PREFIX"), None)
    assert f"{said['active']}/bin" in said["path"].split(os.pathsep)
    assert not Path(said["active"]).exists()
    code = "from importlib.metadata import version; import mytool; print(version('mytool'))"
    completed = home.run(workspace / "dist/demoz", "-c", code)
    assert (completed.returncode, completed.stdout) == (0, "1.5\n"), completed.stderr
