"""Run Windows runtimes, on Windows itself or with wine, and build them from a channel of packages for Windows."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skipped import PLACES
from steady import skip_elsewhere

from .channel.archive import PLACEHOLDER, Entry, Package, write_package
from .channel.build import index_channel
from .commands import Command, run_command
from .terminal import Dialogue
from .workshop import Workshop, open_workshop

PROGRAM = Path(__file__).with_name("windows_programs.c")
OLD_CONSOLE = Path(__file__).with_name("old_console.c")
COMPILER = "x86_64-w64-mingw32-gcc"
BULK_FILES = 60

ARGUMENTS = (
    "plain", "two words", 'a "quoted" word', "back\\slash\\", 'both\\"', "", "%PATH%", "^&|<>", "ünïcode 名",
    "--path=x", "'single'", "tab\there",
)  # fmt: skip
"""What is hard to hand on."""

CTRL_C = "\x03"

# Says where it ran, in three of the forms that programs write a path in, and waits for what LINK_WAITS_FOR names.
POST_LINK = rb"""@echo off
echo native=%PREFIX%>"%PREFIX%\post-link.txt"
echo slashes=%PREFIX:\=/%>>"%PREFIX%\post-link.txt"
echo escaped=%PREFIX:\=\\%>>"%PREFIX%\post-link.txt"
if defined LINK_WAITS_FOR set TOOL_WAITS_FOR=%LINK_WAITS_FOR%
if defined LINK_STARTED set TOOL_STARTED=%LINK_STARTED%
"%PREFIX%\Library\bin\tool.exe"
exit /b 0
"""
BATCH = b"@echo off\r\necho first=%~1\r\necho second=%~2\r\nexit /b 9\r\n"
HOOK = b"@set HOOKED=yes\r\n@echo noise\r\n"


IS_WINDOWS = sys.platform == "win32"
"""Whether this machine runs Windows itself. Then nothing stands between a test and the runtime."""
UNDER_WINE = "under wine"
PLACES[UNDER_WINE] = not IS_WINDOWS

_INHERITED = {
    True: ("SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATHEXT", "PATH", "TEMP", "TMP", "USERPROFILE", "LOCALAPPDATA"),
    False: ("HOME", "PATH", "LD_LIBRARY_PATH", "DISPLAY", "LC_ALL"),
}
"""Variables that a program needs, on Windows and under wine."""


def find_starter() -> tuple[str, ...] | None:
    """Return the words that start a Windows program: none on Windows, wine elsewhere, or None without it.

    ``nox -s foreign`` puts wine on the path.
    """
    if IS_WINDOWS:
        return ()
    wine = os.environ.get("CONDA_SHIP_WINE") or shutil.which("wine64")
    return (wine,) if wine else None


def spell(path: Path) -> str:
    """Return a path of this machine as Windows programs name it."""
    return str(path.absolute()) if IS_WINDOWS else "Z:" + str(path.absolute()).replace("/", "\\")


@dataclass
class WindowsHome:
    """A user of Windows, whose prefix is in a folder of this machine.

    :param starter: the words that start a program of this user.
    """

    directory: Path
    starter: tuple[str, ...]
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def prefix(self) -> Path:
        """Where the runtime ``demo`` installs for this user."""
        return self.directory / "demo"

    @property
    def staging(self) -> Path:
        """Where it is built."""
        return self.directory / ".demo.staging"

    @property
    def environment(self) -> dict[str, str]:
        """The variables of this user, and those of wine."""
        kept = _INHERITED[IS_WINDOWS]
        inherited = {name: value for name, value in os.environ.items() if name in kept or name.startswith("WINE")}
        return {**inherited, "DEMO_PREFIX": spell(self.prefix), **self.extra}

    def spell(self, path: Path) -> str:
        """Return a path as programs of this user name it."""
        return spell(path)

    def show(self, path: Path) -> str:
        """Return a path as programs tell it to this user: in full, as no shell of Windows knows another home."""
        return spell(path)

    def run(self, executable: Path, *words: str, **options: Any) -> Command:
        """Run a Windows program to its end. wine gives its status modulo 256."""
        settings: dict[str, Any] = {"env": self.environment, "cwd": self.directory, "stdin": None, "input": ""}
        return run_command([*self.starter, executable, *words], **{**settings, **options}, encoding="utf-8")

    def open_console(self, executable: Path, *words: str) -> Dialogue:
        """Start a Windows program at a console, which wine makes of a terminal."""
        skip_elsewhere(UNDER_WINE, "it makes a console of a terminal")
        command: list[str | Path] = [*self.starter, executable, *words]
        return Dialogue(command, has_keys=True, is_console=True, env=self.environment, cwd=self.directory)

    def start(self, executable: Path, *words: str, **extra: str) -> subprocess.Popen[str]:
        """Start a Windows program. It is this process's own child: to kill that is to kill it.

        :param extra: more variables.
        """
        return subprocess.Popen(
            [*self.starter, str(executable), *words],
            env={**self.environment, **extra},
            cwd=self.directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )


def compile_program(source: Path, program: Path, *flags: str) -> Path:
    """Compile a program for Windows."""
    subprocess.run([COMPILER, "-O1", "-s", "-o", str(program), str(source), *flags], check=True)
    return program


def write_windows_channel(channel: Path, program: Path) -> Path:
    """Write packages for Windows: ``tool`` with its dependency ``bulk``; ``batch``, a script; ``hooks``, activated.

    :param program: the executable that is the delegate.
    """
    packages = (
        Package(name="tool", version="1.0", subdir="win-64", depends=["bulk"], entries=_list_tool(program)),
        Package(name="bulk", version="1.0", subdir="win-64", entries=_list_bulk()),
        Package(
            name="batch",
            version="1.0",
            subdir="win-64",
            entries=[Entry(path="Scripts/batch.bat", content=BATCH, executable=True), Entry(path="Scripts/batch")],
        ),
        Package(
            name="hooks",
            version="1.0",
            subdir="win-64",
            entries=[Entry(path="etc/conda/activate.d/a hook.bat", content=HOOK)],
        ),
        *_list_refused(),
    )
    for package in packages:
        write_package(package, channel)
    (channel / "noarch").mkdir(exist_ok=True)
    index_channel(channel)
    return channel


REFUSED = {
    "device": "share/aux.txt",
    "dot": "share/a.",
    "question": "share/what?.txt",
    "stream": "share/file.txt:stream",
    "upward": "..\\up.txt",
}
"""Packages with a name that Windows cannot hold, and that name."""


def _list_refused() -> list[Package]:
    return [
        Package(name=name, version="1.0", subdir="win-64", entries=[Entry(path=path, content=b"x\n")])
        for name, path in REFUSED.items()
    ]


def _list_tool(program: Path) -> list[Entry]:
    deep = "/".join(f"a-long-name-of-a-folder-{number:02}" for number in range(12))
    return [
        Entry(path="Library/bin/tool.exe", content=program, executable=True),
        Entry(path="Scripts/.tool-post-link.bat", content=POST_LINK),
        Entry(path="etc/prefix.txt", content=f"prefix={PLACEHOLDER}\n".encode(), file_mode="text"),
        Entry(path="share/ünïcode 名.txt", content=b"hi\n"),
        Entry(path=f"share/{deep}/deep.txt", content=b"deep\n"),
    ]


def _list_bulk() -> list[Entry]:
    return [Entry(path=f"share/bulk/{number}.txt", content=f"{number}\n".encode()) for number in range(BULK_FILES)]


@contextlib.contextmanager
def open_windows_workshop(directory: Path, cache: Path) -> Iterator[Workshop]:
    """Write and serve the channel, and build runtimes from it."""
    directory.mkdir()
    channel = write_windows_channel(
        directory / "channel", compile_program(PROGRAM, directory / "tool.exe", "-municode")
    )
    names = ("tool", "batch", "hooks", *REFUSED)
    with open_workshop(channel, *names, directory=directory / "workshop", cache=cache) as workshop:
        yield workshop
