"""Show the whole road: a channel, a lock, an embedded runtime, its first run and its second.

It packs the Python of this machine, which works on Linux; elsewhere, or with ``--scripts``, two packages of scripts.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from cs_bundle import format_bytes
from support.channel.archive import PLACEHOLDER, Entry, Package, write_package
from support.channel.build import build_channel, index_channel
from support.channel.solve import solve
from support.servers import serve
from support.tested_platform import PLATFORM
from support.workspaces import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """What is packed and run.

    :ivar specs: what the workspace asks for.
    :ivar words: what the user says to the runtime.
    """

    specs: tuple[str, ...]
    delegate: str
    words: tuple[str, ...]


PYTHON = Show(
    specs=("python", "click", "cowsay", "jinja2", "placeholders"),
    delegate="python",
    words=("-m", "cowsay", "-t", "hello"),
)
SCRIPTS = Show(specs=("say-hello",), delegate="say-hello", words=("world",))


def main() -> None:
    """Build a channel, a lock and an embedded runtime; run it twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scripts", action="store_true", help="pack scripts instead of Python")
    has_scripts = parser.parse_args().scripts or sys.platform != "linux"
    show = SCRIPTS if has_scripts else PYTHON
    with tempfile.TemporaryDirectory(prefix="cs-demo-") as work:
        channel = _build_scripts(Path(work) / "channel") if has_scripts else build_channel("tiny")
        with serve(channel) as server:
            workspace = _write_workspace(Path(work) / "workspace", server.url, show)
            print(f"A workspace, solved: {', '.join(show.specs)} and what they need\n")
            print((workspace / "conda.toml").read_text())
            _step("cs inspect", ["cs", "inspect"], workspace)
            _step("cs build", ["cs", "build"], workspace)
        runtime = workspace / "dist" / "demoz"
        home = Path(work) / "home"
        home.mkdir()
        hello = [str(runtime), *show.words]
        first = _step("The first run installs, then hands over", hello, home, home=home)
        second = _step("The second run starts it directly", hello, home, home=home)
        _step("What is installed where", [str(runtime), "status"], home, home=home)
        _report(runtime, home / ".conda" / "demo", first, second, show.delegate)


def _build_scripts(channel: Path) -> Path:
    """Build a channel of two packages that every Unix can run, one of which has the path of its prefix in it."""
    script = f'#!/bin/sh\ncat "{PLACEHOLDER}/share/greetings/hello.txt"\necho "Nobody had to install it, $1."\n'
    say = Entry(path="bin/say-hello", content=script.encode(), executable=True, file_mode="text")
    greeting = Entry(path="share/greetings/hello.txt", content=b"Hello from a conda package.\n")
    (channel / "noarch").mkdir(parents=True)
    write_package(Package(name="say-hello", version="1.0", entries=[say], depends=["greetings"]), channel)
    write_package(Package(name="greetings", version="2.1", entries=[greeting]), channel)
    index_channel(channel)
    return channel


def _write_workspace(directory: Path, channel_url: str, show: Show) -> Path:
    ship = {"runtime": "demo", "runtime-version": "1.0", "delegate": show.delegate, "layout": "embedded"}
    values = {key: f'"{value}"' for key, value in ship.items()}
    workspace = Workspace(directory=directory, specs=show.specs, channel_url=channel_url, ship=values)
    return workspace.write({"ship": {PLATFORM: solve(channel_url, list(show.specs))}})


def _step(title: str, command: list[str], directory: Path, *, home: Path | None = None) -> float:
    """Run one command in front of the user's eyes and time it."""
    print(f"== {title}\n$ {' '.join([Path(command[0]).name, *command[1:]])}", flush=True)
    environment = dict(os.environ) if home is None else {"HOME": str(home), "PATH": os.environ["PATH"]}
    started = time.perf_counter()
    subprocess.run(command, cwd=directory, env=environment, check=True)
    seconds = time.perf_counter() - started
    print(flush=True)
    return seconds


def _report(runtime: Path, prefix: Path, first: float, second: float, delegate: str) -> None:
    files = [path for path in prefix.rglob("*") if path.is_file() and not path.is_symlink()]
    installed = sum(path.stat().st_size for path in files)
    print("== What happened")
    print(f"runtime     {format_bytes(runtime.stat().st_size):>8}, one file, needs nothing else")
    print(f"prefix      {format_bytes(installed):>8} in {len(files)} files, {prefix.name} under the user's ~/.conda")
    print(f"first run   {first:6.2f} s")
    print(f"second run  {second:6.3f} s, nearly all of it to start {delegate}")


if __name__ == "__main__":
    main()
