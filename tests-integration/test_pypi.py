"""PyPI packages and the workspace's own projects: from the lock to the prefix, in every layout."""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from python_projects import BUILD_SYSTEMS, PythonProject
from repositories import commit_all, git

from support.channel.archive import Entry, Package, write_package
from support.channel.host_python import SHORT, SITE_PACKAGES
from support.channel.index import FILES, SIMPLE, PypiEntry, hash_file, index_settings
from support.channel.locks import VERSIONS, SourceEntry
from support.commands import Home
from support.pypi.bench import WHEELS, Bench, assert_what_was_planned, list_planned, read_record
from support.servers import Server, serve
from support.tested_platform import FOR_THIS_MACHINE, PLATFORM

pytestmark = pytest.mark.only(FOR_THIS_MACHINE, "projects are built in its Python")


@pytest.mark.parametrize("layout", ["online", "external", "embedded"])
def test_every_layout_installs_wheels_and_the_workspaces_own_tool(layout: str, bench: Bench, home: Home) -> None:
    project = PythonProject(name="mytool", needs=("click",))
    runtime = bench.build(project=project, delegate='"mytool"', layout=f'"{layout}"')
    for words in (("first",), ("again", "--flag")):
        completed = home.run(runtime, *words)
        assert (completed.returncode, completed.stdout) == (0, f"mytool 1.5 {' '.join(words)}\n"), completed.stderr
    assert completed.stderr == ""
    assert_what_was_planned(runtime.parent.parent, home.prefix, home)
    listed = home.run(home.prefix / "bin" / "pip", "list", "--format", "json", "--disable-pip-version-check")
    assert {one["name"].lower() for one in json.loads(listed.stdout)} == {*WHEELS, "mytool"}
    checked = home.run(home.prefix / "bin" / "pip", "check")
    assert checked.stdout == "No broken requirements found.\n", checked.stderr
    status = json.loads(home.run(runtime, "status", "--json").stdout)
    assert (status["package_count"], status["wheel_count"]) == (9, 6)


@pytest.mark.parametrize("lock_version", VERSIONS)
def test_every_lock_version_ships_wheels_and_a_directory(lock_version: str, bench: Bench, home: Home) -> None:
    runtime = bench.build(project=PythonProject(name="mytool"), lock_version=lock_version, delegate='"mytool"')
    completed = home.run(runtime)
    assert (completed.returncode, completed.stdout) == (0, "mytool 1.5\n"), completed.stderr
    assert_what_was_planned(runtime.parent.parent, home.prefix, home)


@pytest.mark.parametrize("backend", BUILD_SYSTEMS)
@pytest.mark.parametrize("is_dynamic", [False, True])
def test_projects_of_every_backend_are_built_the_same_twice(
    backend: str, is_dynamic: bool, bench: Bench, home: Home
) -> None:
    project = PythonProject(name="mytool", backend=backend, is_dynamic=is_dynamic, is_flat=is_dynamic)
    built = []
    for name in ("one", "two"):
        bench.pypi = ()
        runtime = bench.build(name, project=project, delegate='"mytool"')
        (archive,) = json.loads(runtime.with_name("demoz.info.json").read_bytes())["local_archives"]
        built.append(archive)
        assert (archive["name"], archive["version"]) == ("mytool", "1.5")
        assert archive["source"]["location"] == "."
    assert built[0] == built[1]
    assert home.run(runtime).stdout == "mytool 1.5\n"


@pytest.mark.parametrize("number", range(4))
def test_what_a_build_says_is_what_is_there_afterwards(number: int, seed: int, bench: Bench, home: Home) -> None:
    source = random.Random(f"{seed} {number}")
    bench.pypi = source.sample(list(bench.pypi), source.randrange(1, len(WHEELS)))
    excluded = source.choice([entry.name for entry in bench.pypi])
    project = source.choice([None, PythonProject(name="my_tool")])
    lock_version = source.choice(VERSIONS)
    runtime = bench.build(project=project, lock_version=lock_version, exclude=f'["pypi:{excluded}"]')
    assert home.run(runtime, "-c", "pass").returncode == 0
    assert excluded not in [name.partition(" ")[0] for name, _ in list_planned(runtime.parent.parent)]
    assert_what_was_planned(runtime.parent.parent, home.prefix, home)


