"""A tiny channel, served over HTTP, solved once; workspaces and runtimes made from it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))
sys.path.insert(0, str(Path(__file__).parent))

from channel.build import build_channel
from channel.server import ChannelServer, serve
from channel.solve import solve
from channel.workspace import Workspace
from faults.workshop import Workshop, write_plain_channel

from steady import settle

settle(keep=("CONDA_SHIP_TEMPLATE",))

SPECS = ("python", "click", "cowsay", "jinja2", "placeholders", "old-style", "greeter", "conda")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "conda-ship"
SCRIPTS = Path(sys.executable).parent

Command = subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def fast_directory() -> Iterator[Path]:
    """A folder on the fastest file system there is; removed at the end."""
    shared_memory = Path("/dev/shm")
    base = shared_memory if os.access(shared_memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="cs-tests-", dir=base) as directory:
        Path(directory).chmod(0o755)  # tests run commands as other users too
        yield Path(directory)


@pytest.fixture
def tmp_path(fast_directory: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder of the test's own on that file system."""
    directory = Path(tempfile.mkdtemp(prefix="t-", dir=fast_directory))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def channel_directory() -> Path:
    """The tiny channel, built once and kept for the next run."""
    return build_channel(CACHE / "channels" / "tiny", "tiny")


@pytest.fixture(scope="session")
def channel(channel_directory: Path) -> Iterator[ChannelServer]:
    """The tiny channel, served."""
    with serve(channel_directory) as server:
        yield server


@pytest.fixture(scope="session")
def records(channel: ChannelServer) -> list[dict[str, Any]]:
    """The solve that the workspaces lock."""
    return solve(channel.url, list(SPECS))


@pytest.fixture
def make_workspace(tmp_path: Path, channel: ChannelServer, records: list[dict[str, Any]]) -> Callable[..., Path]:
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
        return workspace.write({"default": {"linux-64": minimal}, "ship": {"linux-64": records}})

    return make


def run_command(arguments: Sequence[str | Path], **options: Any) -> Command:
    """Run a command and keep what it says."""
    settings: dict[str, Any] = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "check": False}
    settings.update(options)
    return subprocess.run([str(argument) for argument in arguments], timeout=300, **settings)


@pytest.fixture(scope="session")
def cache_directory(fast_directory: Path) -> Path:
    """The package cache that the tests' builds share."""
    return fast_directory / "package-cache"


@pytest.fixture
def cs(cache_directory: Path) -> Callable[..., Command]:
    """Run the installed ``cs``."""

    def run(*arguments: str | Path, cwd: Path, check: bool = True) -> Command:
        environment = {**os.environ, "CONDA_SHIP_CACHE_DIR": str(cache_directory)}
        completed = run_command([SCRIPTS / "cs", *arguments], cwd=cwd, env=environment)
        assert not check or completed.returncode == 0, completed.stderr
        return completed

    return run


@dataclass
class Home:
    """A user's home, with an environment that knows of nothing else."""

    directory: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.directory), "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", **self.extra}

    def run(self, *arguments: str | Path, **options: Any) -> Command:
        """Run a command as this user would."""
        return run_command(arguments, **{"env": self.environment, "cwd": self.directory, **options})

    @property
    def prefix(self) -> Path:
        return self.directory / ".conda" / "demo"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A fresh home."""
    directory = tmp_path / "home"
    directory.mkdir()
    return Home(directory)


@pytest.fixture(scope="session")
def embedded_runtime(
    fast_directory: Path, cache_directory: Path, channel: ChannelServer, records: list[dict[str, Any]]
) -> Path:
    """One embedded runtime with the delegate ``python``, for tests that do not care how it was built."""
    directory = fast_directory / "embedded"
    ship = {"runtime": '"demo"', "runtime-version": '"1.0"', "delegate": '"python"', "layout": '"embedded"'}
    workspace = Workspace(directory=directory, specs=SPECS, channel_url=channel.url, ship=ship)
    workspace.write({"ship": {"linux-64": records}})
    environment = {**os.environ, "CONDA_SHIP_CACHE_DIR": str(cache_directory)}
    completed = run_command([SCRIPTS / "cs", "build", "-q"], cwd=directory, env=environment)
    assert completed.returncode == 0, completed.stderr
    return directory / "dist" / "demoz"


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


@contextlib.contextmanager
def open_plain_workshop(directory: Path, cache: Path, **channel: int) -> Iterator[Workshop]:
    """Serve a channel of packages without Python, and build runtimes from it.

    :param channel: what ``write_plain_channel`` takes.
    """
    directory.mkdir()
    with serve(write_plain_channel(directory / "channel", **channel)) as server:
        yield Workshop(
            directory=directory / "workshop",
            cache=cache,
            channel_url=server.url,
            specs=("tool",),
            records=solve(server.url, ["tool"]),
            delegate="tool",
        )
