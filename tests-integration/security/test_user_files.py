"""Files that users put into a prefix without a package are named before they are removed, whatever the command.

The law: no command deletes such a file that was not named on the terminal before, by that command or the one that put
the prefix aside; and what programs leave by merely running does not prevent an upgrade.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.commands import Command, Home
from support.inspection import list_names, read_marker
from support.terminal import Dialogue
from support.workshop import Workshop

FILES = {
    "an R library": ("lib/R/library/foo/DESCRIPTION", "lib/"),
    "a module of node": ("lib/node_modules/foo/package.json", "lib/"),
    "a kernel": ("share/jupyter/kernels/mine/kernel.json", "share/jupyter/"),
    "a database": ("share/bulk/mine.sqlite", "share/bulk/mine.sqlite"),
    "a script": ("bin/mine", "bin/mine"),
    "a file at the top": ("thesis.tex", "thesis.tex"),
}
BYPRODUCTS = ["bin/__pycache__/a.cpython-311.pyc", "var/cache/fontconfig/x", "var/log/x.log", ".nonadmin"]


@dataclass
class Desk:
    """A user with version 1 installed, and newer ones ready."""

    home: Home
    workshop: Workshop

    def run(self, number: int, *words: str) -> Command:
        return self.home.run(self.workshop.build(version=f"{number}.0"), *words)

    def put(self, path: str) -> Path:
        file = self.home.prefix / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("mine")
        return file

    @property
    def previous(self) -> Path:
        return self.home.prefix.with_name(".demo.previous")

    @property
    def version(self) -> str:
        return str(read_marker(self.home.prefix)["runtime_version"])


@pytest.fixture
def desk(home: Home, plain_workshop: Workshop) -> Desk:
    desk = Desk(home, plain_workshop)
    assert desk.run(1, "word").returncode == 0
    return desk


@pytest.mark.parametrize("what", FILES)
def test_a_newer_version_keeps_the_prefix_and_names_the_file(what: str, desk: Desk) -> None:
    path, named = FILES[what]
    file = desk.put(path)
    for words in (("word",), ("bootstrap",)):
        kept = desk.run(2, *words)
        assert kept.returncode == 0
        assert f"you have changed it since it was installed ({named} added without a package)" in kept.stderr
        assert (desk.version, file.read_text()) == ("1.0", "mine")
    assert desk.run(1, "word").stderr == ""


@pytest.mark.parametrize("number", [1, 2])
def test_force_names_it_and_keeps_it_in_the_previous_prefix(number: int, desk: Desk) -> None:
    desk.put("lib/R/library/foo/x")
    forced = desk.run(number, "bootstrap", "--force")
    changed = "which you have changed since it was installed (lib/ added without a package)"
    assert f"replacing demo 1.0, {changed}" in forced.stderr
    assert (desk.previous / "lib/R/library/foo/x").read_text() == "mine"
    assert desk.run(number, "rollback").returncode == 0
    assert (desk.home.prefix / "lib/R/library/foo/x").read_text() == "mine"


def test_no_upgrade_removes_a_previous_prefix_that_has_one(desk: Desk) -> None:
    desk.put("thesis.tex")
    assert desk.run(2, "bootstrap", "--force").returncode == 0
    kept = desk.run(3, "word")
    assert kept.stdout == f"{desk.home.prefix} word\n"
    assert "the previous demo 1.0, which contains your files (thesis.tex)" in kept.stderr
    assert ((desk.previous / "thesis.tex").read_text(), desk.version) == ("mine", "2.0")
    forced = desk.run(3, "bootstrap", "--force")
    previous = desk.home.show(desk.previous)
    assert f"removing the previous demo 1.0, {previous}, with your files in it (thesis.tex)" in forced.stderr
    assert desk.version == "3.0"
    assert not (desk.previous / "thesis.tex").exists()


def test_many_are_named_by_a_few(desk: Desk) -> None:
    for number in range(20):
        desk.put(f"bin/mine-{number:02}")
    kept = desk.run(2, "word")
    assert "(bin/mine-00, bin/mine-01, bin/mine-02 and 17 more added without a package)" in kept.stderr
    assert kept.stderr.count("\n") == 1


def test_status_and_uninstall_show_them(desk: Desk) -> None:
    file = desk.put("share/mine/x")
    status = json.loads(desk.run(1, "status", "--json").stdout)
    assert status["installed"]["files"] == ["share/mine/"]
    assert "share/mine/" in desk.run(2, "status").stdout
    asked = desk.run(1, "uninstall")
    assert asked.returncode == 64
    assert f"  {desk.home.show(desk.home.prefix)}/share/mine/ (added by you, not by a package)\n" in asked.stdout
    assert file.exists()
    assert desk.run(1, "uninstall", "-y").returncode == 0
    assert list_names(desk.home.directory) == []


def test_uninstall_asks_again_when_more_came_while_it_asked(desk: Desk) -> None:
    question = "Remove it? [y/N] "
    late = desk.home.prefix / "late"
    with Dialogue([desk.workshop.build(version="1.0"), "uninstall"], env=desk.home.environment) as dialogue:
        assert desk.home.show(late) not in dialogue.read(until=question)
        late.write_text("mine")
        dialogue.type("y\n")
        second = dialogue.read(until=question)
        assert f"{desk.home.show(late)} was added while waiting for your answer. Nothing was removed." in second
        assert f"  {desk.home.show(late)} (added by you, not by a package)" in second
        dialogue.type("n\n")
    assert late.read_text() == "mine"
    assert desk.run(1, "word").stdout == f"{desk.home.prefix} word\n"


def test_what_programs_and_link_scripts_leave_keeps_nobody_from_upgrading(desk: Desk) -> None:
    for path in BYPRODUCTS:
        desk.put(path)
    (desk.home.prefix / "share" / "started").write_text("a link script wrote this at first")
    assert desk.run(2, "word").returncode == 0
    assert desk.version == "2.0"
