"""``RUNTIME verify``: as installed, changed, repaired; with conda packages, wheels and compiled modules."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bench.measure import run
from support.channel.crafted import Archive, write_channel
from support.channel.host_python import SITE_PACKAGES
from support.channel.pieces import delegate, package, plain
from support.commands import Home, run_command
from support.inspection import snapshot
from support.installs import make_runtime
from support.pypi.bench import WHEELS, Bench
from support.tested_platform import FOR_THIS_MACHINE
from support.users import become
from support.workshop import Workshop

DIFFERS = 65
"""Exit status of ``verify`` where something differs (``docs/reference/runtime.md``)."""
MEMORY_LIMIT_MB = 64
SETTINGS = ("on-import", "bootstrap", "shipped")

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


@pytest.mark.only(FOR_THIS_MACHINE, "its Python compiles modules")
@pytest.mark.parametrize("bytecode", SETTINGS)
def test_an_installation_is_right_changed_and_right_again(
    bytecode: str, bench: Bench, records: list[dict[str, Any]], home: Home
) -> None:
    """Conda packages and wheels, with entry points, links and compiled modules; used, as Python uses it."""
    bench.conda = [record for record in records if record["name"] not in WHEELS]
    installed = install(home, bench.build(bytecode=f'"{bytecode}"'))
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


@pytest.mark.only(FOR_THIS_MACHINE, "an emulator needs more memory")
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
