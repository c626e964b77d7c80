"""Fixtures that the tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archive_server import ArchiveServer
from bundle_samples import make_archives


@pytest.fixture
def archives(tmp_path: Path) -> dict[str, Path]:
    """Return a few archives by name."""
    return make_archives(tmp_path / "archives")


@pytest.fixture
def server() -> Iterator[ArchiveServer]:
    """Return a server on loopback."""
    with ArchiveServer() as running:
        yield running


@pytest.fixture
def encrypted_server() -> Iterator[ArchiveServer]:
    """Return a server on loopback that speaks TLS."""
    with ArchiveServer(encrypted=True) as running:
        yield running
