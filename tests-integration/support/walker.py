"""Kill commands of two builds of a runtime right before and right after chosen system calls, in one home."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from .commands import Home
from .inspection import assert_complete, list_names
from .processes import assert_no_process_in
from .tracing import start_traced
from .workshop import Workshop

MANY_OF_A_KIND = {"mkdirat", "symlinkat", "linkat", "unlinkat"}
"""Made for every folder and link of every package: a few of them stand for all."""
FEW = 2

Step = tuple[int, bool]
"""Number of a system call, and whether the kill comes after it."""


class Walker:
    """Kills commands of two builds of a runtime at chosen steps, in one home.

    :param kills: how often to kill each command.
    """

    def __init__(self, home: Home, plain_workshop: Workshop, kills: int, seed: int) -> None:
        self.home, self.kills = home, kills
        self.old, self.new = plain_workshop.build(version="1.0"), plain_workshop.build(version="2.0")
        self.randomness = random.Random(seed)
        self.prefix = home.prefix
        self.previous = home.prefix.with_name(".demo.previous")
        self.precious = Path("envs", "mine", "precious.txt")

    def run(self, *command: str | Path) -> None:
        completed = self.home.run(*command)
        assert completed.returncode == 0, completed.stderr

    def add_environment(self) -> None:
        environment = (self.prefix / self.precious).parent
        (environment / "conda-meta").mkdir(parents=True)
        (environment / "conda-meta" / "history").write_text("")
        (self.prefix / self.precious).write_text("mine")

    def list_steps(self, command: Sequence[str | Path]) -> list[Step]:
        """Run the command to its end and list the steps at which it can be killed."""
        traced = start_traced(command, self.home)
        for _ in traced.stops():
            pass
        assert traced.status == 0
        numbers: list[int] = []
        for kind in set(traced.seen):
            of_kind = [number for number, name in enumerate(traced.seen) if name == kind]
            is_sampled = kind in MANY_OF_A_KIND and len(of_kind) > FEW
            numbers += self.randomness.sample(of_kind, FEW) if is_sampled else of_kind
        return [(number, is_after) for number in sorted(numbers) for is_after in (False, True)]

    def kill(self, command: Sequence[str | Path], step: Step) -> None:
        """Run the command up to a step, and kill it there."""
        traced = start_traced(command, self.home)
        for stop in traced.stops():
            if stop == step:
                print(
                    f"killed {command[1:]} {'after' if step[1] else 'before'} {traced.seen[step[0]]} (call {step[0]})"
                )
                traced.kill()
                break
        assert_no_process_in(self.home.directory)

    def kill_everywhere(self, prepare: Callable[[], object], *command: str | Path) -> Iterator[Step]:
        """Kill the command at each step that is wanted, prepared anew each time; the caller looks at what is left."""
        prepare()
        steps = self.list_steps(command)
        for step in sorted(self.randomness.sample(steps, min(self.kills, len(steps)))):
            shutil.rmtree(self.home.directory / ".conda", ignore_errors=True)
            prepare()
            self.kill(command, step)
            yield step

    def assert_prefix_complete(self) -> None:
        assert_complete(self.prefix, packages=2)

    def assert_settled(self, *beside: str) -> None:
        """All is as it was after an undisturbed run, the named environment included."""
        assert list_names(self.prefix.parent) == sorted({"demo", *beside})
        assert (self.prefix / ".demo.json").read_bytes().startswith(b"{"), "the marker is not settled"
        assert (self.prefix / self.precious).read_text() == "mine"
        self.assert_prefix_complete()

    def find_environment(self) -> list[Path]:
        """Every place where the named environment is."""
        staging = self.prefix.with_name(".demo.staging")
        return [place for place in (self.prefix, self.previous, staging) if (place / self.precious).exists()]

    def install_old(self) -> None:
        self.run(self.old, "word")
        self.add_environment()

    def install_both(self) -> None:
        self.install_old()
        self.run(self.new, "word")
