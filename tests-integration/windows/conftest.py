"""Runtimes for Windows, run there, or with wine: ``nox -s foreign`` sets the tested platform."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.tested_platform import PLATFORM, find_template
from support.windows import COMPILER, REFUSED, WindowsHome, find_starter, open_windows_workshop
from support.workshop import Workshop

# On any other platform there is nothing to run: so nothing is skipped there.
collect_ignore_glob = [] if PLATFORM == "win-64" else ["test_*.py"]

Build = Callable[..., Path]


@pytest.fixture(scope="session")
def starter() -> tuple[str, ...]:
    """The words that start a Windows program."""
    found = find_starter()
    if found is None:
        pytest.skip("needs wine64")
    if find_template() is None:
        pytest.skip("needs a template for Windows: nox -s foreign builds it")
    if shutil.which(COMPILER) is None:
        pytest.skip(f"needs {COMPILER}")
    return found


@pytest.fixture(scope="session")
def windows_workshop(fast_directory: Path, cache_directory: Path, starter: tuple[str, ...]) -> Iterator[Workshop]:
    """Builds runtimes for Windows."""
    with open_windows_workshop(fast_directory / "windows", cache_directory) as workshop:
        yield workshop


@pytest.fixture(scope="session")
def build(windows_workshop: Workshop) -> Build:
    """Build a runtime of the packages that Windows takes, or of those that are named."""

    def build(*packages: str, **ship: str) -> Path:
        wanted = {"bulk", *(packages or ("tool", "batch", "hooks"))}
        without = [str(record["name"]) for record in windows_workshop.records if record["name"] not in wanted]
        return windows_workshop.build(without=without, **ship)

    assert not {"tool", "batch", "hooks"} & set(REFUSED)
    return build


@pytest.fixture
def windows_home(tmp_path: Path, starter: tuple[str, ...]) -> WindowsHome:
    """A user with nothing installed."""
    directory = tmp_path / "a home"
    directory.mkdir()
    return WindowsHome(directory, starter)
