"""Runtimes for these tests, each built once a session by the installed ``cs``."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .channel.archive import PLACEHOLDER, Entry, Package, write_package
from .channel.build import index_channel
from .channel.index import PypiEntry
from .channel.solve import solve
from .commands import run_cs
from .servers import Server, serve
from .tested_platform import PLATFORM, name_program
from .workspaces import Workspace

Record = dict[str, Any]

BULK_FILES = 700
TOOL = f'#!/bin/sh\n# {PLACEHOLDER}\necho "$CONDA_PREFIX" "$@"\n'.encode()

SLOW_SCRIPT = b"""#!/bin/sh
# Takes as long as it is told to, in a program of its own, as scripts that compile something do.
echo started > "$PREFIX/share/started"
test -z "$SCRIPT_SECONDS" || sleep "$SCRIPT_SECONDS"
echo done > "$PREFIX/share/done"
"""


@dataclass
class Workshop:
    """Builds runtimes from one solve.

    :param directory: where workspaces and artifacts go.
    :param cache: the package cache that the builds share.
    :param server: serves the channel.
    :param delegate: the delegate of every runtime that is built without another.
    :param pypi: wheels that every runtime has besides.
    """

    directory: Path
    cache: Path
    server: Server
    specs: tuple[str, ...]
    records: Sequence[Record]
    delegate: str = "python"
    pypi: Sequence[PypiEntry] = ()
    built: dict[str, Path] = field(default_factory=dict)

    def build(
        self, *, version: str = "1.0", without: Sequence[str] = (), condarc: str | None = None, **ship: str
    ) -> Path:
        """Build a runtime ``demo``, or find the one that was built before.

        :param without: packages to leave out of the lock, with nothing depending on them.
        :param condarc: text of the file that ``condarc-file`` names.
        :param ship: keys of ``[tool.conda-ship]`` with TOML values; ``_`` stands for ``-``.
        :returns: the executable.
        """
        settings = {"runtime": '"demo"', "runtime-version": f'"{version}"', "delegate": f'"{self.delegate}"'}
        settings["layout"] = '"embedded"'
        settings.update({key.replace("_", "-"): value for key, value in ship.items()})
        key = repr((settings, tuple(without), condarc))
        if key not in self.built:
            self.built[key] = self._build(settings, without, condarc)
        return self.built[key]

    def served_by(self, server: Server) -> Workshop:
        """Build the same runtimes from the same packages at another address.

        ``cs`` does not ask there: its cache has the packages as soon as this workshop has built with them.
        """
        here, there = self.server.url, server.url
        records = [{**record, "url": str(record["url"]).replace(here, there)} for record in self.records]
        directory = self.directory.with_name(f"{self.directory.name}-{server.port}")
        return replace(self, directory=directory, server=server, records=records, built={})

    def _build(self, settings: dict[str, str], without: Sequence[str], condarc: str | None) -> Path:
        if condarc is not None:
            settings["condarc-file"] = '"condarc.yaml"'
        records = [record for record in self.records if record["name"] not in without]
        workspace = Workspace(
            directory=self.directory / f"runtime-{len(self.built)}",
            specs=tuple(spec for spec in self.specs if spec not in without),
            channel_url=self.server.url,
            ship=settings,
            pypi={entry.name: '"*"' for entry in self.pypi},
        )
        workspace.write({"ship": {PLATFORM: [*records, *self.pypi]}})
        if condarc is not None:
            (workspace.directory / "condarc.yaml").write_text(condarc, encoding="utf-8")
        run_cs("build", "-q", cwd=workspace.directory, cache=self.cache)
        name = settings["runtime"].strip('"') + ("z" if settings["layout"] == '"embedded"' else "")
        return workspace.directory / "dist" / name_program(name)


def write_plain_channel(channel: Path, *, files: int = BULK_FILES) -> Path:
    """Write a channel of two packages that need no Python: ``bulk``, many files, and ``tool``, the delegate.

    ``tool`` has a post-link script that sleeps for ``SCRIPT_SECONDS``.

    :param files: how many ``bulk`` has.
    """
    tool = Package(
        name="tool",
        version="1.0",
        depends=["bulk"],
        entries=[
            Entry(path="bin/tool", content=TOOL, executable=True, file_mode="text"),
            Entry(path="bin/.tool-post-link.sh", content=SLOW_SCRIPT, executable=True),
        ],
    )
    bulk = [Entry(path=f"share/bulk/{n % 20}/{n}.txt", content=f"{n}\n".encode() * (n + 1)) for n in range(files)]
    for package in (tool, Package(name="bulk", version="1.0", entries=bulk)):
        write_package(package, channel)
    (channel / "noarch").mkdir(exist_ok=True)
    index_channel(channel)
    return channel


@contextlib.contextmanager
def open_workshop(channel: Path, *specs: str, directory: Path, cache: Path) -> Iterator[Workshop]:
    """Serve a channel, and build runtimes from it.

    :param specs: what is solved. The first is the delegate.
    """
    with serve(channel) as server:
        records = solve(server.url, list(specs))
        yield Workshop(directory=directory, cache=cache, server=server, specs=specs, records=records, delegate=specs[0])


@contextlib.contextmanager
def open_plain_workshop(directory: Path, cache: Path, *, files: int = BULK_FILES) -> Iterator[Workshop]:
    """Write and serve a plain channel, and build runtimes from it.

    :param files: how many files its package ``bulk`` has.
    """
    directory.mkdir()
    channel = write_plain_channel(directory / "channel", files=files)
    with open_workshop(channel, "tool", directory=directory / "workshop", cache=cache) as workshop:
        yield workshop
