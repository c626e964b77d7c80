"""What wheels cost: a first run of a Python and wheels, less one of the Python, beside uv with a warm cache."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from support.installs import Record, make_runtime
from support.pypi.index import FIT, fetch_wheels
from support.pypi.installing import Site

from .measure import Pairs, Usage, run

LIMIT = 1.0
"""Of processor time, and only of that: uv uses more threads."""
SMALL_BYTES = 1_000_000


def measure_wheels(directory: Path, channel: Path, records: Sequence[Record], rounds: int) -> list[dict[str, Any]]:
    """Measure all wheels that the suite compares, and the small ones among them.

    :param channel: has the archives of ``records``, one of which is the Python.
    :returns: a summary of each; nothing where the wheels do not fit.
    """
    wheels = fetch_wheels() if FIT else []
    python = [record for record in records if record["name"] == "python"]
    small = [wheel for wheel in wheels if wheel.stat().st_size < SMALL_BYTES]
    results = []
    for some in filter(None, (wheels, small)):
        place = directory / f"wheels-{len(some)}"
        place.mkdir()
        results.append(_measure(some, Site(records=python, channel=channel, directory=place), rounds))
    return results


def _measure(wheels: Sequence[Path], site: Site, rounds: int) -> dict[str, Any]:
    site.install_with_uv(wheels)  # fills its cache
    full, plain = _Bootstrap(site, wheels), _Bootstrap(site, ())
    packed = sum(wheel.stat().st_size for wheel in wheels)
    pairs = Pairs(f"{len(wheels)} wheels, {packed / 1e6:.0f} MB", LIMIT)
    pairs.take(rounds, lambda: _less(full(), plain()), lambda: _run_uv(site, wheels))
    return pairs.summarise()


class _Bootstrap:
    """A first run into a prefix that is not there."""

    def __init__(self, site: Site, wheels: Sequence[Path]) -> None:
        directory = site.directory / f"own-{len(wheels)}"
        runtime = make_runtime(site.records, site.channel, directory, wheels=wheels, embedded=True, delegate="python")
        self.command = [str(runtime.executable), "--path", str(site.prefix), "bootstrap", "--offline"]
        self.site, self.home = site, runtime.home

    def __call__(self) -> Usage:
        shutil.rmtree(self.site.prefix, ignore_errors=True)
        return run(self.command, {"HOME": str(self.home), "PATH": "/usr/bin:/bin"}, self.home)


def _run_uv(site: Site, wheels: Sequence[Path]) -> Usage:
    site.empty()
    command, environment = site.uv_install(wheels)
    return run([*map(str, command), "--offline"], environment, site.directory)


def _less(whole: Usage, part: Usage) -> Usage:
    return Usage(whole.wall_s - part.wall_s, whole.processor_s - part.processor_s, whole.peak_mb)


def render_wheels(report: Sequence[dict[str, Any]]) -> list[str]:
    """Render the lines of the table."""
    lines = ["", "wheels, in a runtime and with uv pip install --link-mode copy from a warm cache"]
    for one in report:
        for unit in ("processor_s", "wall_s"):
            values, ratio = one[unit], one[unit]["ratio"]
            spread = f"({ratio['least']:.3f} - {ratio['largest']:.3f})"
            own, uv = (f"{values[side]['median']:.2f}" for side in ("cs", "0.11.1"))
            limit = f"{LIMIT:.2f}" if unit == "processor_s" else ""
            name = f"  {one['name']}, {unit.removesuffix('_s')}, s"
            lines.append(f"{name:<38}{own:>10}{uv:>10}{ratio['median']:>8.3f}{spread:>20}{limit:>8}".rstrip())
    return lines
