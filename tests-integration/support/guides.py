"""Follow a guide, as a reader does: write its files, run its commands, and compare what these print."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .commands import SCRIPTS, Home, run_command
from .pages import find_commands, find_files, read_page
from .tested_platform import PLATFORM


def write_files(page: str, directory: Path, replaced: Mapping[str, str] | None = None) -> None:
    """Write the files that a page shows with their names.

    :param page: its path in ``docs``.
    :param directory: where a reader would be, and home too: ``~/x`` is written to ``x``.
    :param replaced: what is different here, such as the address of a server.
    """
    for name, text in find_files(read_page(page)):
        path = directory / name.removeprefix("~/")
        path.parent.mkdir(parents=True, exist_ok=True)
        for there, here in {"linux-64": PLATFORM, **(replaced or {})}.items():
            text = text.replace(there, here)
        path.write_text(text, encoding="utf-8")


def follow(page: str, directory: Path, home: Home, cache: Path, **variables: str) -> list[str]:
    """Run the commands of a page, one after the other; each must succeed and print what the page shows.

    :param page: its path in ``docs``.
    :param directory: where a reader would be.
    :param cache: the package cache of ``cs``.
    :returns: the commands.
    """
    environment = {
        **{name: value for name, value in os.environ.items() if name.startswith("CONDA_SHIP_TEMPLATE")},
        **home.environment,
        "PATH": f"{SCRIPTS}:{os.environ['PATH']}",
        "CONDA_SHIP_CACHE_DIR": str(cache),
        **variables,
    }
    commands = []
    for shown in find_commands(read_page(page).replace("linux-64", PLATFORM)):
        done = run_command(["bash", "-o", "pipefail", "-c", shown.command], cwd=directory, env=environment)
        assert done.returncode == 0, f"{shown.command}\n{done.stdout}{done.stderr}"
        assert shown.matches(done.stdout), f"{shown.command}\nshown:\n{shown.output}\nprinted:\n{done.stdout}"
        commands.append(shown.command)
    return commands