def test_an_online_runtime_fetches_wheels_and_contains_what_no_address_has(
    bench: Bench, home: Home, channel: Server
) -> None:
    runtime = bench.build(project=PythonProject(name="mytool"), delegate='"mytool"', layout='"online"')
    before = len(channel.asked)
    assert home.run(runtime).returncode == 0
    fetched = {Path(asked.path).name for asked in channel.asked[before:]}
    wheels = {entry.location.rpartition("/")[2] for entry in bench.pypi}
    assert wheels <= fetched
    assert not any("mytool" in name for name in fetched)


def test_a_mirror_stands_for_the_start_of_the_addresses_of_wheels(bench: Bench, home: Home, channel: Server) -> None:
    unreachable = "http://127.0.0.1:9/packages"
    bench.pypi = [replace(entry, location=f"{unreachable}/{entry.location.rpartition('/')[2]}") for entry in bench.pypi]
    runtime = bench.build(layout='"online"')
    config = home.directory / ".config" / "rattler" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f'[mirrors]\n"{unreachable}" = ["{channel.url}/{FILES}"]\n')
    completed = home.run(runtime, "-c", "import click; print('hello')")
    assert completed.stdout == "hello\n", completed.stderr


def test_installed_wheels_are_as_their_records_say(bench: Bench, home: Home) -> None:
    assert home.run(bench.build(), "-c", "import click").returncode == 0
    infos = sorted((home.prefix / SITE_PACKAGES).glob("*.dist-info"))
    assert len(infos) == len(WHEELS)
    for info in infos:
        assert (info / "INSTALLER").read_bytes() == b"conda-ship"
        assert (info / "REQUESTED").read_bytes() == b""
        assert not (info / "direct_url.json").exists()
        for path, (_, size) in read_record(home.prefix, info.name).items():
            file = home.prefix / SITE_PACKAGES / path
            assert not size or file.stat().st_size == int(size), path


@pytest.mark.parametrize("bytecode", ["bootstrap", "shipped"])
def test_modules_of_wheels_are_compiled_and_recorded(bytecode: str, bench: Bench, home: Home) -> None:
    assert home.run(bench.build(bytecode=f'"{bytecode}"'), "-c", "import click").returncode == 0
    site = home.prefix / SITE_PACKAGES
    compiled = f"click/__pycache__/core.cpython-{SHORT.replace('.', '')}.pyc"
    assert (site / compiled).is_file()
    (info,) = (path.name for path in site.glob("click-*.dist-info"))
    assert read_record(home.prefix, info)[compiled] == ("", "")
    removed = home.run(home.prefix / "bin" / "pip", "uninstall", "-y", "click")
    assert removed.returncode == 0, removed.stderr
    assert not (site / "click").exists()


def test_upgrade_roll_back_and_uninstall_take_wheels_along(bench: Bench, home: Home) -> None:
    first = bench.build("one", project=PythonProject(name="mytool", version="1.0"), delegate='"mytool"')
    second = bench.build(
        "two", project=PythonProject(name="mytool", version="2.0"), delegate='"mytool"', runtime_version='"2.0"'
    )
    assert home.run(first).stdout == "mytool 1.0\n"
    assert home.run(second).stdout == "mytool 2.0\n"
    assert_what_was_planned(second.parent.parent, home.prefix, home)
    assert home.run(second, "rollback").returncode == 0
    assert home.run(first).stdout == "mytool 1.0\n"
    assert home.run(first, "uninstall", "-y").returncode == 0
    assert not home.prefix.exists()


