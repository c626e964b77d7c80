from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import repacked

from cs_manifest._isolation import IsolatedEnvironment, are_installed

Make = Callable[..., IsolatedEnvironment]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Describe an environment that finds wheels of flit-core alone."""

    def make(**options: Any) -> IsolatedEnvironment:
        wheels = repacked.write_wheels(tmp_path / "wheels", ["flit-core"])
        environ = {**os.environ, **repacked.variables(wheels)}
        known: dict[str, Any] = {"environ": environ, "log": tmp_path / "log", **options}
        return IsolatedEnvironment(tmp_path / "environment", **known)

    return make


@pytest.mark.parametrize("python", [None, Path(sys.executable)])
def test_an_environment_has_what_was_installed_and_nothing_else(make: Make, python: Path | None) -> None:
    environment = make(python=python)
    environment.create()
    assert environment.list_installed() == ()
    environment.install(["flit_core; python_version > '3'", "absent; python_version < '3'"])
    assert environment.list_installed() == (f"flit-core=={metadata.version('flit-core')}",)
    assert environment.make_extra_environ()["PATH"].startswith(str(environment.path))


def test_without_a_pip_here_the_environment_gets_its_own(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("cs_manifest._isolation.metadata.files", missing)
    environment = make()
    environment.create()
    assert environment.list_installed() == ()
    environment.install(["flit_core"])
    assert environment.list_installed() == (f"flit-core=={metadata.version('flit-core')}",)


def test_offline_only_directories_are_searched(make: Make, tmp_path: Path) -> None:
    environ = {"PIP_FIND_LINKS": f"https://example.com/x {tmp_path} file:///y http://h/z", "PIP_INDEX_URL": "https://i"}
    environment = make(offline=True, environ=environ)
    assert environment._offline_variables["PIP_FIND_LINKS"] == f"{tmp_path} file:///y"
    assert environment._offline_variables["PIP_NO_INDEX"] == "1"


@pytest.mark.parametrize(
    ("requirements", "expected"),
    [
        ([], True),
        (["pytest"], True),
        (["pytest>=1; python_version > '3'", "absent; python_version < '3'"], True),
        (["pytest<1"], False),
        (["absent"], False),
        (["pytest @ https://example.com/pytest.whl"], False),
        (["!"], False),
    ],
)
def test_what_is_installed_here_is_known(requirements: list[str], expected: bool) -> None:
    assert are_installed(requirements) is expected
