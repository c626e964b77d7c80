"""Builds of workspaces whose lock knows packages only as source."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path

import pytest
from python_projects import PythonProject

from cli_projects import add_pypi, use_own_python
from cli_samples import Cs, Workspace, info_files, make_conda, make_wheel, wheel_files
from cs_bundle import open_bundle
from cs_stamp import read_stamp


@pytest.fixture
def project(workspace: Workspace, template: Path, offline_pip: None) -> Workspace:
    """Return a workspace whose environment has Python and the workspace's own project."""
    use_own_python(workspace)
    add_pypi(workspace, ".", "tool")
    PythonProject().write(workspace.write())
    return workspace


def names_in(bundle: Path) -> list[str]:
    """Name the archives in a bundle."""
    return sorted(entry.file_name for entry, _ in open_bundle(bundle).iterate_archives())


def test_the_workspaces_own_project_ships_as_a_wheel(project: Workspace, cs: Cs, tmp_path: Path) -> None:
    outcome = cs("build", "--json")
    assert outcome.status == 0, outcome.err
    assert "building the PyPI package tool (.)" in outcome.err
    runtime = Path("dist/demoz")
    with read_stamp(runtime) as stamp:
        wheel = stamp.read_plan().wheels[0]
        (tmp_path / "bundle").write_bytes(stamp.read_part("bundle"))
    assert (wheel.name, wheel.version, wheel.url, wheel.direct_url) == ("tool", "1.5", None, None)
    assert wheel.file_name in names_in(tmp_path / "bundle")
    assert f"- pypi: ./{wheel.file_name}\n" in Path("dist/demoz.runtime.lock").read_text()
    assert cs("verify", "dist").status == 0


@pytest.mark.parametrize("layout", ["online", "external"])
def test_the_wheel_comes_with_the_runtime_in_every_layout(project: Workspace, cs: Cs, layout: str) -> None:
    outcome = cs("build", "--layout", layout)
    assert outcome.status == 0, outcome.err
    if layout == "external":
        assert "tool-1.5-py3-none-any.whl" in names_in(Path("dist/demo.bundle.tar.zst"))
    else:
        with read_stamp(Path("dist/demo")) as stamp:
            assert b"tool-1.5" in stamp.read_part("bundle")


def test_two_builds_are_the_same(project: Workspace, cs: Cs) -> None:
    assert cs("build").status == 0
    first = Path("dist/demoz").read_bytes()
    assert cs("build", "--out-dir", "again").status == 0
    assert Path("again/demoz").read_bytes() == first


def test_a_dry_run_builds_nothing_and_says_what_would_be_built(project: Workspace, cs: Cs) -> None:
    outcome = cs("build", "--dry-run")
    assert outcome.status == 0, outcome.err
    assert "Would build the PyPI package tool (.)" in outcome.out.splitlines()
    assert not Path("dist").exists()
    document = json.loads(cs("build", "--dry-run", "--json").out)
    assert document["builds"][0]["supplies"] == [
        {"label": "pypi:tool", "action": "build", "location": ".", "archive": None}
    ]


def test_never_builds_nothing(project: Workspace, cs: Cs) -> None:
    outcome = cs("build", "--build-wheels", "never")
    assert outcome.status == 1
    assert 'needs an archive: the lock has only the directory .; build-wheels = "never" builds no wheel' in outcome.err
    assert "exclude" not in outcome.err
    assert "archives = " in outcome.err
    assert 'set `build-wheels = "local"`' in outcome.err


def test_an_entry_without_an_archive_is_placed_in_the_lock(project: Workspace, cs: Cs) -> None:
    error = json.loads(cs("build", "--build-wheels", "never", "--error-format", "json").err.splitlines()[-1])
    assert Path(error["path"]).suffix == ".lock"
    line = Path(error["path"]).read_text().splitlines()[error["line"] - 1]
    assert line[error["column"] - 1 :].startswith("pypi: ")


def test_an_error_with_a_place_starts_with_it(project: Workspace, cs: Cs) -> None:
    line = cs("build", "--build-wheels", "never").err.splitlines()[0]
    match = re.fullmatch(r"error: (.*\.lock):(\d+):(\d+): (.*)", line)
    assert match is not None, line
    path, number, column, rest = match.groups()
    assert Path(path).read_text().splitlines()[int(number) - 1][int(column) - 1 :].startswith("pypi: ")
    assert re.match(r"packages\[\d+\]: the PyPI package tool ", rest)


