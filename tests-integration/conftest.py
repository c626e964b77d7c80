"""A tiny channel, served over HTTP, solved once; workspaces and runtimes made from it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from steady import (
    pytest_make_collect_report,
    pytest_runtest_call,
    pytest_runtest_makereport,
    pytest_runtest_setup,
    settle,
    skip_elsewhere,
)

__all__ = [
    "pytest_make_collect_report",
    "pytest_runtest_call",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
]
from support.browser import Browser, start_browser
from support.channel.build import build_channel
from support.channel.index import index_settings, lock_index
from support.channel.solve import solve
from support.commands import Command, Home, run_cs
from support.pixi import Pixi
from support.pypi.bench import CONDA, WHEELS, Bench
from support.servers import Server, serve
from support.stage import Stage
from support.tested_platform import PLATFORM, SETTINGS
from support.workshop import Workshop, open_plain_workshop
from support.workspaces import SPECS, Workspace

settle(keep=SETTINGS)

DEFAULT_KILLS = 8
MANY_KILLS = 50


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of ``faults`` and of the recordings."""
    parser.addoption("--kills", type=int, default=DEFAULT_KILLS, help="how often to kill each command")
    parser.addoption("--record", action="store_true", help="write the recordings of terminals into docs/pictures")
    parser.addoption("--seed", type=int, default=0, help="decides at which instants")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that take the number of a ``kill`` once for each."""
    if "kill" in metafunc.fixturenames:
        metafunc.parametrize("kill", range(metafunc.config.getoption("kills")))


@pytest.fixture(scope="session")
def kills(request: pytest.FixtureRequest) -> int:
    """How often to kill each command."""
    return int(request.config.getoption("kills"))


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """What the instants of the kills follow from."""
    return int(request.config.getoption("seed"))


@pytest.fixture(scope="session")
def fast_directory() -> Iterator[Path]:
    """A folder on the fastest file system of this machine; removed at the end."""
    shared_memory = Path("/dev/shm")
    base = shared_memory if os.access(shared_memory, os.W_OK) else None
    # Windows keeps what a program still has open, also of a program that is being ended.
    is_patient = sys.platform == "win32"
    with tempfile.TemporaryDirectory(prefix="cs-tests-", dir=base, ignore_cleanup_errors=is_patient) as directory:
        Path(directory).chmod(0o755)  # tests run commands as other users too
        yield Path(directory).resolve()  # as the system writes it, so that what a runtime says of it can be compared


@pytest.fixture
def tmp_path(fast_directory: Path) -> Iterator[Path]:
    """A folder of the test's own on that file system."""
    directory = Path(tempfile.mkdtemp(prefix="t-", dir=fast_directory))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless browser without a network."""
    with start_browser() as started:
        yield started


@pytest.fixture(scope="session")
def channel_directory() -> Path:
    """The tiny channel, built once and kept for the next run."""
    skip_elsewhere("on Linux", "this machine's Python becomes a package, with its library beside it")
    return build_channel("tiny")


@pytest.fixture(scope="session")
def channel(channel_directory: Path) -> Iterator[Server]:
    """The tiny channel, served."""
    with serve(channel_directory) as server:
        yield server


@pytest.fixture(scope="session")
def records(channel: Server) -> list[dict[str, Any]]:
    """The solve that the workspaces lock."""
    return solve(channel.url, list(SPECS))


@pytest.fixture
def make_workspace(tmp_path: Path, channel: Server, records: list[dict[str, Any]]) -> Callable[..., Path]:
    """Write a workspace whose environment ``ship`` holds the whole solve."""

    def make(*, form: str = "conda.toml", lock_version: str = "conda-1", name: str = "workspace", **ship: str) -> Path:
        settings = {"runtime": '"demo"', "runtime-version": '"1.0"', "delegate": '"python"', "layout": '"embedded"'}
        settings.update({key.replace("_", "-"): value for key, value in ship.items()})
        workspace = Workspace(
            directory=tmp_path / name,
            specs=SPECS,
            channel_url=channel.url,
            form=form,
            lock_version=lock_version,
            ship=settings,
        )
        minimal = [record for record in records if record["name"] == "words"]
        return workspace.write({"default": {PLATFORM: minimal}, "ship": {PLATFORM: records}})

    return make


@pytest.fixture(scope="session")
def cache_directory(fast_directory: Path) -> Path:
    """The package cache that the tests' builds share."""
    return fast_directory / "package-cache"


@pytest.fixture
def cs(cache_directory: Path) -> Callable[..., Command]:
    """Run the installed ``cs``."""

    def run(*arguments: str | Path, cwd: Path, check: bool = True) -> Command:
        return run_cs(*arguments, cwd=cwd, cache=cache_directory, check=check)

    return run


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A fresh home."""
    directory = tmp_path / "home"
    directory.mkdir()
    return Home(directory)


@pytest.fixture(scope="session")
def workshop(fast_directory: Path, cache_directory: Path, channel: Server, records: list[dict[str, Any]]) -> Workshop:
    """Builds runtimes from the tiny channel, with the delegate ``python``."""
    return Workshop(
        directory=fast_directory / "workshop", cache=cache_directory, server=channel, specs=SPECS, records=records
    )


@pytest.fixture(scope="session")
def embedded_runtime(workshop: Workshop) -> Path:
    """One embedded runtime with the delegate ``python``, for tests that do not care how it was built."""
    return workshop.build()


@pytest.fixture(scope="session")
def plain_workshop(fast_directory: Path, cache_directory: Path) -> Iterator[Workshop]:
    """Builds runtimes without Python, quick to install: two packages, one with a post-link script that can be slow."""
    with open_plain_workshop(fast_directory / "plain", cache_directory) as workshop:
        yield workshop


@pytest.fixture(scope="session")
def tiny_workshop(fast_directory: Path, cache_directory: Path) -> Iterator[Workshop]:
    """The same with next to no files, for tests that look at every system call."""
    with open_plain_workshop(fast_directory / "tiny", cache_directory, files=2) as workshop:
        yield workshop


@pytest.fixture
def bench(
    tmp_path: Path,
    channel: Server,
    channel_directory: Path,
    records: list[dict[str, Any]],
    cs: Callable[..., Command],
    monkeypatch: pytest.MonkeyPatch,
) -> Bench:
    """A bench whose builds know the index of the channel and no other."""
    for name, value in index_settings(channel.url).items():
        monkeypatch.setenv(name, value)
    conda = [record for record in records if record["name"] in CONDA]
    return Bench(tmp_path, channel.url, conda, lock_index(channel_directory, channel.url, WHEELS), cs)


@pytest.fixture
def stage(
    make_workspace: Callable[..., Path],
    home: Home,
    cache_directory: Path,
    tmp_path: Path,
    channel: Server,
    channel_directory: Path,
) -> Stage:
    """A reader in an empty directory."""
    programs, directory = tmp_path / "programs", tmp_path / "empty"
    programs.mkdir()
    directory.mkdir()
    variables = index_settings(channel.url)
    pixi = Pixi(channel.url, channel_directory)
    return Stage(make_workspace, channel, pixi, home, cache_directory, directory, programs, variables)
