"""What the guide on containers shows: its Dockerfile, as Docker reads it, and what its instructions do."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.commands import Home
from support.scenes import set_scene
from support.stage import Stage
from support.tested_platform import FOR_THIS_MACHINE

pytestmark = pytest.mark.only(FOR_THIS_MACHINE, "the page is about one")

READ_ONLY = 'mount --bind "$0" "$0"; mount -o remount,bind,ro "$0"; exec "$@"'


@pytest.mark.root
@pytest.mark.tools("setpriv", "unshare")
def test_the_dockerfile_of_the_guide_installs_for_another_user(stage: Stage, home: Home, tmp_path: Path) -> None:
    import dockerfile

    page = "docs/how-to/containers.md"
    set_scene(page, stage)
    stage.follow(page)
    workspace = stage.directory
    instructions = {one.cmd.upper(): one for one in dockerfile.parse_file(str(workspace / "Dockerfile"))}
    prefix = tmp_path / "opt" / "demo"
    home.extra["CONDA_SHIP_PREFIX"] = str(prefix)
    assert dict([instructions["ENV"].value[:2]]) == {"CONDA_SHIP_PREFIX": "/opt/demo"}
    assert instructions["RUN"].flags == ("--mount=type=bind,source=dist/demo.bundle.tar.zst,target=/bundle",)
    words = instructions["RUN"].value[0].replace("/bundle", str(workspace / "dist" / "demo.bundle.tar.zst")).split()
    installed = home.run(workspace / "dist" / words[0], *words[1:])
    assert installed.returncode == 0, installed.stderr
    (user,) = instructions["USER"].value
    program = ("setpriv", f"--reuid={user}", "--clear-groups", workspace / "dist" / "demo", "-c", "print('hello')")
    run = home.run("unshare", "--mount", "sh", "-ec", READ_ONLY, prefix, *program)
    assert (run.returncode, run.stdout, run.stderr) == (0, "hello\n", "")
