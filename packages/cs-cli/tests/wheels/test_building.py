"""Builds of projects: the same source gives the same wheel, wherever and whenever it is built."""

from __future__ import annotations

import json
import os
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from python_projects import BUILD_SYSTEMS, PythonProject

from cs_cli.errors import CliError
from cs_cli.wheels.building import BuildMachine, BuiltArchive, build_project
from cs_cli.wheels.origins import Origin
from cs_cli.wheels.sources import SourceTree
from cs_lock import PendingEntry, PypiRecord


def make_entry(name: str = "tool", location: str = ".") -> PendingEntry:
    """Return an entry of the lock for a directory."""
    record = PypiRecord(
        name=name, version=None, origin="directory", form="tree", location=location, url=None, file_name=None, key="k"
    )
    return PendingEntry(
        label=f"pypi:{name}",
        kind="pypi",
        name=name,
        version=None,
        reason="directory",
        origin="directory",
        form="tree",
        location=location,
        key="k",
        record=record,
    )


def build(project: PythonProject, source: Path, out: Path, machine: BuildMachine, name: str = "tool") -> BuiltArchive:
    """Build a project in a new directory."""
    out.mkdir(parents=True)
    tree = SourceTree(path=project.write(source), origin=Origin(kind="directory", location="."))
    return build_project(make_entry(name), tree, machine, out)


@pytest.fixture
def machine(backends: dict[str, str]) -> BuildMachine:
    """Return a machine that finds the backends without a network."""
    return BuildMachine(environ={**os.environ, **backends})


@pytest.fixture
def other_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process be in another time zone."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    yield
    monkeypatch.delenv("TZ")
    time.tzset()


@pytest.mark.parametrize("backend", BUILD_SYSTEMS)
@pytest.mark.parametrize("is_dynamic", [False, True], ids=["static", "dynamic"])
def test_two_builds_are_the_same_in_another_directory_umask_zone_and_hash_seed(
    backend: str, is_dynamic: bool, machine: BuildMachine, tmp_path: Path, other_zone: None
) -> None:
    project = PythonProject(backend=backend, is_dynamic=is_dynamic, is_flat=not is_dynamic)
    first = build(project, tmp_path / "one", tmp_path / "out1", machine)
    before = os.umask(0o077)
    try:
        strange = {
            **machine.environ,
            "PYTHONHASHSEED": "7",
            "TZ": "Asia/Kathmandu",
            "LC_ALL": "C",
            "HOME": str(tmp_path),
        }
        far = tmp_path / "quite" / "far away"
        second = build(project, far, tmp_path / "out2", replace(machine, environ=strange))
    finally:
        os.umask(before)
    assert first.archive.path.read_bytes() == second.archive.path.read_bytes()
    assert (first.archive.file_name, first.archive.sha256) == (second.archive.file_name, second.archive.sha256)
    assert first.archive.version == "1.5"
    assert first.origin == second.origin
    assert first.origin.backend == BUILD_SYSTEMS[backend][1]
    assert [one for one in first.origin.requirements if one.startswith(backend)]
    with zipfile.ZipFile(first.archive.path) as archive:
        assert "tool/__init__.py" in archive.namelist()


def test_what_an_earlier_build_left_in_the_project_does_not_ship(machine: BuildMachine, tmp_path: Path) -> None:
    left = {"build/lib/tool/gone.py": "", "src/tool.egg-info/SOURCES.txt": "src/tool/gone.py\n"}
    clean = build(PythonProject(backend="setuptools"), tmp_path / "one", tmp_path / "out1", machine)
    littered = build(PythonProject(backend="setuptools", files=left), tmp_path / "two", tmp_path / "out2", machine)
    assert clean.archive.sha256 == littered.archive.sha256


def test_what_a_wheel_needs_is_known(machine: BuildMachine, tmp_path: Path) -> None:
    project = PythonProject(lines='dependencies = ["six>1"]\n', requires_python=">=3.9")
    archive = build(project, tmp_path / "one", tmp_path / "out", machine).archive
    assert (archive.requires_dist, archive.requires_python) == (("six>1",), ">=3.9")


