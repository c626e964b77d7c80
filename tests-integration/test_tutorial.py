"""The tutorial, as a reader follows it: its files, its commands, its output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.channel.index import PypiEntry, index_settings, lock_index
from support.channel.locks import Environments, write_lock
from support.commands import Command, Home
from support.pages import find_commands, find_files, read_page
from support.servers import Server
from support.tested_platform import FOR_THIS_MACHINE, PLATFORM

pytestmark = pytest.mark.only(FOR_THIS_MACHINE, "projects are built in its Python")


def test_the_tutorial_ends_with_a_tool_that_runs(
    tmp_path: Path,
    channel: Server,
    channel_directory: Path,
    records: list[dict[str, Any]],
    cs: Callable[..., Command],
    home: Home,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = read_page("tutorials/first-runtime.md")
    for name, text in find_files(page):
        path = tmp_path / "weather" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("linux-64", PLATFORM), encoding="utf-8")
    for name, value in index_settings(channel.url).items():
        monkeypatch.setenv(name, value)
    python = [record for record in records if record["name"] == "python"]
    own = PypiEntry(location=".", name="weather-tool", requires_dist=("click",))
    solved: Environments = {"ship": {PLATFORM: [*python, *lock_index(channel_directory, channel.url, ["click"]), own]}}
    write_lock(tmp_path / "weather" / "pixi.lock", solved, channel_url=channel.url, version="pixi-7")
    commands = {one.command: one.output for one in find_commands(page)}
    shown = cs("inspect", cwd=tmp_path / "weather").stdout
    assert "will be built: weather-tool (.)" in shown
    assert "The delegate on" in shown
    built = cs("build", cwd=tmp_path / "weather")
    assert built.stdout == commands["cs build"]
    (run,) = (command for command in commands if command.startswith("dist/weatherz "))
    program, *words = run.split()
    completed = home.run(tmp_path / "weather" / program, *words)
    assert completed.stdout == commands[run], completed.stderr
