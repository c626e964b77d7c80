"""The platform whose runtimes the tests build and run: this machine's, or one whose programs run here by other means.

``nox -s foreign`` sets ``CONDA_SHIP_TESTED_PLATFORM``, and ``CONDA_SHIP_FOREIGN_TEMPLATE_SUBDIR`` for each platform.
Delegates are still scripts and programs of this machine: what is tested is the runtime.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from skipped import PLACES

from cs_cli.project.platforms import host_platform

FOREIGN_PLATFORMS = ("linux-aarch64", "win-64")
"""Those that may run here too."""

HOST = host_platform()
PLATFORM = os.environ.get("CONDA_SHIP_TESTED_PLATFORM") or HOST
IS_FOREIGN = PLATFORM != HOST
FOR_THIS_MACHINE = "for this machine"
PLACES[FOR_THIS_MACHINE] = not IS_FOREIGN


def _variable_of(platform: str) -> str:
    return f"CONDA_SHIP_FOREIGN_TEMPLATE_{platform.replace('-', '_').upper()}"


SETTINGS = ("CONDA_SHIP_TEMPLATE", "CONDA_SHIP_TESTED_PLATFORM", *map(_variable_of, FOREIGN_PLATFORMS))
"""The variables that are settings of these tests."""


def name_program(name: str, platform: str = PLATFORM) -> str:
    """Return the file name of a program."""
    return f"{name}.exe" if platform.startswith("win-") else name


def find_template(platform: str = PLATFORM) -> Path | None:
    """Return the template for a platform: for this machine's, what is installed; for others, what a variable names."""
    if platform == HOST:
        return Path(
            os.environ.get("CONDA_SHIP_TEMPLATE") or Path(sys.executable).with_name(name_program("cs-template", HOST))
        )
    named = os.environ.get(_variable_of(platform))
    return Path(named) if named else None


def options_of_cs(command: str) -> tuple[str, ...]:
    """Return what a command of ``cs`` needs to know if the platform is not this machine's."""
    if not IS_FOREIGN or command not in ("build", "inspect"):
        return ()
    template = find_template()
    assert template is not None, f"no variable names a template for {PLATFORM}"
    return ("--platform", PLATFORM, *(("--template", str(template)) if command == "build" else ()))
