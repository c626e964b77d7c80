"""Our streaming linker against rattler's installer: the same packages, entry by entry."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import rattler
from channel.rattling import run_rattler
from channel.server import ChannelServer
from conftest import SPECS, Home
from prefixes import compare, describe_prefix, read_records

OUR_OWN = frozenset({".demo.json"})
THEIR_OWN = frozenset({"__clobbers__", "CACHEDIR.TAG"})


def install_with_rattler(lock: Path, prefix: Path, cache: Path) -> None:
    """Install the packages of a runtime lock with py-rattler."""
    environment = rattler.LockFile.from_path(lock).environment("default")
    assert environment is not None
    platform = environment.platforms()[0]
    records = environment.conda_repodata_records_for_platform(platform)
    assert records
    options = {"cache_dir": cache, "platform": rattler.Subdir("linux-64"), "show_progress": False}
    run_rattler(rattler.install(records, prefix, execute_link_scripts=True, **options))


def test_the_prefix_is_the_one_that_rattler_makes(
    embedded_runtime: Path, home: Home, tmp_path: Path, channel: ChannelServer
) -> None:
    prefix = home.prefix
    prefix.parent.mkdir()
    install_with_rattler(embedded_runtime.with_name("demoz.runtime.lock"), prefix, tmp_path / "cache")
    theirs, their_records = describe_prefix(prefix, ignore=THEIR_OWN), read_records(prefix)
    prefix.rename(tmp_path / "rattler-prefix")
    assert home.run(embedded_runtime, "bootstrap").returncode == 0
    ours, our_records = describe_prefix(prefix, ignore=OUR_OWN), read_records(prefix)
    assert compare(ours, theirs) == []
    assert len(ours) > 500
    requested = {name: record.pop("requested_specs") for name, record in our_records.items()}
    assert {name for name, specs in requested.items() if specs} == set(SPECS)
    for record in (*our_records.values(), *their_records.values()):  # py-rattler cannot be told what was requested
        record.pop("requested_spec", None)
        record.pop("requested_specs", None)
    assert compare(our_records, their_records) == []


def test_the_metadata_is_what_conda_reads(embedded_runtime: Path, home: Home) -> None:
    home.run(embedded_runtime, "bootstrap")
    meta = home.prefix / "conda-meta"
    explicit = (meta / "initial-state.explicit.txt").read_text().splitlines()
    packages = [line for line in explicit if not line.startswith("#")]
    assert packages[0] == "@EXPLICIT"
    assert len(packages) - 1 == len(list(meta.glob("*.json")))
    assert all("#" in line for line in packages[1:])
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
    """List what a first run may have left beside the prefix."""
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
