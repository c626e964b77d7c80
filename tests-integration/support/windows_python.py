"""A channel with Python for Windows, and a package of modules with a command that Python runs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from foreign import kits

from .channel.archive import Entry, Package, write_package
from .channel.build import index_channel
from .workshop import Workshop, open_workshop

SITE_PACKAGES = "Lib/site-packages"
GREET = b'''"""Say how this was started."""
import json, os, pathlib, sys, time


def main():
    print(json.dumps({"arguments": sys.argv[1:], "name": sys.argv[0], "prefix": sys.prefix}), flush=True)
    try:
        if "GREET_STARTED" in os.environ:
            pathlib.Path(os.environ["GREET_STARTED"]).touch()
            while True:
                time.sleep(0.01)
    except KeyboardInterrupt:
        return 42
    return int(os.environ.get("GREET_STATUS", "0"))
'''


def write_channel(channel: Path) -> Path:
    """Write ``python``, and ``greet`` with the command of that name."""
    files = sorted(kits.provide(kits.WINDOWS_PYTHON).iterdir())
    python = Package(
        name="python",
        version="3.13.2",
        build="0_cp313",
        subdir="win-64",
        license="Python-2.0",
        entries=[Entry(path=file.name, content=file, executable=file.suffix == ".exe") for file in files],
        python_site_packages_path=SITE_PACKAGES,
    )
    greet = Package(
        name="greet",
        version="1.0",
        subdir="noarch",
        noarch="python",
        depends=["python"],
        entries=[Entry(path="site-packages/greet.py", content=GREET)],
        entry_points=["greet = greet:main"],
    )
    for package in (python, greet):
        write_package(package, channel)
    index_channel(channel)
    return channel


@contextlib.contextmanager
def open_python_workshop(directory: Path, cache: Path) -> Iterator[Workshop]:
    """Write and serve the channel, and build runtimes whose delegate is that command."""
    directory.mkdir()
    channel = write_channel(directory / "channel")
    with open_workshop(channel, "greet", directory=directory / "workshop", cache=cache) as workshop:
        yield workshop
