"""Solve an environment against the channel with py-rattler."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

from ..tested_platform import PLATFORM
from .rattling import run_rattler


def solve(channel_url: str, specs: list[str]) -> list[dict[str, Any]]:
    """Solve for the tested platform.

    :returns: repodata records as JSON objects, sorted by name, with ``fn``, ``url`` and ``channel``.
    """
    import rattler

    virtual = [_virtual_package("__unix", "0"), _virtual_package("__linux", "6.1"), _virtual_package("__glibc", "2.36")]

    async def run() -> list[Any]:
        return await rattler.solve(
            [rattler.Channel(channel_url)],
            [rattler.MatchSpec(spec) for spec in specs],
            gateway=rattler.Gateway(),
            platforms=[PLATFORM, "noarch"],
            virtual_packages=virtual,
            timeout=datetime.timedelta(minutes=2),
        )

    records = [json.loads(record.to_json()) for record in run_rattler(run())]
    return sorted(records, key=lambda record: str(record["name"]))


def _virtual_package(name: str, version: str) -> Any:
    import rattler
    from rattler.package.build_string import BuildString

    return rattler.GenericVirtualPackage(rattler.PackageName(name), rattler.Version(version), BuildString("0"))


def channel_packages(channel: Path) -> list[str]:
    """Name every package of a channel folder."""
    names: set[str] = set()
    for subdir in (PLATFORM, "noarch"):
        repodata = json.loads((channel / subdir / "repodata.json").read_text())
        for key in ("packages", "packages.conda"):
            names.update(record["name"] for record in repodata.get(key, {}).values())
    return sorted(names)
