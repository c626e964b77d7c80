"""The situations in which readers follow the pages: what they have before the first command."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from repositories import commit_all, git

from .pages import ROOT, find_blocks, list_pages, read_page
from .stage import Stage
from .tested_platform import PLATFORM

ADDRESS = "https://github.com/OWNER/demo"
CONDA_FORGE = "https://conda.anaconda.org/conda-forge"
LABEL = f"demoz-{PLATFORM}"

Scene = Callable[[Stage], None]


def set_workspace(stage: Stage, **ship: str) -> None:
    """The reader is in a clone of a workspace, of which ``cs`` can ship an environment: ``demo`` 1.0, ``python``.

    :param ship: keys of ``[tool.conda-ship]``, as TOML values.
    """
    directory = stage.go_to(stage.make_workspace(**ship))
    commit_all(directory)
    git(directory, "remote", "add", "origin", ADDRESS)
    stage.variables |= {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{directory.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": ADDRESS,
    }


def set_version(stage: Stage) -> None:
    """The same of version 2.1, with its tag."""
    set_workspace(stage, runtime_version='"2.1"')
    git(stage.directory, "tag", "v2.1")


def set_built(stage: Stage, **ship: str) -> None:
    """The same as :func:`set_workspace`, and it is built."""
    set_workspace(stage, **ship)
    stage.run("cs build").check_returncode()


def set_nothing(stage: Stage) -> None:
    """The reader is in an empty directory, and has Pixi."""
    stage.pixi.put(stage.programs)


def set_templates(stage: Stage) -> None:
    """The reader has built a release, and has the templates of ``examples``."""
    set_version(stage)
    stage.run(f"cs build --target-label {PLATFORM}").check_returncode()
    shutil.copytree(ROOT / "examples", stage.directory / "examples")


def set_download(stage: Stage) -> None:
    """The reader has downloaded the runtime of a signed release, and in ``release`` all of it."""
    set_version(stage)
    stage.follow("docs/how-to/sign-a-release.md")
    workspace, download = stage.directory, stage.go_to(stage.directory.parent / "download")
    shutil.copy(workspace / "release.pub", download)
    shutil.copytree(workspace / "dist", download / "release")
    for name in (LABEL, f"{LABEL}.sha256"):
        shutil.copy(workspace / "dist" / name, download)


def set_mirror(stage: Stage) -> None:
    """The reader has a runtime of packages from conda-forge, of which a mirror has copies for those who log in."""
    set_workspace(stage, layout='"online"')
    for name in ("conda.toml", "conda.lock"):
        path = stage.directory / name
        path.write_text(path.read_text(encoding="utf-8").replace(stage.channel.url, CONDA_FORGE), encoding="utf-8")
    stage.run("cs build").check_returncode()
    stage.replaced |= {"https://mirror.example.com/conda-forge": stage.channel.url, "mirror.example.com": "127.0.0.1"}
    stage.channel.asked.clear()


def set_upgrade(stage: Stage) -> None:
    """The reader has installed ``demo`` 1.0, and has downloaded 2.0."""
    for version in ("1.0", "2.0"):
        set_built(stage, name=f"of-{version}", layout='"online"', runtime_version=f'"{version}"')
        shutil.copy(stage.directory / "dist" / "demo", stage.programs)
        if version == "1.0":
            stage.run("demo bootstrap").check_returncode()


def set_cows(stage: Stage) -> None:
    """The reader has the workspace of the tutorial."""
    set_nothing(stage)
    stage.run("pixi init cows && cd cows && pixi add python cowpy").check_returncode()


SCENES: dict[str, Scene] = {
    "docs/how-to/behind-a-firewall.md": set_mirror,
    "docs/how-to/conda-distribution.md": set_nothing,
    "docs/how-to/migrate-from-conda-ship.md": set_nothing,
    "docs/how-to/migrate-from-constructor.md": set_nothing,
    "docs/how-to/package-managers.md": set_templates,
    "docs/how-to/shared-options.md": lambda stage: set_built(stage, layout='"online"'),
    "docs/how-to/ship-your-own-package.md": set_nothing,
    "docs/how-to/upgrade-and-roll-back.md": set_upgrade,
    "docs/how-to/verify-a-download.md": set_download,
    "README.md": set_cows,
    "docs/index.md": set_cows,
    "docs/tutorials/first-runtime.md": set_nothing,
}
"""What a page starts from, unless it is :func:`set_workspace`."""


def list_followed_pages() -> list[str]:
    """Name the pages with commands that tests run."""
    return [page for page in list_pages() if any(block.is_run for block in find_blocks(read_page(page)))]


def set_scene(page: str, stage: Stage) -> None:
    """Let the reader have what a page starts from."""
    SCENES.get(page, set_workspace)(stage)
