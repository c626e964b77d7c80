"""``docs/explanation/performance.md``: the last measurement, its machine, and what the figures mean."""

from __future__ import annotations

from typing import Any

from pictures.benchmark import read_rows

from .table import render_table

_PAGE = """# Performance

Measured on {date} with `nox -s bench -- --docs`, which writes this page.

![First and later runs of cs and conda-ship 0.11.1, compared](../pictures/benchmark.svg)

{summary}

Measured with {packages} packages, {packed_mb} MB packed. Each figure is the median of {rounds} pairs of runs, taken in
turns on one machine, in one session. First runs start with an empty page cache.

<details markdown>
<summary>Every figure, with ranges and machine</summary>

```text
{table}
```

The ratio is the median of the pairs' own ratios, followed by the least and the largest. A limit is what this project
allows itself: the median ratio must not exceed it.
Processor time is the user and system time of the process and its children. Unlike wall time, it does not depend on
how busy the host is.
`later run` is the median of {rounds} medians of 200 starts each, minus starting the delegate directly.

</details>

## Where a first run's time goes

The floor is decoding the archives, hashing them once, and the kernel's work of creating and writing the files. On the
large channel (2 threads, `perf record`, in memory): zstd 47 %, the kernel 39 %, SHA-256 4 %, everything else 10 %.

- Archives are read in place, out of the executable or the bundle, and verified before a byte is decoded.
- Files are written once, at their final place in the staging directory, with the final prefix already in them.
- Two to four threads, the largest archives first, so that all end together. Memory is bounded by their buffers.
- There is no package cache and no second copy: after a first run there is the prefix, and nothing else.
- Nothing is compiled by default: Python compiles what it imports when it first does. `bytecode = "shipped"` brings
  compiled modules along for some more megabytes; `"bootstrap"` compiles everything on the user's machine, which is
  what conda-ship 0.11.1 always does.

A later run does none of this: [launch](launch.md) says where its microseconds go.

## Wheels, compared with uv

`nox -s bench` also installs wheels of the package index, in a runtime and with `uv pip install --link-mode copy`.
uv has a warm cache: it copies files that it has unpacked before. A runtime has no cache, and unpacks the archives each
time.

On 26 November 2026, on the machine above, 5 pairs with the release template, median processor time:

| wheels | runtime | uv 0.13.9 | ratio |
|---|---|---|---|
| 64 small ones, 15 MB packed | 0.20 s | 0.34 s | 0.57 |
| 90, 181 MB packed, 558 MB unpacked | 1.60 s | 1.08 s | 1.50 |

Another 3 pairs on a busy machine gave ratios of 0.52 to 0.56, and of 1.34 to 1.48. Small wheels cost less than with uv;
large ones cost more, because inflating them takes 0.85 s, which uv has done before. Both cost the same near 130 MB
unpacked.

## Measure it yourself

<!-- not run: it measures for a quarter of an hour -->
```console
$ nox -s bench -- --rounds 5 --json report.json --svg chart.svg
```

This needs a [clone of the repository](../installation.md#from-source). It builds the large channel
({packages} packages, {packed_mb} MB packed), and installs conda-ship 0.11.1 from the package index into a separate
environment. It measures on a fresh loop-mounted ext4 image as root, else where `--dir` says.
Expect a quarter of an hour.
"""


_ROWS = {
    "first run, packages in the file": ("first run, embedded, s, wall", "s"),
    "first run, packages downloaded": ("first run, online, s, wall", "s"),
    "first run, with compiled modules": ("first run, bytecode shipped, s, wall", "s"),
    "every later run adds": ("later run over the delegate alone, ms", "ms"),
    "build, nothing downloaded yet": ("cs build, cold, s, wall", "s"),
    "build, packages in the cache": ("cs build, packages cached, s, wall", "s"),
}
"""The rows that answer a reader: their name, and the row of the table with its unit."""


def summarise(table: str, peer: str) -> str:
    """Render the figures that matter most as a table of Markdown.

    :param table: as :func:`render_table` gives it.
    :param peer: the tool that cs is compared with.
    """
    lines = [f"| | cs | {peer} |", "|---|---|---|"]
    found = read_rows(table, {what: name for name, (what, _) in _ROWS.items()})
    for row in found:
        unit = _ROWS[row.label][1]
        lines.append(f"| {row.label} | {row.own} {unit} | {row.other} {unit} |")
    return "\n".join(lines)


def render_page(report: dict[str, Any]) -> str:
    """Render the page from a report."""
    machine, table = report["machine"], render_table(report)
    return _PAGE.format(
        date=machine["date"],
        summary=summarise(table, machine["peer"]),
        table=table,
        rounds=report["pairs"][0]["rounds"],
        packages=machine["packages"],
        packed_mb=machine["packed_mb"],
    )