def test_what_pip_adds_keeps_an_upgrade_away(bench: Bench, home: Home, channel: Server) -> None:
    first = bench.build("one", project=PythonProject(name="mytool", version="1.0"), delegate='"mytool"')
    second = bench.build(
        "two", project=PythonProject(name="mytool", version="2.0"), delegate='"mytool"', runtime_version='"2.0"'
    )
    assert home.run(first).stdout == "mytool 1.0\n"
    home.extra.update(index_settings(channel.url))
    added = home.run(home.prefix / "bin" / "pip", "install", "-q", "six")
    assert added.returncode == 0, added.stderr
    kept = home.run(second)
    assert kept.stdout == "mytool 1.0\n"
    assert "six" in kept.stderr


def test_sdists_and_repositories_are_built_on_request(
    bench: Bench, home: Home, tmp_path: Path, channel: Server
) -> None:
    upstream = tmp_path / "upstream"
    sdist = PythonProject(name="packed", version="3.0").write_sdist(upstream)
    commit = commit_all(PythonProject(name="cloned", version="4.0").write(upstream / "cloned"))
    git(upstream / "cloned", "update-server-info")  # for a server that knows nothing of git
    with serve(upstream) as server:
        more = [
            PypiEntry(
                location=f"{server.url}/{sdist.name}",
                name="packed",
                version="3.0",
                sha256=hash_file(sdist),
                index=f"{channel.url}/{SIMPLE}/",
            ),
            PypiEntry(location=f"git+{server.url}/cloned/.git#{commit}", name="cloned", version="4.0"),
        ]
        directory = bench.write(more=more)
        refused = bench.cs("build", cwd=directory, check=False)
        assert refused.returncode == 1
        assert 'build-wheels = "all"' in refused.stderr
        runtime = bench.build("all", more=more, build_wheels='"all"', layout='"online"')
    completed = home.run(runtime, "-c", "import cloned, packed; cloned.main(); packed.main()")
    assert completed.stdout == "cloned 4.0\npacked 3.0\n", completed.stderr
    info = json.loads(runtime.with_name("demo.info.json").read_bytes())
    sources = {one["name"]: one["source"] for one in info["local_archives"]}
    assert sources["cloned"]["commit"] == commit
    assert sources["packed"]["kind"] == "sdist"
    origin = home.prefix / SITE_PACKAGES / "cloned-4.0.dist-info" / "direct_url.json"
    assert json.loads(origin.read_bytes())["vcs_info"]["commit_id"] == commit


@pytest.mark.parametrize("lock_version", ["pixi-6", "pixi-7"])
@pytest.mark.parametrize("layout", ["online", "embedded"])
def test_an_archive_of_the_folder_stands_for_a_source_package(
    lock_version: str, layout: str, bench: Bench, home: Home
) -> None:
    entry = Entry(path="bin/made", content=b'#!/bin/sh\necho "made here"\n', executable=True)
    made = Package(name="made", version="0.7", entries=[entry], depends=["words"])
    source = SourceEntry(
        name="made", version="0.7", build="0", subdir=PLATFORM, path="./recipes/made", depends=["words"]
    )
    settings: dict[str, Any] = {
        "more": [source],
        "lock_version": lock_version,
        "layout": f'"{layout}"',
        "delegate": '"made"',
    }
    directory = bench.write("without", **settings)
    refused = bench.cs("build", cwd=directory, check=False)
    assert "made" in refused.stderr
    assert 'archives = "DIR"' in refused.stderr
    write_package(made, bench.directory / "built")
    shelf = bench.directory / "workspace" / "shelf"
    shutil.copytree(bench.directory / "built" / PLATFORM, shelf)
    runtime = bench.build(archives='"shelf"', **settings)
    assert home.run(runtime).stdout == "made here\n"
    assert_what_was_planned(runtime.parent.parent, home.prefix, home)
