"""Measure what a launch costs: start commands in turns and compare each with the first.

    python measure_launch.py 2000 ~/.conda/demo/bin/python dist/demo -- -c pass

Standard output of the commands is thrown away. The minimum says what the work costs, the median what a user of this
machine waits.
"""

from __future__ import annotations

import os
import statistics
import sys
import time


def measure(command: list[str]) -> float:
    """Start a command, wait for its end, and return the microseconds between.

    :raises SystemExit: if it fails.
    """
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    begin = time.perf_counter_ns()
    process = os.posix_spawn(command[0], command, os.environ, file_actions=quiet)
    _, status = os.waitpid(process, 0)
    elapsed = time.perf_counter_ns() - begin
    if status != 0:
        raise SystemExit(f"{command[0]} failed: wait status {status}")
    return elapsed / 1000


def main(words: list[str]) -> None:
    """Measure in turns, so that a busy moment of the machine hits every command."""
    separator = words.index("--") if "--" in words else len(words)
    programs, arguments = words[1:separator], words[separator + 1 :]
    times: dict[str, list[float]] = {program: [] for program in programs}
    for _ in range(int(words[0])):
        for program in times:
            times[program].append(measure([program, *arguments]))
    direct = times[programs[0]]
    print(f"{'microseconds':<50} {'minimum':>9} {'median':>9} {'more':>9} {'more':>9}")
    for program, elapsed in times.items():
        values = (min(elapsed), statistics.median(elapsed))
        more = (values[0] - min(direct), values[1] - statistics.median(direct))
        print(f"{program[-50:]:<50}" + "".join(f" {value:9.0f}" for value in (*values, *more)))


if __name__ == "__main__":
    main(sys.argv[1:])
