"""Fixtures that the tests share."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import repacked

from cli_samples import Channel, Cs, Outcome, Workspace, make_template, make_workspace, small_channel
from cs_cli.main import main
from documents import require_valid_document


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory that has nothing to do with the files of a test."""
    return tmp_path_factory.mktemp("elsewhere")


def installed_scripts() -> list[Path]:
    """Return where programs are, but not in the environment of these tests."""
    return [Path(sys.argv[0]).parent]


@pytest.fixture(autouse=True)
def _own_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, elsewhere: Path) -> None:
    """Let every test see the same machine, with caches of its own, and leave the process's signals alone.

    Temporary files may be in the current directory or in the home directory, where paths are shown shorter.
    """
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("HOME", str(elsewhere))
    monkeypatch.setattr("cs_cli.project.platforms.host_platform", lambda: "linux-64")
    for module in ("building.preparation", "building.machine", "building.bytecode", "run"):
        monkeypatch.setattr(f"cs_cli.{module}.host_platform", lambda: "linux-64")
    # The template of these tests' own environment is not one that is installed with cs.
    for module in ("cs_cli.building.preparation", "cs_stamp"):
        monkeypatch.setattr(f"{module}.installed_scripts", installed_scripts)
    monkeypatch.setattr("cs_cli.main.interrupt_on_signals", lambda: None)
    monkeypatch.setenv("CONDA_SHIP_CACHE_DIR", str(tmp_path / "cache"))
    # Temporary files may be in a clone of this repository.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))


@pytest.fixture
def xterm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let terminals have colours and 80 columns."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def channel(tmp_path: Path) -> Channel:
    """Return a channel of three packages."""
    return small_channel(tmp_path / "channel")


@pytest.fixture
def workspace(tmp_path: Path, channel: Channel, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return a written workspace, which is also the current directory."""
    made = make_workspace(tmp_path / "workspace", channel)
    monkeypatch.chdir(made.write())
    return made


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a template for linux-64, the one that a build finds."""
    path = make_template(tmp_path / "cs-template")
    monkeypatch.setenv("CONDA_SHIP_TEMPLATE", str(path))
    return path


@pytest.fixture
def cs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cs:
    """Run ``cs`` in this process; every document that it prints agrees with its schema."""
    monkeypatch.setattr("sys.argv", [str(tmp_path / "scripts" / "cs")])

    def run(*words: str | Path) -> Outcome:
        capsys.readouterr()
        status = main([str(word) for word in words])
        captured = capsys.readouterr()
        require_valid_document(words, captured.out)
        return Outcome(status, captured.out, captured.err)

    return run


@pytest.fixture
def offline_pip(backends: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pip find build backends without a network."""
    for name, value in backends.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def backends(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return variables that let pip find build backends without a network."""
    return repacked.variables(repacked.write_wheels(tmp_path_factory.mktemp("backends")))
