"""Run a command in a small process of its own and write down what it took.

The kernel counts the memory of the process that starts a command among the command's own peak; the benchmark is
large. This script is small: ``python -I account.py REPORT COMMAND...``.
"""

import json
import os
import sys
import time


def main() -> None:
    """Run ``COMMAND`` and write wall seconds, processor seconds, peak KiB and exit status to ``REPORT``."""
    report, *command = sys.argv[1:]
    started = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(process, 0)
    wall = time.perf_counter() - started
    values = [wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(status)]
    with open(report, "w") as file:  # noqa: PTH123 - pathlib takes longer to import than some commands to run
        json.dump(values, file)


main()
