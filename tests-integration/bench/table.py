"""The report as one table."""

from __future__ import annotations

from typing import Any

from .wheels import render_wheels

MEMORY_LIMIT_MB = 64
TEMPLATE_LIMIT_BYTES = 6_000_000


def render_table(report: dict[str, Any]) -> str:
    """Render the table of ``docs/explanation/performance.md``: medians of both, ratio, spread, limit."""
    machine = report["machine"]
    lines = [
        f"{machine['packages']} packages, {machine['packed_mb']} MB packed; cs compared with {machine['peer']}",
        f"{machine['processor']}; {machine['system']}; on {machine['disk']}; {machine['date']}",
        "",
        f"{'what':<38}{'cs':>10}{'0.11.1':>10}{'ratio':>8}{'(least - largest)':>20}{'limit':>8}",
    ]
    for pairs in report["pairs"]:
        lines.append(_pair_line(pairs, "wall_s", "s, wall", pairs["limit"]))
        limit = pairs["limit"] if pairs["name"] == "first run, embedded" else None
        lines.append(_pair_line(pairs, "processor_s", "s, processor", limit))
    lines.append(_later_line(report["later"]))
    lines += _absolute_lines(report)
    lines += render_wheels(report["wheels"])
    return "\n".join(lines)


def _pair_line(pairs: dict[str, Any], unit: str, label: str, limit: float | None) -> str:
    values = pairs[unit]
    return _line(
        f"{pairs['name']}, {label}",
        f"{values['cs']['median']:.2f}",
        f"{values['0.11.1']['median']:.2f}",
        values["ratio"],
        limit,
    )


def _later_line(later: dict[str, Any]) -> str:
    own, peer = (f"{later[side]['median'] * 1000:.3f}" for side in ("cs", "0.11.1"))
    return _line("later run over the delegate alone, ms", own, peer, later["ratio"], later["limit"])


def _line(name: str, own: str, peer: str, ratio: dict[str, float], limit: float | None) -> str:
    between = f"({ratio['least']:.3f} - {ratio['largest']:.3f})"
    allowed = "" if limit is None else f"{limit:.2f} {'ok' if ratio['median'] <= limit else 'MISSED'}"
    return f"{name:<38}{own:>10}{peer:>10}{ratio['median']:>8.3f}{between:>20}{allowed:>12}"


def _absolute_lines(report: dict[str, Any]) -> list[str]:
    first_runs = [pair for pair in report["pairs"] if pair["name"].startswith("first run")]
    peak = max(pair["peak_mb"]["cs"]["largest"] for pair in first_runs)
    rows: list[tuple[str, Any, float]] = [("peak memory of a first run, MB", peak, MEMORY_LIMIT_MB)]
    rows.append(("template, MB", report["template_bytes"] / 1e6, TEMPLATE_LIMIT_BYTES / 1e6))
    rows += [
        (f"cs inspect, {count} packages, s", result["wall_s"]["median"], result["limit_s"])
        for count, result in report["inspect"].items()
    ]
    lines = [
        f"{name:<38}{value:>10.3f}{'limit':>18} {limit:g} {'ok' if value <= limit else 'MISSED'}"
        for name, value, limit in rows
    ]
    for name, disk in report["disk"].items():
        left = {
            side: f"{values[0] / 1e6:.0f} MB prefix, {values[1] / 1e6:.1f} MB elsewhere"
            for side, values in disk.items()
        }
        lines.append(f"disk after {name}: cs {left['cs']}; 0.11.1 {left['0.11.1']}")
    lines += ["", "scaling, embedded first run"]
    for point in report["scaling"]:
        note = point.get("note", f"{point['packages']} packages")
        usage = f"{point['wall_s']:>8.2f} s wall{point['processor_s']:>8.2f} s processor{point['peak_mb']:>8.1f} MB"
        lines.append(f"  {note:<36}{usage}")
    return lines
