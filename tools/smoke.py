"""Boot what a release publishes, on the system that it is for: the template, and runtimes that ``cs`` makes of it.

``python tools/smoke.py``, after ``pip install`` of the wheels, builds a package with a script, and a runtime of each
layout, which installs, starts the script twice, reports and uninstalls itself. For a template of another platform::

    python tools/smoke.py --platform win-64 --template cs-template.exe --run wine64
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

NOT_STAMPED = 78
"""Exit status of a template: a configuration error (``docs/reference/runtime.md``)."""

LAYOUTS = ("online", "external", "embedded")
WORDS = ("one two", "three")
STATUS = 7
_UNIX = f'#!/bin/sh\nprintf "%s\\n" "$@"\nexit {STATUS}\n'
_WINDOWS = f"@echo off\r\necho %~1\r\necho %~2\r\nexit /b {STATUS}\r\n"


class SmokeError(Exception):
    """Something does not do what it should."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is booted.

    :ivar platform: conda's name of its platform.
    :ivar template: the template, or None for the installed one.
    :ivar starter: what its programs are started with, if not by the system.
    """

    platform: str
    template: Path | None = None
    starter: list[str] = field(default_factory=list)

    @property
    def is_windows(self) -> bool:
        """Whether it is for Windows."""
        return self.platform.startswith("win-")

    def run(self, program: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Start a program of the platform."""
        command = [*self.starter, str(program), *words]
        settings = {**os.environ, **variables}
        return subprocess.run(command, env=settings, stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def spell(self, path: Path) -> str:
        """Return a path as programs of the platform name it."""
        return f"Z:{path}".replace("/", "\\") if self.is_windows and os.name != "nt" else str(path)


def find_cs() -> Path:
    """Return the ``cs`` of this Python."""
    return Path(sysconfig.get_path("scripts"), "cs.exe" if os.name == "nt" else "cs")


def find_template() -> Path:
    """Return the template that is installed with this Python."""
    found = shutil.which("cs-template", path=sysconfig.get_path("scripts"))
    if found is None:
        raise SmokeError("cs-template is not installed")
    return Path(found)


def check_refusal(case: Case) -> None:
    """Check that a template without a stamp refuses to do anything."""
    done = case.run(case.template or find_template())
    if done.returncode != NOT_STAMPED or "is an unstamped template" not in done.stderr:
        raise SmokeError(f"the template does not refuse to run: {_describe(done)}")


def write_package(case: Case, channel: Path) -> dict[str, str]:
    """Write a package with one script and return its record in a lock, without the address."""
    path, text = ("Scripts/hello.bat", _WINDOWS) if case.is_windows else ("bin/hello", _UNIX)
    index = {"name": "hello", "version": "1.0", "build": "0", "build_number": 0, "subdir": case.platform, "depends": []}
    paths = [{"_path": path, "path_type": "hardlink", "sha256": _sha256(text.encode()), "size_in_bytes": len(text)}]
    files = {
        "info/index.json": json.dumps(index),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}),
        "info/files": f"{path}\n",
        path: text,
    }
    archive = channel / case.platform / "hello-1.0-0.tar.bz2"
    archive.parent.mkdir(parents=True)
    with tarfile.open(archive, "w:bz2") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755 if name == path else 0o644
            tar.addfile(entry, io.BytesIO(content.encode()))
    data = archive.read_bytes()
    return {"sha256": _sha256(data), "md5": hashlib.md5(data).hexdigest()}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve(directory: Path) -> Iterator[str]:
    """Serve a directory on this machine and yield its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(directory))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def write_workspace(directory: Path, channel: str, records: Mapping[str, dict[str, str]]) -> None:
    """Write a manifest and its lock.

    :param records: what each platform's lock has for the package, without its address.
    """
    directory.mkdir()
    lines = (
        *("[workspace]", 'name = "smoke"', f'channels = ["{channel}"]', f"platforms = {json.dumps(list(records))}"),
        *("[dependencies]", 'hello = "*"'),
        *("[tool.conda-ship]", 'runtime = "smoke"', 'runtime-version = "1.0"', 'delegate = "hello"'),
        'source-environment = "default"',
    )
    (directory / "conda.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    urls = {platform: f"{channel}/{platform}/hello-1.0-0.tar.bz2" for platform in records}
    packages = {platform: [{"conda": url}] for platform, url in urls.items()}
    environments = {"default": {"channels": [{"url": f"{channel}/"}], "packages": packages}}
    everything = [{"conda": urls[platform], **record} for platform, record in records.items()]
    lock = {"version": 1, "environments": environments, "packages": everything}
    (directory / "conda.lock").write_text(json.dumps(lock), encoding="utf-8")


def build(case: Case, workspace: Path, layout: str) -> Path:
    """Build a runtime and return it."""
    out = workspace / layout
    command = [str(find_cs()), "build", "--layout", layout, "--platform", case.platform, "--out-dir", str(out)]
    command += ["--artifact-name", "smoke"]
    command += [] if case.template is None else ["--template", str(case.template)]
    done = subprocess.run(command, cwd=workspace, capture_output=True, text=True)
    if done.returncode:
        raise SmokeError(f"cs build --layout {layout}: {_describe(done)}")
    return out / ("smoke.exe" if case.is_windows else "smoke")


def boot(case: Case, runtime: Path, prefix: Path) -> None:
    """Install, start, report on and remove a runtime."""
    variables = {"SMOKE_PREFIX": case.spell(prefix)}
    for what in ("first", "second"):
        done = case.run(runtime, *WORDS, **variables)
        if done.returncode != STATUS or tuple(done.stdout.splitlines()) != WORDS:
            raise SmokeError(f"the {what} run of {runtime}: {_describe(done)}")
    for command in (("status",), ("uninstall", "-y")):
        done = case.run(runtime, *command, **variables)
        if done.returncode:
            raise SmokeError(f"{runtime} {' '.join(command)}: {_describe(done)}")
    if prefix.exists():
        raise SmokeError(f"{runtime} uninstall left {', '.join(map(str, prefix.iterdir()))}")


def _describe(done: subprocess.CompletedProcess[str]) -> str:
    return f"status {done.returncode}, output {done.stdout!r}, messages {done.stderr!r}"


def parse(words: Sequence[str] | None) -> Case:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Boot a template, and runtimes of it.")
    parser.add_argument("--platform", help="conda's name of the platform; default: this machine's")
    parser.add_argument("--template", type=Path, help="default: the installed one")
    parser.add_argument("--run", default="", help="what programs of that platform are started with, such as wine64")
    arguments = parser.parse_args(words)
    if arguments.platform is None:
        from cs_cli.project.platforms import host_platform

        arguments.platform = host_platform()
    template = arguments.template and arguments.template.absolute()
    return Case(platform=arguments.platform, template=template, starter=shlex.split(arguments.run))


def main(words: Sequence[str] | None = None) -> None:
    """Boot everything.

    :raises SmokeError: if something does not do what it should.
    """
    case = parse(words)
    check_refusal(case)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name).resolve()
        record = write_package(case, work / "channel")
        with serve(work / "channel") as channel:
            write_workspace(work / "workspace", channel, {case.platform: record})
            for layout in LAYOUTS:
                boot(case, build(case, work / "workspace", layout), work / "prefix")
                print(f"{case.platform}: {layout} works")


if __name__ == "__main__":
    try:
        main()
    except SmokeError as error:
        sys.exit(f"error: {error}")
