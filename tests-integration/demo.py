"""Show the whole road: a channel, a lock, an embedded runtime, its first run and its second."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from pathlib import Path

from support.channel.build import build_channel
from support.channel.solve import solve
from support.servers import serve
from support.tested_platform import PLATFORM
from support.workspaces import Workspace

SPECS = ("python", "click", "cowsay", "jinja2", "placeholders")


def main() -> None:
    """Build a channel, a lock and an embedded runtime; run it twice."""
    channel = build_channel("tiny")
    with tempfile.TemporaryDirectory(prefix="cs-demo-") as work, serve(channel) as server:
        workspace = _write_workspace(Path(work) / "workspace", server.url)
        print(f"A workspace, solved: {', '.join(SPECS)} and what they need\n")
        print((workspace / "conda.toml").read_text())
        _step("cs inspect", ["cs", "inspect"], workspace)
        _step("cs build", ["cs", "build"], workspace)
        server.asked.clear()
        runtime = workspace / "dist" / "demoz"
        home = Path(work) / "home"
        home.mkdir()
        first = _step("The first run installs, then hands over", [*_hello(runtime)], home, home=home)
        second = _step("The second run starts it directly", [*_hello(runtime)], home, home=home)
        _step("What is installed where", [str(runtime), "status"], home, home=home)
        _report(runtime, home / ".conda" / "demo", first, second)


def _write_workspace(directory: Path, channel_url: str) -> Path:
    ship = {"runtime": '"demo"', "runtime-version": '"1.0"', "delegate": '"python"', "layout": '"embedded"'}
    workspace = Workspace(directory=directory, specs=SPECS, channel_url=channel_url, ship=ship)
    return workspace.write({"ship": {PLATFORM: solve(channel_url, list(SPECS))}})


def _hello(runtime: Path) -> list[str]:
    return [str(runtime), "-m", "cowsay", "-t", "hello"]


def _step(title: str, command: list[str], directory: Path, *, home: Path | None = None) -> float:
    """Run one command in front of the user's eyes and time it."""
    print(f"== {title}\n$ {' '.join([Path(command[0]).name, *command[1:]])}", flush=True)
    environment = dict(os.environ) if home is None else {"HOME": str(home), "PATH": os.environ["PATH"]}
    started = time.perf_counter()
    subprocess.run(command, cwd=directory, env=environment, check=True)
    seconds = time.perf_counter() - started
    print(flush=True)
    return seconds


def _report(runtime: Path, prefix: Path, first: float, second: float) -> None:
    files = [path for path in prefix.rglob("*") if path.is_file() and not path.is_symlink()]
    installed = sum(path.stat().st_size for path in files)
    print("== What happened")
    print(f"runtime      {runtime.stat().st_size / 1e6:8.1f} MB, one file, needs nothing else")
    print(f"prefix       {installed / 1e6:8.1f} MB in {len(files)} files, {prefix.name} under the user's ~/.conda")
    print(f"first run    {first:8.2f} s")
    print(f"second run   {second:8.3f} s, of which Python's own start is nearly all")


if __name__ == "__main__":
    main()
