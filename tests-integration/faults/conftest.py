"""What the tests of this folder share: how many kills, and runtimes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from channel.server import ChannelServer
from conftest import SPECS
from faults.workshop import Workshop

FOLDER = Path(__file__).parent
DEFAULT_KILLS = 8
MANY_KILLS = 50


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=DEFAULT_KILLS, help="how often to kill each command")
    parser.addoption("--seed", type=int, default=0, help="decides at which instants")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that take ``number`` run once for each kill."""
    if "number" in metafunc.fixturenames:
        # Not known when the whole of tests-integration is run: this file is found too late for its options then.
        count = metafunc.config.getoption("kills", DEFAULT_KILLS)
        metafunc.parametrize("number", range(count))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out this folder's slow tests, which wait for time-outs, unless many kills are asked for."""
    if config.getoption("kills", DEFAULT_KILLS) >= MANY_KILLS:
        return
    reason = pytest.mark.skip(reason=f"waits for time-outs: runs with --kills {MANY_KILLS} or more")
    for item in items:
        if item.path.is_relative_to(FOLDER) and item.get_closest_marker("slow"):
            item.add_marker(reason)


@pytest.fixture(scope="session")
def kills(request: pytest.FixtureRequest) -> int:
    """How often to kill each command."""
    return int(request.config.getoption("kills", DEFAULT_KILLS))


@pytest.fixture(scope="session")
def seed(request: pytest.FixtureRequest) -> int:
    """What the instants of the kills follow from."""
    return int(request.config.getoption("seed", 0))


@pytest.fixture(scope="session")
def workshop(
    fast_directory: Path, cache_directory: Path, channel: ChannelServer, records: list[dict[str, Any]]
) -> Workshop:
    """Builds runtimes from the tiny channel."""
    return Workshop(
        directory=fast_directory / "workshop",
        cache=cache_directory,
        channel_url=channel.url,
        specs=SPECS,
        records=records,
    )
