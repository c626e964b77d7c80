"""Kill the commands that work on a prefix right before and right after each step that others can see.

With as many ``--kills`` as there are steps, all of them; with fewer, some of them, which ones follows from ``--seed``.
"""

from __future__ import annotations

import shutil

import pytest

from support.commands import Home
from support.inspection import assert_complete, find_faults, list_names, read_marker
from support.walker import Walker
from support.workshop import Workshop

pytestmark = pytest.mark.only("on Linux on x86-64")

WALK_LENGTH = 4


@pytest.fixture
def walker(home: Home, plain_workshop: Workshop, kills: int, seed: int) -> Walker:
    """A home to kill commands in."""
    return Walker(home, plain_workshop, kills, seed)


def test_a_first_run_killed_at_each_step(walker: Walker) -> None:
    for _ in walker.kill_everywhere(lambda: None, walker.old, "word"):
        assert not walker.prefix.exists() or find_faults(walker.prefix, packages=2) == []
        walker.run(walker.old, "word")
        assert list_names(walker.prefix.parent) == ["demo"]
        walker.assert_prefix_complete()


def test_an_upgrade_killed_at_each_step(walker: Walker) -> None:
    for _ in walker.kill_everywhere(walker.install_old, walker.new, "word"):
        walker.assert_prefix_complete()
        assert len(walker.find_environment()) == 1
        walker.run(walker.new, "word")
        walker.assert_settled(".demo.previous")
        assert read_marker(walker.prefix)["runtime_version"] == "2.0"
        assert read_marker(walker.previous)["runtime_version"] == "1.0"


def test_an_upgrade_killed_at_each_step_and_given_up(walker: Walker) -> None:
    for _ in walker.kill_everywhere(walker.install_old, walker.new, "word"):
        walker.run(walker.old, "bootstrap")
        assert read_marker(walker.prefix)["runtime_version"] == "1.0"
        walker.assert_settled(*set(list_names(walker.prefix.parent)) & {".demo.previous"})


def test_a_rollback_killed_at_each_step(walker: Walker) -> None:
    for _ in walker.kill_everywhere(walker.install_both, walker.new, "rollback"):
        walker.assert_prefix_complete()
        assert len(walker.find_environment()) == 1
        walker.run(walker.new, "word")
        walker.assert_settled(".demo.previous")
        assert_complete(walker.previous, packages=2)


def test_a_forced_bootstrap_killed_at_each_step(walker: Walker) -> None:
    for _ in walker.kill_everywhere(walker.install_old, walker.old, "bootstrap", "--force"):
        walker.assert_prefix_complete()
        walker.run(walker.old, "word")
        walker.assert_settled()


def test_an_uninstall_killed_at_each_step(walker: Walker) -> None:
    for _ in walker.kill_everywhere(walker.install_both, walker.new, "uninstall", "-y"):
        assert not walker.prefix.exists() or find_faults(walker.prefix, packages=2) == []
        walker.run(walker.new, "uninstall", "-y")
        assert list_names(walker.home.directory) == []


def test_recoveries_that_are_killed_too(walker: Walker) -> None:
    commands = [
        (walker.new, "word"),
        (walker.old, "bootstrap"),
        (walker.new, "rollback"),
        (walker.old, "bootstrap", "--force"),
        (walker.new, "bootstrap", "--force"),
    ]
    for _ in range(walker.kills):
        shutil.rmtree(walker.home.directory / ".conda", ignore_errors=True)
        walker.install_old()
        for _ in range(WALK_LENGTH):
            step = (walker.randomness.randrange(40), walker.randomness.random() < 0.5)
            walker.kill(walker.randomness.choice(commands), step)
            walker.assert_prefix_complete()
            assert len(walker.find_environment()) == 1
        walker.run(walker.new, "bootstrap")
        walker.assert_settled(*set(list_names(walker.prefix.parent)) & {".demo.previous"})
