"""Locks that name archives at paths: built, then run where none of those files is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from support.commands import Command, Home
from support.servers import Server
from support.tested_platform import PLATFORM
from support.workspaces import SPECS, Workspace

MARK = "jane-doe-home"
SETTINGS = {"runtime": '"demo"', "runtime-version": '"1.0"', "delegate": '"python"'}


def copy_archive(record: dict[str, Any], channel_directory: Path, folder: Path) -> Path:
    """Copy a record's archive out of the channel."""
    parts = unquote(urlsplit(record["url"]).path).split("/")[-2:]
    target = folder.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy2(channel_directory.joinpath(*parts), target))


def move_out(record: dict[str, Any], channel_directory: Path, shelf: Path, form: str) -> dict[str, Any]:
    """Return a record whose archive is on the shelf, as a path relative to the workspace or as a URL."""
    path = copy_archive(record, channel_directory, shelf)
    place = path.as_uri() if form == "url" else f"../shelf/{path.parent.name}/{path.name}"
    return {**record, "url": place}


@pytest.mark.parametrize("layout", ["online", "external", "embedded"])
@pytest.mark.parametrize("form", ["path", "url"])
@pytest.mark.parametrize("share", ["some", "all"])
def test_a_runtime_of_local_archives_needs_none_of_their_files(
    layout: str,
    form: str,
    share: str,
    tmp_path: Path,
    channel: Server,
    channel_directory: Path,
    records: list[dict[str, Any]],
    cs: Callable[..., Command],
    home: Home,
) -> None:
    step = 1 if share == "all" else 2
    moved = [move_out(record, channel_directory, tmp_path / MARK / "shelf", form) for record in records[::step]]
    locked = [*moved, *(record for index, record in enumerate(records) if index % step)]
    workspace = Workspace(
        directory=tmp_path / MARK / "workspace",
        specs=SPECS,
        channel_url=channel.url,
        form="pixi.toml",
        lock_version="pixi-7",
        ship={**SETTINGS, "layout": f'"{layout}"'},
    )
    directory = workspace.write({"ship": {PLATFORM: locked}})
    cs("build", cwd=directory)
    released = tmp_path / "released"
    shutil.move(directory / "dist", released)
    cs("verify", released, cwd=tmp_path)
    shutil.rmtree(tmp_path / MARK)
    if share == "all":
        home.extra["DEMO_OFFLINE"] = "1"
    runtime = released / ("demoz" if layout == "embedded" else "demo")
    completed = home.run(runtime, "-c", "import click, jinja2; print('hello')")
    assert (completed.returncode, completed.stdout) == (0, "hello\n"), completed.stderr
    documents = [json.loads(path.read_bytes()) for path in (home.prefix / "conda-meta").glob("*.json")]
    local = {Path(record["url"]).name for record in moved}
    assert {one["fn"] for one in documents if one["url"].startswith("file:///local/")} == local
    assert len(documents) == len(records)
    files = (path for path in [*home.prefix.rglob("*"), *released.iterdir()] if path.is_file())
    assert [path for path in files if not path.is_symlink() and MARK.encode() in path.read_bytes()] == []


def test_a_runtime_without_its_bundle_names_what_comes_with_it(
    tmp_path: Path,
    channel: Server,
    channel_directory: Path,
    records: list[dict[str, Any]],
    cs: Callable[..., Command],
    home: Home,
) -> None:
    path = copy_archive(records[0], channel_directory, tmp_path / "shelf")
    locked = [{**records[0], "url": path.as_uri()}, *records[1:]]
    ship = {**SETTINGS, "layout": '"external"'}
    workspace = Workspace(directory=tmp_path / "workspace", specs=SPECS, channel_url=channel.url, ship=ship)
    directory = workspace.write({"ship": {PLATFORM: locked}})
    cs("build", cwd=directory)
    (directory / "dist" / "demo.bundle.tar.zst").unlink()
    completed = home.run(directory / "dist" / "demo", "-c", "print('hello')")
    assert completed.returncode == 66
    assert f"{path.name} is missing: it comes only with this runtime's bundle" in completed.stderr
