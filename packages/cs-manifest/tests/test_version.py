from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from zipfile import ZipFile

import pytest

from cs_manifest import ManifestError, Project, ask_version, load_config

Make = Callable[..., Project]
FLAGS = {"runtime": "x", "delegate": "y", "source-environment": "z"}
METADATA = '[tool.conda-ship]\nruntime-version = { from = "project-metadata" }\n'
HATCHLING = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
DYNAMIC = '[project]\nname = "demo"\ndynamic = ["version"]\n[tool.hatch.version]\npath = "demo.py"\n'


def version_of(project: Project, **flags: object) -> str:
    """Read the version as a build does: the backend is asked only if it alone knows the version."""
    version = load_config(project, FLAGS | flags).runtime_version
    return ask_version(project) if version is None else version


def test_the_projects_static_version_is_the_default(make_project: Make) -> None:
    assert version_of(make_project('[project]\nversion = "1.2"\n[tool.pixi]', "pyproject.toml")) == "1.2"


def test_a_flag_wins_over_everything(make_project: Make) -> None:
    project = make_project('[project]\nversion = "1.2"\n[tool.pixi]\n' + METADATA, "pyproject.toml")
    assert version_of(project, runtime_version="3") == "3"


def test_metadata_means_the_static_version_first(make_project: Make) -> None:
    project = make_project('[project]\nversion = "1.2"\n[tool.pixi]\n' + METADATA, "pyproject.toml")
    assert version_of(project) == "1.2"


