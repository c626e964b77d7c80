from __future__ import annotations

import os
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import repacked
from hypothesis import given
from hypothesis import strategies as st

from cs_manifest import BackendSettings, Checkout, ManifestError, build_wheel, read_metadata
from cs_manifest._backend import compose_environ

BACKENDS = {
    "hatchling": 'requires = ["hatchling"]\nbuild-backend = "hatchling.build"',
    "setuptools": 'requires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"',
    "flit-core": 'requires = ["flit_core"]\nbuild-backend = "flit_core.buildapi"',
}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with wheels of the backends."""
    return repacked.write_wheels(tmp_path_factory.mktemp("wheels"))


@pytest.fixture
def settings(wheels: Path, tmp_path: Path) -> BackendSettings:
    """Return settings that find the backends without a network."""
    return BackendSettings(environ={**os.environ, **repacked.variables(wheels)}, log=tmp_path / "log")


def make_source(directory: Path, build_system: str, code: str = "") -> Path:
    """Write a project with one module."""
    directory.mkdir()
    project = '[project]\nname = "demo"\nversion = "1.5"\ndescription = "x"\n'
    (directory / "pyproject.toml").write_text(f"[build-system]\n{build_system}\n{project}")
    (directory / "demo.py").write_text(f'"""x"""\n{code}')
    return directory


@pytest.mark.parametrize("name", BACKENDS)
def test_a_wheel_is_built_and_nothing_is_left_in_the_project(
    name: str, tmp_path: Path, settings: BackendSettings
) -> None:
    source = make_source(tmp_path / "source", BACKENDS[name])
    built = build_wheel(source, tmp_path / "out", settings)
    with zipfile.ZipFile(built.path) as archive:
        assert {"demo.py", "demo-1.5.dist-info/METADATA"} <= set(archive.namelist())
    assert built.backend == BACKENDS[name].splitlines()[1].split('"')[1]
    assert [one.partition("==")[0] for one in built.requirements if one.startswith(name)] == [name]
    assert not [one for one in built.requirements if one.startswith("pip==")]
    assert sorted(path.name for path in source.rglob("*")) == ["demo.py", "pyproject.toml"]


def test_the_warnings_of_a_backend_are_in_the_log(tmp_path: Path, settings: BackendSettings) -> None:
    source = make_source(tmp_path / "source", BACKENDS["setuptools"])
    (source / "setup.py").write_text("from setuptools import setup\nsetup(tests_require=[])\n")
    build_wheel(source, tmp_path / "out", settings)
    assert "Unknown distribution option" in settings.log.read_text()


def test_only_what_the_build_asks_for_is_there(tmp_path: Path, settings: BackendSettings) -> None:
    code = "import importlib.util, sys\nassert importlib.util.find_spec('setuptools') is None\n"
    backend = 'requires = []\nbuild-backend = "spy"\nbackend-path = ["."]'
    source = make_source(tmp_path / "source", backend)
    (source / "spy.py").write_text(f"{code}raise SystemExit(f'{{sys.prefix}} {{sys.flags.hash_randomization}}')\n")
    with pytest.raises(ManifestError, match="the build backend failed") as caught:
        build_wheel(source, tmp_path / "out", settings)
    assert (caught.value.kind, caught.value.path) == ("build-backend", source)
    said = settings.log.read_text().split()
    assert said[-1] == "0"
    assert sys.prefix not in said


def test_another_python_can_build(tmp_path: Path, settings: BackendSettings, wheels: Path) -> None:
    environ = {**settings.environ, "PIP_NO_INDEX": "1"}
    other = BackendSettings(environ=environ, log=settings.log, python=Path(sys.executable))
    built = build_wheel(make_source(tmp_path / "source", BACKENDS["flit-core"]), tmp_path / "out", other)
    assert [one.partition("==")[0] for one in built.requirements] == ["flit-core"]


def test_constraints_hold_for_what_a_build_needs(tmp_path: Path, settings: BackendSettings) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("flit_core==0.0.1\n")
    bound = BackendSettings(environ=settings.environ, log=settings.log, constraints=constraints)
    source = make_source(tmp_path / "source", BACKENDS["flit-core"])
    with pytest.raises(ManifestError, match="the build requirements could not be installed: ERROR"):
        build_wheel(source, tmp_path / "out", bound)
    assert "0.0.1" in settings.log.read_text()


def test_the_metadata_is_read_without_isolation_if_that_is_allowed(tmp_path: Path, settings: BackendSettings) -> None:
    source = make_source(tmp_path / "source", BACKENDS["hatchling"])
    environ = {**settings.environ, "PIP_FIND_LINKS": "", "PIP_NO_INDEX": "1"}
    near = BackendSettings(environ=environ, log=settings.log, may_use_installed=True)
    assert "\nVersion: 1.5\n" in read_metadata(source, near)
    with pytest.raises(ManifestError, match="could not be installed"):
        read_metadata(source, BackendSettings(environ=environ, log=settings.log))


def test_a_directory_without_a_project_is_an_error(tmp_path: Path, settings: BackendSettings) -> None:
    with pytest.raises(ManifestError, match=r"neither|does not appear to be a Python project"):
        build_wheel(tmp_path, tmp_path / "out", settings)


SPY = "def get_requires_for_build_wheel(config_settings=None): return []\n"


@pytest.mark.parametrize(
    ("build_system", "code"),
    [
        ('requires = []\nbuild-backend = "demo"\nbackend-path = ["../.."]', SPY),
        ('requires = []\nbuild-backend = "demo"\nbackend-path = ["."]', f"{SPY}def build_wheel(*_): return None\n"),
        ('requires = []\nbuild-backend = "demo"\nbackend-path = ["."]', f"{SPY}def build_wheel(*_): return 5\n"),
        (f"x = {'[' * 5000}{']' * 5000}", ""),
        ("x = '\udcff'", ""),
    ],
    ids=["path outside", "no name", "number as name", "deep TOML", "not UTF-8"],
)
def test_a_project_that_breaks_the_rules_is_an_error(
    build_system: str, code: str, tmp_path: Path, settings: BackendSettings
) -> None:
    source = make_source(tmp_path / "source", "", code)
    (source / "pyproject.toml").write_bytes(f"[build-system]\n{build_system}\n".encode(errors="surrogateescape"))
    with pytest.raises(ManifestError, match=r"breaks the rules of PEP 517") as caught:
        build_wheel(source, tmp_path / "out", settings)
    assert caught.value.kind == "build-backend"


def test_a_killed_backend_leaves_no_temporary_files(tmp_path: Path, settings: BackendSettings) -> None:
    code = f"{SPY}def build_wheel(*_):\n    import os, tempfile\n    tempfile.mkdtemp(prefix='left')\n    os._exit(9)\n"
    source = make_source(tmp_path / "source", 'requires = []\nbuild-backend = "demo"\nbackend-path = ["."]', code)
    place = tmp_path / "tmp"
    place.mkdir()
    environ = {**settings.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(place))}
    with pytest.raises(ManifestError, match="exited when trying to invoke build_wheel"):
        build_wheel(source, tmp_path / "out", replace(settings, environ=environ))
    assert not list(place.iterdir())


@given(
    st.dictionaries(st.sampled_from(["PYTHONPATH", "PYTHONHASHSEED", "TZ", "LANG", "LC_TIME", "PIP_TARGET"]), st.text())
)
def test_a_build_does_not_see_the_callers_settings(variables: dict[str, str]) -> None:
    known = {"PATH": "/bin", "SOURCE_DATE_EPOCH": "1"}
    assert compose_environ({**known, **variables}, Path()) == compose_environ(known, Path())


def test_a_build_sees_indexes_proxies_and_the_callers_time() -> None:
    kept = {"PIP_INDEX_URL": "x", "PIP_EXTRA_INDEX_URL": "y", "https_proxy": "z", "SOURCE_DATE_EPOCH": "5", "CC": "cc"}
    assert kept.items() <= compose_environ(kept, Path()).items()


def test_no_time_is_before_that_of_zip_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkout = Checkout(commit="0" * 40, is_dirty=False, time=5)
    monkeypatch.setattr("cs_manifest._checkout.read_checkout", lambda _: checkout)
    assert compose_environ({}, tmp_path)["SOURCE_DATE_EPOCH"] == "315619200"


def test_without_a_commit_the_time_is_always_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert compose_environ({}, tmp_path)["SOURCE_DATE_EPOCH"] == "315619200"
