"""A runtime whose delegate is conda, in shells where an environment is active: the first run and the fast path."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.commands import Command, Home


@pytest.fixture
def runtime(make_workspace: Callable[..., Path], cs: Callable[..., Command]) -> Path:
    workspace = make_workspace(delegate='"conda"')
    cs("build", "-q", cwd=workspace)
    return workspace / "dist" / "demoz"


def ask(home: Home, runtime: Path, *arguments: str, **variables: str) -> dict[str, Any]:
    """What conda was asked, and what it found in its environment."""
    completed = Home(home.directory, variables).run(runtime, *arguments)
    assert completed.returncode == 0, completed.stderr
    answer: dict[str, Any] = json.loads(completed.stdout)
    return answer


def test_conda_works_on_the_environment_that_is_active(runtime: Path, home: Home) -> None:
    active = {
        "CONDA_PREFIX": "/o/envs/t",
        "CONDA_PREFIX_1": "/o",
        "CONDA_DEFAULT_ENV": "t",
        "CONDA_SHLVL": "2",
        "CONDA_PROMPT_MODIFIER": "(t) ",
    }
    foreign = {"CONDA_EXE": "/o/bin/conda", "CONDA_ROOT_PREFIX": "/o", "_CE_CONDA": ""}
    first, later = (ask(home, runtime, "install", "y", **active, **foreign) for _ in range(2))
    assert first == later
    assert later["prefix"] == str(home.prefix)
    assert later["environment"] == {**active, "CONDA_COMPLETION_COMMAND_NAME": "demoz"}


def test_without_an_active_environment_conda_works_on_the_prefix(runtime: Path, home: Home) -> None:
    first, later = (ask(home, runtime, "install", "y", CONDA_ROOT_PREFIX="/o") for _ in range(2))
    assert first == later
    assert later["environment"] == {
        "CONDA_PREFIX": str(home.prefix),
        "CONDA_DEFAULT_ENV": "base",
        "CONDA_SHLVL": "1",
        "CONDA_COMPLETION_COMMAND_NAME": "demoz",
    }


def test_in_a_shell_of_an_environment_the_runtime_works_on_that(runtime: Path, home: Home) -> None:
    ask(home, runtime)
    environment = home.prefix / "envs" / "t"
    (environment / "conda-meta").mkdir(parents=True)
    (environment / "conda-meta" / "history").touch()
    shell = {"env": {**home.environment, "SHELL": "/bin/sh"}, "input": f"{runtime} install y\n", "stdin": None}
    completed = home.run(runtime, "shell", "t", **shell)
    answer = json.loads(completed.stdout)
    assert answer["argv"] == ["install", "y"]
    assert answer["environment"]["CONDA_PREFIX"] == str(environment)
    assert answer["environment"]["CONDA_DEFAULT_ENV"] == "t"
    assert "CONDA_ROOT_PREFIX" not in answer["environment"]


def test_words_behind_uninstall_are_condas(runtime: Path, home: Home) -> None:
    for _ in range(2):
        assert ask(home, runtime, "uninstall", "words", "-y")["argv"] == ["uninstall", "words", "-y"]
    refused = home.run(runtime, "uninstall", stdin=subprocess.DEVNULL)
    assert refused.returncode == 64
    assert "`demoz remove PACKAGE`" in refused.stderr
