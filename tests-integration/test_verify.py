"""``RUNTIME verify``: as installed, changed, repaired; with conda packages, wheels and compiled modules."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.measure import run
from support.channel.crafted import Archive, write_channel
from support.channel.host_python import SITE_PACKAGES
from support.channel.index import index_settings, lock_index
from support.channel.pieces import delegate, package, plain
from support.commands import Command, Home, run_command
from support.inspection import snapshot
from support.installs import make_runtime
from support.servers import Server
from support.tested_platform import FOR_THIS_MACHINE, PLATFORM
from support.users import become
from support.workshop import Workshop
from support.workspaces import Workspace

DIFFERS = 65
"""Exit status of ``verify`` where something differs (``docs/reference/runtime.md``)."""
MEMORY_LIMIT_MB = 64
SETTINGS = ("on-import", "bootstrap", "shipped")
WHEELS = ("click", "cowsay", "jinja2", "markupsafe")

Problem = tuple[str | None, str, str]


@dataclass
class Installation:
    """A runtime and the home in which it is installed."""

    home: Home
    runtime: Path

    @property
    def prefix(self) -> Path:
        return self.home.prefix

    def verify(self) -> list[Problem]:
        """Return package, path and problem of everything that differs."""
        completed = self.home.run(self.runtime, "verify", "--json")
        report: dict[str, Any] = json.loads(completed.stdout)
        problems = [(one["package"], one["path"], one["problem"]) for one in report["problems"]]
        assert report["is_intact"] == (not problems)
        assert completed.returncode == (DIFFERS if problems else 0), completed.stderr
        return problems

    def repair(self) -> None:
        """Install again, and see that everything is right."""
        completed = self.home.run(self.runtime, "bootstrap", "--force")
        assert completed.returncode == 0, completed.stderr
        assert self.verify() == []


def install(home: Home, runtime: Path) -> Installation:
    """Install a runtime for the user of a home."""
    completed = home.run(runtime, "bootstrap")
    assert completed.returncode == 0, completed.stderr
    return Installation(home, runtime)


@pytest.fixture
def build(
    tmp_path: Path,
    channel: Server,
    channel_directory: Path,
    records: list[dict[str, Any]],
    cs: Callable[..., Command],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Path]:
    """Build a runtime of conda packages and wheels, with one of the settings of ``bytecode``."""
    for name, value in index_settings(channel.url).items():
        monkeypatch.setenv(name, value)

    def make(bytecode: str) -> Path:
        conda = [record for record in records if record["name"] not in WHEELS]
        wheels = lock_index(channel_directory, channel.url, WHEELS)
        ship = {"runtime": '"demo"', "runtime-version": '"1.0"', "delegate": '"python"', "layout": '"embedded"'}
        names = tuple(str(record["name"]) for record in conda)
        workspace = Workspace(
            directory=tmp_path / bytecode,
            specs=names,
            channel_url=channel.url,
            lock_version="pixi-7",
            form="pixi.toml",
            ship={**ship, "bytecode": f'"{bytecode}"'},
        )
        workspace.write({"ship": {PLATFORM: [*conda, *wheels]}})
        cs("build", "-q", cwd=workspace.directory)
        return workspace.directory / "dist" / "demoz"

    return make


@pytest.mark.only(FOR_THIS_MACHINE, "its Python compiles modules")
@pytest.mark.parametrize("bytecode", SETTINGS)
def test_an_installation_is_right_changed_and_right_again(
    bytecode: str, build: Callable[..., Path], home: Home
) -> None:
    """Conda packages and wheels, with entry points, links and compiled modules; used, as Python uses it."""
    installed = install(home, build(bytecode))
    site = installed.prefix / SITE_PACKAGES
    assert installed.verify() == []
    assert home.run(installed.runtime, "-c", "import click, cowsay").returncode == 0
    assert installed.verify() == []
    module, command = site / "cowsay" / "__init__.py", installed.prefix / "bin" / "cowsay"
    module.write_text(module.read_text() + "\n")
    command.unlink()
    (site / "sitecustomize.py").write_text("print('here')\n")
    found = installed.verify()
    assert {(path, problem) for _, path, problem in found} == {
        (f"{SITE_PACKAGES}/cowsay/__init__.py", "changed"),
        ("bin/cowsay", "missing"),
        (f"{SITE_PACKAGES}/sitecustomize.py", "added"),
    }
    (wheel,) = {package for package, _, problem in found if problem == "changed"}
    assert wheel is not None
    assert wheel.startswith("cowsay-")
    installed.repair()


def test_every_kind_of_change_is_found_in_any_package(home: Home, plain_workshop: Workshop) -> None:
    """One file of each package in turn; whichever it is, it is the one that is named."""
    installed = install(home, plain_workshop.build())
    for record in sorted((installed.prefix / "conda-meta").glob("*.json")):
        listed = [one for one in json.loads(record.read_text())["paths_data"]["paths"] if "sha256" in one]
        for entry in (listed[0], listed[-1]):
            path = installed.prefix / entry["_path"]
            content, mode = path.read_bytes(), path.stat().st_mode
            path.unlink()
            assert installed.verify() == [(record.stem, entry["_path"], "missing")]
            path.write_bytes(content + b"\n")
            assert installed.verify() == [(record.stem, entry["_path"], "changed")]
            path.write_bytes(content)
            path.chmod(mode)
            assert installed.verify() == []


def test_after_an_upgrade_and_a_rollback_each_version_is_compared_with_itself(
    home: Home, plain_workshop: Workshop
) -> None:
    old, new = (plain_workshop.build(version=version) for version in ("1.0", "2.0"))
    install(home, old)
    upgraded = install(home, new)
    assert upgraded.verify() == []
    assert home.run(new, "rollback").returncode == 0
    for runtime in (old, new):
        assert Installation(home, runtime).verify() == []
    (home.prefix / "new.txt").write_text("added")
    for runtime in (old, new):
        assert Installation(home, runtime).verify() == [(None, "new.txt", "added")]
    Installation(home, new).repair()


@pytest.mark.root
def test_a_user_who_cannot_write_the_prefix_can_verify_it(home: Home, plain_workshop: Workshop) -> None:
    installed = install(home, plain_workshop.build())
    before = snapshot(installed.prefix)
    words = [*become(2000), str(installed.runtime), "--path", str(installed.prefix), "verify"]
    environment = {"HOME": "/nonexistent", "PATH": os.environ["PATH"]}
    completed = run_command(words, env=environment, cwd="/")
    assert (completed.returncode, completed.stderr) == (0, "")
    assert " is as it was installed: " in completed.stdout
    assert snapshot(installed.prefix) == before


@pytest.mark.skipif(IS_FOREIGN, reason="an emulator needs more")
def test_a_large_prefix_needs_little_memory(tmp_path: Path, home: Home) -> None:
    large = [plain(f"large/{number}", bytes(100 << 20)) for number in range(2)]
    many = [plain(f"many/{number % 100}/{number}", str(number)) for number in range(20_000)]
    archives = [delegate(), Archive(package=package("large", large)), Archive(package=package("many", many))]
    records = write_channel(archives, tmp_path / "channel")
    runtime = make_runtime(records, tmp_path / "channel", tmp_path / "runtime")
    assert runtime.bootstrap(home.prefix).returncode == 0
    command = [str(runtime.executable), "--path", str(home.prefix), "-q", "verify"]
    usage = run(command, {"HOME": str(home.directory), "PATH": os.environ["PATH"]}, tmp_path, expected="")
    assert usage.peak_mb < MEMORY_LIMIT_MB
