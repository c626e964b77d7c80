"""Fixtures that the tests of ``cs verify`` share."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_samples import Cs, Workspace


@pytest.fixture
def dist(workspace: Workspace, template: Path, cs: Cs) -> Path:
    """Build an external runtime and return its folder."""
    assert cs("build", "--layout", "external").status == 0
    return Path("dist")
