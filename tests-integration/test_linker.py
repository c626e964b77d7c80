"""Our streaming linker against rattler's installer: the same packages, entry by entry."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.channel import rattling
from support.channel.build import find_channel
from support.channel.solve import channel_packages, solve
from support.commands import Command, Home
from support.prefixes import UMASK, compare, describe_as_own, describe_prefix, read_as_own, read_records
from support.servers import serve
from support.tested_platform import PLATFORM
from support.workspaces import SPECS, Workspace

RUNTIMES_OWN = frozenset({".demo.json"})
RATTLERS_OWN = frozenset({"__clobbers__", "CACHEDIR.TAG"})


def compare_with_rattler(runtime: Path, home: Home, work: Path) -> tuple[int, set[str]]:
    """Install a runtime's packages with rattler, then with the runtime, into the same place; refuse any difference.

    :returns: the number of entries compared, and the names of the packages that were requested.
    """
    prefix = home.prefix
    prefix.parent.mkdir()
    lock = runtime.with_name(f"{runtime.name}.runtime.lock")
    rattling.install(lock, prefix, cache=work / "cache", platform=PLATFORM)
    rattlers, rattlers_records = describe_as_own(prefix, ignore=RATTLERS_OWN), read_as_own(prefix)
    prefix.rename(work / "rattler-prefix")
    completed = home.run(runtime, "bootstrap", umask=UMASK)
    assert completed.returncode == 0, completed.stderr
    own, own_records = describe_prefix(prefix, ignore=RUNTIMES_OWN), read_records(prefix)
    assert compare(own, rattlers) == []
    requested = {name for name, record in own_records.items() if record["requested_specs"]}
    for record in (*own_records.values(), *rattlers_records.values()):  # py-rattler cannot be told what was requested
        record.pop("requested_spec", None)
        record.pop("requested_specs", None)
    assert compare(own_records, rattlers_records) == []
    return len(own), requested


def test_the_prefix_is_the_one_that_rattler_makes(embedded_runtime: Path, home: Home, tmp_path: Path) -> None:
    entries, requested = compare_with_rattler(embedded_runtime, home, tmp_path)
    assert entries > 500
    assert requested == set(SPECS)


@pytest.mark.large
def test_the_large_channel_gives_the_prefix_that_rattler_makes(
    home: Home, tmp_path: Path, cs: Callable[..., Command]
) -> None:
    large = find_channel("large")
    if large is None:
        pytest.skip("needs the large channel: nox -s bench builds it")
    with serve(large) as server:
        records = solve(server.url, [name for name in channel_packages(large) if not name.startswith("conda")])
        ship = {"runtime": '"demo"', "runtime-version": '"1.0"', "delegate": '"python"', "layout": '"embedded"'}
        workspace = Workspace(directory=tmp_path / "large", specs=("python",), channel_url=server.url, ship=ship)
        cs("build", cwd=workspace.write({"ship": {PLATFORM: records}}))
        entries, _ = compare_with_rattler(tmp_path / "large" / "dist" / "demoz", home, tmp_path)
    assert entries > 30_000


def test_the_metadata_is_what_conda_reads(embedded_runtime: Path, home: Home) -> None:
    home.run(embedded_runtime, "bootstrap")
    meta = home.prefix / "conda-meta"
    explicit = (meta / "initial-state.explicit.txt").read_text().splitlines()
    assert f"# platform: {PLATFORM}" in explicit
    packages = [line for line in explicit if not line.startswith("#")]
    assert packages.pop(0) == "@EXPLICIT"
    records = [json.loads(path.read_bytes()) for path in meta.glob("*.json")]
    assert sorted(packages) == sorted(f"{record['url']}#sha256:{record['sha256']}" for record in records)
    history = (meta / "history").read_text()
    assert "# update specs: " in history
    assert "jinja2" in history
    marker = json.loads((home.prefix / ".demo.json").read_text())
    assert marker["schema_version"] == 1
    assert len(marker["stamp"]) == 64


def test_files_of_packages_say_where_they_are(embedded_runtime: Path, home: Home) -> None:
    home.run(embedded_runtime, "bootstrap")
    prefix = home.prefix
    config = (prefix / "etc" / "placeholders.conf").read_text()
    assert config == f"prefix = {prefix}\npath = {prefix}/bin:{prefix}/lib\n"
    library = (prefix / "lib" / "libplaceholders.so").read_bytes()
    assert f"{prefix}/a:{prefix}/b\0".encode() in library
    assert (prefix / "share" / "greeter" / "linked.txt").read_text() == f"linked greeter 0.5 into {prefix}\n"
    assert home.run(prefix / "bin" / "print-prefix").stdout == f"{prefix}\n"
    assert home.run(prefix / "bin" / "conda", "info").returncode == 0


def find_staging(directory: Path) -> list[Path]:
    """List what a first run may have left next to the prefix."""
    return [path for path in directory.iterdir() if path.name != "demo"]


def test_nothing_is_left_but_the_prefix(embedded_runtime: Path, home: Home, make_workspace: Callable[..., Any]) -> None:
    home.run(embedded_runtime, "-c", "pass")
    assert find_staging(home.directory / ".conda") == []
    assert [path.name for path in home.directory.iterdir()] == [".conda"]


def test_too_long_a_prefix_is_refused_before_anything_is_written(embedded_runtime: Path, home: Home) -> None:
    parent = home.directory / ("x" * 200)
    completed = home.run(embedded_runtime, "--path", parent / ("y" * 200), "bootstrap")
    assert completed.returncode == 73
    assert "bytes" in completed.stderr
    assert not parent.exists()
