"""Where tests follow a page: a working directory, a user, and the programs that the reader has."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .commands import SCRIPTS, Command, Home, run_command
from .pages import Block, Shown, find_blocks, find_commands, read_page
from .pixi import Pixi
from .servers import Server
from .tested_platform import PLATFORM

SHOWN_PLATFORM = "linux-64"
"""The platform that pages show; it stands for the tested one."""

SHOWN_CHANNEL = "conda-forge"
"""The channel that pages show; it stands for the one of the tests."""


@dataclass
class Stage:
    """A reader with a page.

    :ivar make_workspace: the fixture.
    :ivar channel: stands for conda-forge.
    :ivar pixi: what pages call ``pixi``.
    :ivar directory: where the reader is.
    :ivar cache: the package cache.
    :ivar programs: a directory on ``PATH`` for what the reader has installed.
    :ivar variables: more variables of the environment.
    :ivar replaced: what is different here in the files that pages show.
    """

    make_workspace: Callable[..., Path]
    channel: Server
    pixi: Pixi
    home: Home
    cache: Path
    directory: Path
    programs: Path
    variables: dict[str, str] = field(default_factory=dict)
    replaced: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Let the channel of the tests be the one that pages show."""
        self.replaced[f'channels = ["{SHOWN_CHANNEL}"]'] = f'channels = ["{self.channel.url}"]'

    @property
    def environment(self) -> dict[str, str]:
        """The variables that commands see."""
        kept = ("CONDA_SHIP_TEMPLATE", "PIP_", "PYTHONPATH")
        return {
            **{name: value for name, value in os.environ.items() if name.startswith(kept)},
            **self.home.environment,
            "PATH": f"{self.programs}:{SCRIPTS}:{os.environ['PATH']}",
            "CONDA_SHIP_CACHE_DIR": str(self.cache),
            **self.variables,
        }

    def go_to(self, directory: Path) -> Path:
        """Put the reader into a directory."""
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        return directory

    def follow(self, page: str) -> list[str]:
        """Write the files of a page and run its commands, from its beginning to its end.

        :param page: its path in the repository.
        :returns: the commands that were run.
        """
        commands: list[str] = []
        for block in find_blocks(read_page(page).replace(SHOWN_PLATFORM, PLATFORM)):
            if block.is_written:
                self._write(block)
            elif block.is_run:
                commands += [self._show(shown, f"{page}:{block.line}") for shown in find_commands(block)]
        return commands

    def run(self, command: str) -> Command:
        """Run a line of shell, with a terminal to read from. ``cd`` lasts, as in the reader's shell."""
        place = self.programs / "where-the-reader-is"
        line = f"trap 'pwd > {place}' EXIT\n{command}"
        with _open_terminal() as terminal:
            words = ["bash", "-o", "pipefail", "-c", line]
            done = run_command(words, stdin=terminal, cwd=self.directory, env=self.environment)
        self.directory = Path(place.read_text(encoding="utf-8").rstrip("\n"))
        return done

    def _write(self, block: Block) -> None:
        """Write a file; ``~`` is the reader's home."""
        path = self.directory / block.title.replace("~", str(self.home.directory))
        text = block.text
        for there, here in self.replaced.items():
            text = text.replace(there, here)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def _show(self, shown: Shown, place: str) -> str:
        """Run a command, which must end and print as the page shows."""
        done = self.run(shown.command)
        printed = [text.replace(f"{self.channel.url}/", SHOWN_CHANNEL) for text in _combine(done)]
        where = f"{place}: {shown.command}"
        assert done.returncode == shown.status, f"{where}\n{done.stdout}{done.stderr}"
        assert any(map(shown.matches, printed)), f"{where}\nshown:\n{shown.output}\nprinted:\n{printed[-1]}"
        return shown.command


@contextlib.contextmanager
def _open_terminal() -> Iterator[int]:
    """Open a terminal at which nobody types."""
    ends = os.openpty()
    try:
        yield ends[1]
    finally:
        for end in ends:
            os.close(end)


def _combine(done: Command) -> Sequence[str]:
    """Return what a page may show of a command: what it printed, without its messages or after them."""
    return (done.stdout, done.stderr + done.stdout)
