"""A prefix with a plain Python, for wheels."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.channel.build import build_channel
from support.pypi.awkward import AWKWARD
from support.pypi.installing import Site


@pytest.fixture(scope="module")
def site(fast_directory: Path, records: list[dict[str, Any]]) -> Iterator[Site]:
    """A prefix with the channel's Python and nothing else."""
    python = [record for record in records if record["name"] == "python"]
    with tempfile.TemporaryDirectory(prefix="site-", dir=fast_directory) as directory:
        yield Site(records=python, channel=build_channel("tiny"), directory=Path(directory))


@pytest.fixture(scope="module")
def awkward_wheels(fast_directory: Path) -> Iterator[list[Path]]:
    """Write all awkward wheels into a folder."""
    with tempfile.TemporaryDirectory(prefix="wheels-", dir=fast_directory) as directory:
        yield [recipe.write(Path(directory)) for recipe in AWKWARD]