def test_a_failed_build_says_why_and_where_its_log_is(machine: BuildMachine, tmp_path: Path) -> None:
    project = PythonProject(backend="hatchling", is_dynamic=True, files={"src/tool/__init__.py": "no version\n"})
    with pytest.raises(CliError, match=r"cannot build tool from \.: the build backend failed: .*version") as caught:
        build(project, tmp_path / "one", tmp_path / "out", machine)
    assert caught.value.kind == "wheel-not-built"
    assert caught.value.hint
    log = Path(caught.value.hint.rpartition(" is ")[2])
    assert "Traceback" in log.read_text()
    log.unlink()


def test_a_project_of_another_name_is_refused(
    machine: BuildMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(CliError, match="is the project tool, but the lock calls it demo") as caught:
        build(PythonProject(), tmp_path / "one", tmp_path / "out", machine, name="demo")
    assert (caught.value.kind, caught.value.hint) == ("wheel-mismatch", "lock the workspace again")
    assert not list(tmp_path.glob("*.log"))


SPY = """
import pathlib, shutil
def get_requires_for_build_wheel(config_settings=None): return []
def build_wheel(directory, config_settings=None, metadata_directory=None):
    here = pathlib.Path(__file__).parent
    for file in here.glob("made/*"):
        shutil.copy(file, directory)
    return sorted(here.glob("made/*"))[0].name
"""


def test_a_backend_that_makes_more_than_one_file_is_refused(machine: BuildMachine, tmp_path: Path) -> None:
    system = '[build-system]\nrequires = []\nbuild-backend = "spy"\nbackend-path = ["."]\n'
    made = {f"made/tool-{number}-py3-none-any.whl": "" for number in (1, 2)}
    project = PythonProject(files={"pyproject.toml": system, "spy.py": SPY, **made})
    with pytest.raises(CliError, match=r"has made tool-1-.*, tool-2-.* instead of one wheel"):
        build(project, tmp_path / "one", tmp_path / "out", machine)


WHERE = 'pathlib.Path(directory, "tool-1-py3-none-any.whl")'


@pytest.mark.only("on Unix", "Windows has no such files")
@pytest.mark.parametrize(
    "act",
    [f"os.mkfifo({WHERE})", f"{WHERE}.symlink_to('/dev/zero')", f"{WHERE}.mkdir()", "shutil.rmtree(directory)"],
    ids=["FIFO", "link", "directory", "nothing"],
)
def test_a_backend_that_makes_no_regular_file_is_refused(act: str, machine: BuildMachine, tmp_path: Path) -> None:
    system = '[build-system]\nrequires = []\nbuild-backend = "spy"\nbackend-path = ["."]\n'
    spy = SPY.partition("    here")[0].replace("import", "import os,") + f"    {act}\n    return {WHERE}.name\n"
    project = PythonProject(files={"pyproject.toml": system, "spy.py": spy})
    with pytest.raises(CliError, match=r"has made .* instead of one wheel"):
        build(project, tmp_path / "one", tmp_path / "out", machine)


def test_a_backend_that_names_its_wheel_wrongly_is_refused(machine: BuildMachine, tmp_path: Path) -> None:
    raw = build(PythonProject(), tmp_path / "good", tmp_path / "raw", machine).archive.path
    system = '[build-system]\nrequires = []\nbuild-backend = "spy"\nbackend-path = ["."]\n'
    source = PythonProject(files={"pyproject.toml": system, "spy.py": SPY}).write(tmp_path / "one")
    (source / "made").mkdir()
    (source / "made" / "tool.whl").write_bytes(raw.read_bytes())
    (tmp_path / "out").mkdir()
    tree = SourceTree(path=source, origin=Origin(kind="directory", location="."))
    with pytest.raises(CliError, match="but its file name says something else") as caught:
        build_project(make_entry(), tree, machine, tmp_path / "out")
    assert caught.value.kind == "wheel-mismatch"


def test_an_interrupted_build_leaves_no_log(
    machine: BuildMachine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cs_cli.wheels.building.build_wheel", interrupt)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        build(PythonProject(), tmp_path / "one", tmp_path / "out", machine)
    assert not list(tmp_path.glob("*.log"))


def test_provenance_is_json_without_the_machines_directories(machine: BuildMachine, tmp_path: Path) -> None:
    from cs_cli.wheels.origins import SuppliedArchive

    built = build(PythonProject(), tmp_path / "one", tmp_path / "out", machine)
    one = SuppliedArchive(label="pypi:tool", archive=built.archive, origin=built.origin)
    assert str(tmp_path) not in json.dumps(one.to_dict())
    assert one.to_dict()["build"]["backend"] == "flit_core.buildapi"
