"""Solve an environment against the channel with py-rattler."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..tested_platform import PLATFORM
from . import rattling


def solve(channel_url: str, specs: list[str]) -> list[dict[str, Any]]:
    """Solve for the tested platform.

    :returns: repodata records as JSON objects, sorted by name, with ``fn``, ``url`` and ``channel``.
    """
    records = rattling.solve(channel_url, specs, platform=PLATFORM)
    return sorted(records, key=lambda record: str(record["name"]))


def channel_packages(channel: Path) -> list[str]:
    """Name every package of a channel folder."""
    names: set[str] = set()
    for subdir in (PLATFORM, "noarch"):
        repodata = json.loads((channel / subdir / "repodata.json").read_text())
        for key in ("packages", "packages.conda"):
            names.update(record["name"] for record in repodata.get(key, {}).values())
    return sorted(names)
