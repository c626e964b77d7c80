"""The demo that a newcomer runs first."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.commands import SCRIPTS, run_command
from support.tested_platform import FOR_THIS_MACHINE

ROOT = Path(__file__).parents[1]


@pytest.mark.only("on Linux", "elsewhere both are the same")
@pytest.mark.only(FOR_THIS_MACHINE, "the demo is for the machine that it runs on")
@pytest.mark.parametrize(("flags", "said"), [((), "| hello |"), (("--scripts",), "Nobody had to install it, world.")])
def test_the_demo_shows_two_runs_and_what_they_took(flags: tuple[str, ...], said: str, tmp_path: Path) -> None:
    environment = {
        "HOME": str(tmp_path),
        "PATH": f"{SCRIPTS}:/usr/bin:/bin",
        "PYTHONPATH": f"{ROOT / 'tools'}",
    }
    done = run_command([sys.executable, ROOT / "tests-integration" / "demo.py", *flags], cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(said) == 2
    assert "state       installed" in done.stdout
    *_, first, second = done.stdout.splitlines()
    assert first.startswith("first run ")
    assert second.startswith("second run ")
