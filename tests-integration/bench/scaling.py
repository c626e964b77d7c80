"""First runs of 10 to 1,000 packages, and of one very large one: time grows with them, memory does not."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from support.channel.archive import Entry, Package, write_package
from support.channel.build import index_channel
from support.channel.host_python import pack_python
from support.channel.solve import solve
from support.servers import serve

from .measure import run
from .sides import Side, runtime_of

COUNTS = (10, 100, 1000)
_FILES = 30
_FILE_BYTES = 8_000
_LARGE_BYTES = 600_000_000


def measure_scaling(own: Side, rounds: int) -> list[dict[str, Any]]:
    """Measure embedded first runs of growing environments, and of one with a package of 600 MB."""
    channel = own.directory / "scaling-channel"
    _write_channel(channel, own.directory)
    with serve(channel) as server:
        points = [_measure(own, server.url, [f"filler-{n}" for n in range(count)], rounds) for count in COUNTS]
        large = _measure(own, server.url, ["large"], rounds)
    return [*points, {**large, "note": "one package of 600 MB"}]


def _write_channel(channel: Path, work: Path) -> None:
    chance = random.Random(7)
    write_package(pack_python(work), channel)
    for number in range(max(COUNTS)):
        entries = [
            Entry(path=f"share/filler-{number}/{file}.txt", content=_text(chance, _FILE_BYTES))
            for file in range(_FILES)
        ]
        write_package(
            Package(name=f"filler-{number}", version="1", subdir="noarch", noarch="generic", entries=entries), channel
        )
    blob = Entry(path="share/large.bin", content=_text(chance, 1_000_000) * (_LARGE_BYTES // 1_000_000))
    write_package(Package(name="large", version="1", subdir="noarch", noarch="generic", entries=[blob]), channel)
    index_channel(channel)


def _text(chance: random.Random, size: int) -> bytes:
    """Bytes that compress about as well as source code."""
    words = [chance.randbytes(3).hex() for _ in range(200)]
    return " ".join(chance.choices(words, k=size // 7)).encode()


def _measure(own: Side, channel_url: str, names: list[str], rounds: int) -> dict[str, Any]:
    records = solve(channel_url, ["python", *names])
    workspace = own.write_workspace(f"scaling-{names[0]}-{len(names)}", channel_url, records, layout='"embedded"')
    run([str(own.cs), "build", "-q"], own.environment(own.directory / "builder-home"), workspace)
    usages = [own.first_run(runtime_of(workspace)) for _ in range(rounds)]
    best = min(usages, key=lambda usage: usage.processor_s)
    peak = max(usage.peak_mb for usage in usages)
    return {"packages": len(names), "wall_s": best.wall_s, "processor_s": best.processor_s, "peak_mb": peak}
