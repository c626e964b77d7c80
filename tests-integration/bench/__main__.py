"""``nox -s bench``: compare with conda-ship 0.11.1, line by line of ``docs/explanation/performance.md``."""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from pictures.benchmark import draw_benchmark

from support.channel.build import CACHE, build_channel
from support.channel.solve import channel_packages, solve
from support.servers import serve

from .disk import fresh_directory
from .locks import write_locked_workspace
from .measure import Pairs, run, spread
from .page import render_page
from .peer import VERSION, install_peer
from .scaling import measure_scaling
from .sides import Side, runtime_of, sides, spawn_seconds
from .table import render_table
from .wheels import measure_wheels

DOCS = Path(__file__).parents[2] / "docs"


def main() -> None:
    """Measure and report."""
    arguments = _parse()
    channel = build_channel(arguments.size)
    peer = install_peer(CACHE / f"peer-{VERSION}")
    with fresh_directory(arguments.dir) as (directory, where), serve(channel) as server:
        records = solve(server.url, [name for name in channel_packages(channel) if not name.startswith("conda")])
        report = _measure(sides(directory, peer), server.url, records, arguments)
        report["wheels"] = measure_wheels(directory, channel, records, arguments.rounds)
        report["machine"] = _describe_machine(where, records)
    table = render_table(report)
    chart = draw_benchmark(table).render()
    print(table)
    if arguments.docs:
        (DOCS / "explanation" / "performance.md").write_text(render_page(report))
        (DOCS / "pictures" / "benchmark.svg").write_text(chart)
    if arguments.json:
        arguments.json.write_text(json.dumps(report, indent=2) + "\n")
    if arguments.svg:
        arguments.svg.write_text(chart)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="pairs of runs of each measurement; default: 5")
    parser.add_argument("--size", choices=("tiny", "large"), default="large", help="which test channel")
    parser.add_argument("--dir", type=Path, help="measure there instead of on a new loop-mounted ext4 image")
    parser.add_argument("--docs", action="store_true", help="write docs/explanation/performance.md and its chart")
    parser.add_argument("--json", type=Path, help="write the report there too")
    parser.add_argument("--svg", type=Path, help="draw a chart there")
    return parser.parse_args()


def _measure(
    both: tuple[Side, Side], channel_url: str, records: list[dict[str, Any]], arguments: argparse.Namespace
) -> dict[str, Any]:
    own, peer = both
    rounds = arguments.rounds
    embedded = own.write_workspace("embedded", channel_url, records, layout='"embedded"')
    shipped = own.write_workspace("shipped", channel_url, records, layout='"embedded"', bytecode='"shipped"')
    online = own.write_workspace("online", channel_url, records, layout='"online"')
    peer_embedded = peer.write_workspace("embedded", channel_url, records, artifact_layout='"embedded"')
    peer_online = peer.write_workspace("online", channel_url, records, artifact_layout='"online"')

    cold, warm = Pairs("cs build, cold", 1.0), Pairs("cs build, packages cached", 0.5)
    cold.take(rounds, lambda: own.build(embedded, cold=True), lambda: peer.build(peer_embedded, cold=True))
    warm.take(rounds, lambda: own.build(embedded, cold=False), lambda: peer.build(peer_embedded, cold=False))
    for side, workspace in ((own, shipped), (own, online), (peer, peer_online)):
        side.build(workspace, cold=False)

    names = ("first run, embedded", "first run, bytecode shipped", "first run, online")
    firsts = [Pairs(name, limit) for name, limit in zip(names, (0.12, 0.15, 0.15), strict=True)]
    disk: dict[str, Any] = {}
    sources = zip(firsts, (embedded, shipped, online), (peer_embedded, peer_embedded, peer_online), strict=True)
    for pairs, mine, other in sources:
        pairs.take(rounds, partial(own.first_run, runtime_of(mine)), partial(peer.first_run, runtime_of(other)))
        disk[pairs.name] = {side.name: side.disk_after() for side in both}
    later = _measure_later(both, channel_url, records, rounds)
    return {
        "pairs": [pairs.summarise() for pairs in (*firsts, cold, warm)],
        "later": later,
        "disk": disk,
        "template_bytes": Path(shutil.which("cs-template", path=str(own.cs.parent)) or sys.exit("no template"))
        .stat()
        .st_size,
        "inspect": _measure_inspect(own, rounds),
        "scaling": measure_scaling(own, min(rounds, 3)),
    }


def _measure_later(
    both: tuple[Side, Side], channel_url: str, records: list[dict[str, Any]], rounds: int
) -> dict[str, Any]:
    """Time a later run over starting the delegate directly; the delegate does nothing."""
    quick = [record for record in records if record["name"] == "quick"]
    medians: dict[str, list[float]] = {"cs": [], "0.11.1": []}
    starts: dict[str, Any] = {}
    for side, key in zip(both, ("delegate", "delegate-executable"), strict=True):
        layout = "layout" if side.name == "cs" else "artifact-layout"
        workspace = side.write_workspace("later", channel_url, quick, **{layout: '"embedded"', key: '"quick-true"'})
        side.build(workspace, cold=False)
        home = side.directory / "later-home"
        environment = side.environment(home)
        runtime = runtime_of(workspace)
        run([str(runtime)], environment, home)
        direct = home / ".conda" / "demo" / "bin" / "quick-true"
        starts[side.name] = (spawn_seconds([str(runtime)], environment), spawn_seconds([str(direct)], environment))
    for _ in range(rounds):
        for name, (through, direct) in starts.items():
            samples = [through() - direct() for _ in range(200)]
            medians[name].append(statistics.median(samples))
    ratios = [one / other for one, other in zip(medians["cs"], medians["0.11.1"], strict=True)]
    return {"limit": 0.10, **{name: spread(values) for name, values in medians.items()}, "ratio": spread(ratios)}


def _measure_inspect(own: Side, rounds: int) -> dict[str, Any]:
    results = {}
    for count, platforms, limit in ((100, 1, 0.1), (10_000, 8, 1.5)):
        workspace = own.directory / f"inspect-{count}"
        write_locked_workspace(workspace, count, platforms)
        usages = [
            run([str(own.cs), "inspect", "-q"], own.environment(workspace / "home"), workspace)
            for _ in range(rounds + 1)
        ]
        results[str(count)] = {"limit_s": limit, "wall_s": spread([usage.wall_s for usage in usages[1:]])}
    return results


def _describe_machine(where: str, records: list[dict[str, Any]]) -> dict[str, Any]:
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "date": time.strftime("%Y-%m-%d"),
        "system": f"{platform.system()} {platform.release()}",
        "processor": f"{len(models)} x {models[0] if models else platform.machine()}",
        "disk": where,
        "packages": len(records),
        "packed_mb": round(sum(record["size"] for record in records) / 1e6, 1),
        "peer": f"conda-ship {VERSION}",
        "temporary": tempfile.gettempdir(),
    }


if __name__ == "__main__":
    main()
