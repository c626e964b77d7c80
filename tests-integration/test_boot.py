"""What CI boots on each system boots here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.tested_platform import IS_FOREIGN, PLATFORM, find_template

SMOKE = Path(__file__).parents[1] / "tools" / "smoke.py"


def test_a_runtime_of_each_layout_boots() -> None:
    command = [sys.executable, str(SMOKE), "--platform", PLATFORM, "--template", str(find_template())]
    command += ["--run", "wine64"] if IS_FOREIGN and PLATFORM.startswith("win-") else []
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [f"{PLATFORM}: {name} works" for name in ("online", "external", "embedded")]