def test_a_pinned_wheel_whose_file_is_gone_is_named_before_anything_is_built(project: Workspace, cs: Cs) -> None:
    add_pypi(project, "./gone-1.0-py3-none-any.whl", "gone", sha256="ab" * 32)
    project.write()
    outcome = cs("build", "--error-format", "json")
    error = json.loads(outcome.err.splitlines()[-1])
    assert error["kind"] == "missing-archive"
    assert "gone" in error["message"]
    assert Path(error["path"]).read_text().splitlines()[error["line"] - 1].endswith("pypi: ./gone-1.0-py3-none-any.whl")
    assert "building" not in outcome.err
    shown = json.loads(cs("inspect", "--json").out)
    assert "missing-archive" in [problem["kind"] for problem in shown["problems"]]
    assert [wheel["name"] for wheel in shown["platforms"][0]["wheels"]] == ["gone"]
    make_wheel(Path("gone-1.0-py3-none-any.whl"), wheel_files({}, name="gone", version="1.0"))
    assert cs("inspect").status == 0


def test_a_directory_elsewhere_is_built_only_on_request(
    project: Workspace, cs: Cs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    PythonProject(name="far").write(tmp_path / "far")
    add_pypi(project, "../far", "far")
    project.write()
    outcome = cs("build")
    assert outcome.status == 1
    reason = "needs an archive: the lock has only the directory ../far; "
    assert f'{reason}build-wheels = "local" builds only the workspace\'s own projects' in outcome.err
    assert 'build-wheels = "all"' in outcome.err
    monkeypatch.setattr("cs_cli.building.machine._plan_conda", lambda *_: None)
    outcome = cs("build", "--build-wheels", "all")
    assert outcome.status == 0, outcome.err


def test_a_wheel_of_the_folder_comes_before_building(project: Workspace, cs: Cs) -> None:
    make_wheel(Path("pkgs/tool-3.0-py3-none-any.whl"), wheel_files({"tool.py": b""}, name="tool", version="3.0"))
    for mode in ("local", "never"):
        outcome = cs("build", "--archives", "pkgs", "--build-wheels", mode)
        assert outcome.status == 0, outcome.err
        assert "building the" not in outcome.err
        with read_stamp(Path("dist/demoz")) as stamp:
            assert [wheel.version for wheel in stamp.read_plan().wheels] == ["3.0"]


def test_a_wheel_for_the_platform_comes_before_one_for_all(project: Workspace, cs: Cs) -> None:
    for tag in ("py3-none-any", "py3-none-linux_x86_64", "py3-none-win_amd64"):
        make_wheel(Path(f"pkgs/tool-3.0-{tag}.whl"), wheel_files({tag: b""}, name="tool", version="3.0"))
    outcome = cs("build", "--archives", "pkgs")
    assert outcome.status == 0, outcome.err
    with read_stamp(Path("dist/demoz")) as stamp:
        assert [wheel.file_name for wheel in stamp.read_plan().wheels] == ["tool-3.0-py3-none-linux_x86_64.whl"]


def test_archives_that_do_not_fit_are_named(project: Workspace, cs: Cs) -> None:
    members = wheel_files({}, name="tool", version="3.0")
    make_wheel(Path("pkgs/tool-3.0-cp27-cp27-linux_x86_64.whl"), members)
    outcome = cs("build", "--archives", "pkgs", "--build-wheels", "never")
    assert outcome.status == 1
    assert "the archive folder has tool-3.0-cp27-cp27-linux_x86_64.whl" in outcome.err
    assert cs("build", "--archives", "pkgs").status == 0  # it is built instead


def test_several_archives_for_one_package_are_refused(project: Workspace, cs: Cs) -> None:
    for version in ("3.0", "4.0"):
        members = wheel_files({"tool.py": b""}, name="tool", version=version)
        make_wheel(Path(f"pkgs/tool-{version}-py3-none-any.whl"), members)
    outcome = cs("build", "--archives", "pkgs", "--error-format", "json")
    assert json.loads(outcome.err.splitlines()[-1])["kind"] == "ambiguous-archive"
    assert "tool-3.0-py3-none-any.whl and tool-4.0-py3-none-any.whl" in outcome.err


def test_the_metadata_of_a_wheel_must_match_its_name(project: Workspace, cs: Cs) -> None:
    make_wheel(Path("pkgs/tool-3.0-py3-none-any.whl"), wheel_files({"tool.py": b""}, name="tool", version="2.0"))
    outcome = cs("build", "--archives", "pkgs", "--error-format", "json")
    assert json.loads(outcome.err.splitlines()[-1])["kind"] == "wheel-mismatch"
    shown = cs("inspect", "--archives", "pkgs")
    assert shown.status == 1
    assert "tool-3.0-py3-none-any.whl in the archive folder: the wheel is tool 2.0" in shown.out


def test_a_file_that_stands_for_nothing_is_a_warning(project: Workspace, cs: Cs) -> None:
    make_wheel(Path("pkgs/other-1.0-py3-none-any.whl"), wheel_files({}, name="other"))
    outcome = cs("build", "--archives", "pkgs")
    assert outcome.status == 0, outcome.err
    assert "other-1.0-py3-none-any.whl in the archive folder stands for no package of the lock" in outcome.err


def test_what_the_lock_pins_cannot_be_replaced(project: Workspace, cs: Cs) -> None:
    make_conda(Path("pkgs/python-9.9-0.conda"), index("python", "9.9"), {})
    outcome = cs("build", "--archives", "pkgs", "--error-format", "json")
    assert json.loads(outcome.err.splitlines()[-1])["kind"] == "pinned-archive"


def test_a_folder_that_is_missing_or_damaged_is_an_error(project: Workspace, cs: Cs) -> None:
    outcome = cs("build", "--archives", "pkgs")
    assert outcome.status == 1
    assert "the archive folder cannot be read: No such file or directory" in outcome.err
    Path("pkgs").mkdir()
    Path("pkgs/x.conda").write_bytes(b"not an archive")
    outcome = cs("build", "--archives", "pkgs")
    assert outcome.status == 1
    assert "cannot read the archive" in outcome.err


def index(name: str, version: str, *depends: str, subdir: str = "linux-64") -> dict[str, bytes]:
    """Return the ``info/`` folder of a conda package."""
    document = {
        "name": name,
        "version": version,
        "build": "0",
        "build_number": 0,
        "subdir": subdir,
        "depends": list(depends),
    }
    return {**info_files({}), "info/index.json": json.dumps(document).encode()}


def test_a_platform_wheel_ships_only_where_it_fits(project: Workspace, cs: Cs) -> None:
    project.environments["ship"]["win-64"] = [
        project.channel.add("python", {"python.exe": b"MZ"}, version="3.11.7", subdir="win-64"),
        {"pypi": ".", "name": "tool"},
    ]
    hook = (
        "from hatchling.builders.hooks.plugin.interface import BuildHookInterface\n"
        "class CustomBuildHook(BuildHookInterface):\n"
        "    def initialize(self, version, build_data):\n"
        "        build_data['tag'] = 'py3-none-linux_x86_64'\n"
    )
    PythonProject(backend="hatchling", files={"hatch_build.py": hook}).write(project.write())
    text = Path("pyproject.toml").read_text() + "[tool.hatch.build.targets.wheel.hooks.custom]\n"
    Path("pyproject.toml").write_text(text)
    outcome = cs("build", "--platform", "linux-64")
    assert outcome.status == 0, outcome.err
    assert "which is not for win-64 and its Python" in outcome.err
    assert "win-64" not in Path("dist/demoz.runtime.lock").read_text()


def test_what_only_other_platforms_need_is_not_built(project: Workspace, cs: Cs) -> None:
    project.environments["ship"]["win-64"] = [
        project.channel.add("python", {"python.exe": b"MZ"}, version="3.11.7", subdir="win-64"),
        {"pypi": "./libs/other", "name": "other"},
    ]
    project.write()
    outcome = cs("build", "--platform", "linux-64")
    assert outcome.status == 0, outcome.err
    assert "other (./libs/other) was not built, so the runtime lock does not have win-64" in outcome.err


def test_a_project_that_needs_another_python_says_both_ways_out(project: Workspace, cs: Cs) -> None:
    PythonProject(requires_python=">=3.99").write(project.directory)
    outcome = cs("build", "--error-format", "json")
    error = json.loads(outcome.err.splitlines()[-1])
    assert error["kind"] == "wheel-not-built"
    assert "needs Python >=3.99, but cs runs in" in error["message"]
    assert "run cs in such a Python" in error["hint"]
    assert "archives = " in error["hint"]
    assert cs("inspect").status == 1


def test_requirements_that_the_lock_does_not_have_are_a_warning(project: Workspace, cs: Cs) -> None:
    lines = 'dependencies = ["six", "left-out; extra == \'x\'", "windows-only; sys_platform == \'win32\'", "python"]\n'
    PythonProject(lines=lines).write(project.directory)
    outcome = cs("build")
    assert outcome.status == 0, outcome.err
    assert outcome.err.count("tool-1.5-py3-none-any.whl needs six, which the lock does not have") == 1


def test_inspect_builds_nothing(project: Workspace, cs: Cs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cs_cli.wheels.building.build_wheel", None)
    outcome = cs("inspect", "--json")
    assert outcome.status == 0, outcome.err


def test_a_damaged_wheel_of_the_folder_is_named(project: Workspace, cs: Cs) -> None:
    path = make_wheel(Path("pkgs/tool-3.0-py3-none-any.whl"), wheel_files({}, name="tool", version="3.0"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../evil.py", "")
    outcome = cs("build", "--archives", "pkgs", "--error-format", "json")
    error = json.loads(outcome.err.splitlines()[-1])
    assert error["kind"] == "archive-damaged"
    assert path.name in error["message"]
    assert cs("inspect", "--archives", "pkgs").status == 1
