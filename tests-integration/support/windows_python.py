"""A channel with Python for Windows, and commands that Python runs, in a conda package and in a wheel."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from foreign import kits

from .channel.archive import Entry, Package, write_package
from .channel.build import index_channel
from .channel.index import lock_index, write_index
from .pypi.crafting import Member, Recipe
from .workshop import Workshop, open_workshop

SITE_PACKAGES = "Lib/site-packages"
GREET = b'''"""Say how this was started."""
import json, os, pathlib, sys, time


def show():
    pathlib.Path(os.environ["GREET_SHOWN"]).write_text(json.dumps(sys.argv))


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


ENTRY_POINTS = b"[console_scripts]\ngreet = greet:main\n[gui_scripts]\nshow = greet:show\n"
SCRIPT = b"#!python\nimport greet\nraise SystemExit(greet.main())\n"


def write_channel(channel: Path) -> Path:
    """Write ``python``, ``greet`` with the command of that name, and a wheel ``greet`` that has more commands."""
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
    wheel = Recipe(
        name="greet",
        files=(Member("greet.py", GREET), Member("DATA/scripts/say", SCRIPT, 0o100755)),
        metadata={"entry_points.txt": ENTRY_POINTS},
    )
    write_index([wheel.write(channel)], channel)
    return channel


@contextlib.contextmanager
def open_python_workshop(directory: Path, cache: Path, *, by_wheel: bool = False) -> Iterator[Workshop]:
    """Write and serve the channel, and build runtimes whose delegate is that command.

    :param by_wheel: whether the wheel provides it, or the conda package.
    """
    directory.mkdir()
    channel, spec = write_channel(directory / "channel"), "python" if by_wheel else "greet"
    with open_workshop(channel, spec, directory=directory / "workshop", cache=cache) as workshop:
        pypi = lock_index(channel, workshop.server.url, ["greet"]) if by_wheel else ()
        yield replace(workshop, delegate="greet", pypi=pypi)