@pytest.mark.parametrize("name", ["conda.toml", "pixi.toml"])
def test_without_a_pyproject_a_version_must_be_given(make_project: Make, name: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "1.2"\n')
    with pytest.raises(ManifestError, match="the runtime has no version") as caught:
        version_of(make_project("[workspace]\n[tool.conda-ship]\n", name))
    assert (caught.value.kind, caught.value.key) == ("version-missing", "tool.conda-ship.runtime-version")
    assert "runtime-version" in (caught.value.hint or "")


def test_the_error_for_a_dynamic_version_says_how_to_allow_it(make_project: Make) -> None:
    with pytest.raises(ManifestError, match="has no version") as caught:
        version_of(make_project(DYNAMIC + "[tool.pixi]", "pyproject.toml"))
    assert 'set `runtime-version = { from = "project-metadata" }`' in str(caught.value.hint)


@pytest.mark.parametrize("version", ["'1 2'", "''", "3", "'-1'"])
def test_a_version_must_look_like_one(make_project: Make, version: str) -> None:
    with pytest.raises(ManifestError, match=r"project.version: must be a (version|string)") as caught:
        version_of(make_project(f"[tool.pixi]\n[project]\nversion = {version}\n", "pyproject.toml"))
    assert (caught.value.kind, caught.value.line) == ("value-invalid", 3)


def test_the_build_backend_is_asked(make_project: Make, tmp_path: Path) -> None:
    (tmp_path / "demo.py").write_text('__version__ = "4.5.6"\n')
    assert version_of(make_project(HATCHLING + DYNAMIC + "[tool.pixi]\n" + METADATA, "pyproject.toml")) == "4.5.6"


def test_the_pyproject_beside_a_conda_toml_is_asked(make_project: Make, tmp_path: Path) -> None:
    (tmp_path / "demo.py").write_text('__version__ = "4.5.6"\n')
    (tmp_path / "pyproject.toml").write_text(HATCHLING + DYNAMIC)
    assert version_of(make_project("[workspace]\n" + METADATA)) == "4.5.6"


def test_a_failing_backend_is_an_error_with_its_last_line(make_project: Make) -> None:
    project = make_project(HATCHLING + DYNAMIC + "[tool.pixi]\n" + METADATA, "pyproject.toml")
    with pytest.raises(ManifestError, match=r"the build backend failed: .*demo.py") as caught:
        version_of(project)
    assert caught.value.kind == "version-metadata"


def test_metadata_without_a_pyproject_is_an_error(make_project: Make) -> None:
    with pytest.raises(ManifestError, match=r"there is no pyproject.toml in"):
        version_of(make_project("[workspace]\n" + METADATA))


def make_wheel(directory: Path) -> None:
    """Write a wheel of a build backend that knows one version."""
    backend = """
        from pathlib import Path

        def get_requires_for_build_wheel(config_settings=None):
            return []

        def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
            path = Path(metadata_directory, "demo-7.8.dist-info")
            path.mkdir()
            (path / "METADATA").write_text("Metadata-Version: 2.1\\nName: demo\\nVersion: 7.8\\n")
            return path.name
    """
    files = {
        "local_backend.py": dedent(backend),
        "local_backend-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: local-backend\nVersion: 1.0\n",
        "local_backend-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with ZipFile(directory / "local_backend-1.0-py3-none-any.whl", "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
        archive.writestr("local_backend-1.0.dist-info/RECORD", "".join(f"{name},,\n" for name in files))


LOCAL_BACKEND = '[build-system]\nrequires = ["local-backend"]\nbuild-backend = "local_backend"\n'


def test_a_backend_that_is_not_installed_is_asked_in_an_environment_of_its_own(
    make_project: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", tmp_path.as_uri())  # pip divides the variable at spaces
    assert version_of(make_project(LOCAL_BACKEND + DYNAMIC + "[tool.pixi]\n" + METADATA, "pyproject.toml")) == "7.8"


def test_a_backend_that_cannot_be_installed_is_an_error(make_project: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    project = make_project(LOCAL_BACKEND + DYNAMIC + "[tool.pixi]\n" + METADATA, "pyproject.toml")
    with pytest.raises(
        ManifestError, match=r"the build requirements could not be installed: .*local-backend"
    ) as caught:
        version_of(project)
    assert caught.value.kind == "version-metadata"


@pytest.mark.parametrize(
    "build_system", ['requires = "hatchling"', 'requires = []\nbuild-backend = "nothing"', 'requires = ["!"]']
)
def test_a_build_system_that_is_wrong_is_an_error(make_project: Make, build_system: str) -> None:
    text = f"[build-system]\n{build_system}\n" + DYNAMIC + "[tool.pixi]\n" + METADATA
    with pytest.raises(ManifestError) as caught:
        version_of(make_project(text, "pyproject.toml"))
    assert caught.value.kind == "version-metadata"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('{ from = "git" }', r'runtime-version\.from: must be "project-metadata"'),
        ("{}", r'must be a string, or \{ from = "project-metadata" \}'),
        ('{ from = "project-metadata", x = 1 }', r"runtime-version\.x: unknown key"),
    ],
)
def test_the_only_source_of_a_version_is_project_metadata(make_project: Make, table: str, message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        version_of(make_project(f"[workspace]\n[tool.conda-ship]\nruntime-version = {table}\n"))


SPY = """
from pathlib import Path
Path("ran").touch()

def get_requires_for_build_wheel(config_settings=None):
    return []

def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    path = Path(metadata_directory, "demo-3.4.dist-info")
    path.mkdir()
    (path / "METADATA").write_text("Metadata-Version: 2.1\\nName: demo\\nVersion: 3.4\\n")
    return path.name
"""
IN_TREE = '[build-system]\nrequires = [{}]\nbuild-backend = "spy"\nbackend-path = ["."]\n'


def test_reading_the_settings_runs_no_code_of_the_project(make_project: Make, tmp_path: Path) -> None:
    (tmp_path / "spy.py").write_text(SPY)
    project = make_project(IN_TREE.format("") + DYNAMIC + "[tool.pixi]\n" + METADATA, "pyproject.toml")
    config = load_config(project, FLAGS)
    assert config.runtime_version is None
    with pytest.raises(ValueError, match="must be asked"):
        str(config.known_version)
    assert not (tmp_path / "ran").exists()
    assert ask_version(project, offline=True) == "3.4"
    assert (tmp_path / "ran").exists()


def test_offline_nothing_is_downloaded(make_project: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_FIND_LINKS", "http://127.0.0.1:9/")
    project = make_project(LOCAL_BACKEND + DYNAMIC + "[tool.pixi]\n" + METADATA, "pyproject.toml")
    with pytest.raises(ManifestError, match=r"could not be installed: .*local-backend") as caught:
        ask_version(project, offline=True)
    assert (caught.value.kind, caught.value.line) == ("version-metadata", 11)
    assert "PIP_FIND_LINKS" in (caught.value.hint or "")
    make_wheel(tmp_path)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    assert ask_version(project, offline=True) == "7.8"
