"""Processes that share something wait for one another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from one_at_a_time import one_at_a_time

COUNT = """
import sys
from pathlib import Path
from one_at_a_time import one_at_a_time

counter = Path(sys.argv[1])
for _ in range(200):
    with one_at_a_time(counter.with_suffix(".lock")):
        counter.write_text(str(int(counter.read_text()) + 1))
"""


def test_no_change_is_lost(tmp_path: Path) -> None:
    counter = tmp_path / "counter.txt"
    counter.write_text("0")
    command = [sys.executable, "-c", COUNT, str(counter)]
    processes = [subprocess.Popen(command, cwd=Path(__file__).parent) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert counter.read_text() == "600"


def test_a_lock_is_given_back_after_an_error(tmp_path: Path) -> None:
    for _ in range(2):
        try:
            with one_at_a_time(tmp_path / "lock"):
                raise ValueError
        except ValueError:
            pass
