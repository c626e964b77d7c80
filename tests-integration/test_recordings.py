"""The recordings of the documentation show what the commands print; with ``--record`` they are written anew."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from steady import skip_elsewhere

from support.recording import Recording, draw, list_words, record, to_text
from support.stage import Stage

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"

SHIP = """
[tool.conda-ship]
runtime = "cows"
runtime-version = "1.0"
delegate = "cowpy"
layout = "embedded"
source-environment = "default"
"""

RECORDINGS = (
    Recording(name="terminal-inspect", title="cs inspect in a terminal", commands=["cs inspect"]),
    Recording(name="terminal-build", title="cs build in a terminal", commands=["cs build"]),
    Recording(
        name="terminal-run",
        title="The first run of a runtime, and a later one, in a terminal",
        commands=["dist/cowsz hello", "dist/cowsz again"],
    ),
)


@pytest.fixture
def workspace(stage: Stage) -> Stage:
    """The reader has a workspace with a small program, and nothing in the cache."""
    skip_elsewhere("on Linux on x86-64", "the recordings name this platform")
    stage.pixi.put(stage.programs)
    stage.run("pixi init cows && cd cows && pixi add python cowpy").check_returncode()
    with (stage.directory / "pixi.toml").open("a", encoding="utf-8") as manifest:
        manifest.write(SHIP)
    stage.variables["CONDA_SHIP_CACHE_DIR"] = str(stage.home.directory / "cache")
    return stage


def test_the_recordings_show_what_the_commands_print(workspace: Stage, request: pytest.FixtureRequest) -> None:
    shown = {str(workspace.home.directory): "~", f"{workspace.channel.url}/": "conda-forge"}
    different = {}
    for recording in RECORDINGS:
        lines = record(workspace, recording.commands, shown)
        path = PICTURES / f"{recording.name}.svg"
        if request.config.getoption("record"):
            path.write_text(draw(recording, lines).render(), encoding="utf-8")
        kept = ElementTree.parse(path).findtext("{http://www.w3.org/2000/svg}desc") or ""
        if list_words(kept) != list_words(to_text(lines)):
            different[recording.name] = f"shown:\n{kept}\n\nprinted:\n{to_text(lines)}"
    assert not different, "run nox -s pictures\n\n" + "\n\n".join(different.values())


def test_numbers_may_differ_and_nothing_else() -> None:
    assert list_words("built in 3.2 s\n  (17.5 MB)") == list_words("built in 312\n  ms (1,024 kB)")
    assert list_words("built in 3.2 s") != list_words("built on 3.2 s")
    assert list_words("2 packages") != list_words("2 wheels")
