"""The architecture page says where everything is."""

from __future__ import annotations

import re
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src" / "cs_cli"
PAGE = Path(__file__).parents[3] / "docs" / "development" / "architecture.md"
NOT_LISTED = {"__init__.py", "__main__.py"}


def test_every_module_is_in_the_table() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("### Inside `cs_cli`")[2].partition("\n##")[0]
    listed = set(re.findall(r"`([a-z_/]+\.py)`", section))
    # The folder of commands has a row as a whole: each module is named after its command.
    commands = set(SOURCES.glob("commands/*.py"))
    modules = {path for path in SOURCES.rglob("*.py") if path.name not in NOT_LISTED} - commands
    assert sorted(str(path) for path in modules if not {path.name, path.relative_to(SOURCES).as_posix()} & listed) == []
    assert sorted(name for name in listed if not any(path.as_posix().endswith(f"/{name}") for path in modules)) == []
