"""The builder looks into wheels without installing them: it must know the commands that a runtime installs."""

from __future__ import annotations

from pathlib import Path

from cs_cli.archives.contents import read_contents
from cs_cli.delegate.lookup import list_executables
from support.channel.host_python import SHORT
from support.pypi.installing import Site
from support.tested_platform import PLATFORM


def test_the_builder_knows_the_commands_that_a_runtime_installs(site: Site, awkward_wheels: list[Path]) -> None:
    site.empty()
    completed = site.bootstrap(awkward_wheels)
    assert completed.returncode == 0, completed.stderr
    installed = {path for path in site.describe_new() if path.startswith("bin/")}
    known = {path for wheel in awkward_wheels for path in list_executables(read_contents(wheel), PLATFORM)}
    assert installed - known == {f"bin/pip{SHORT}"}
    assert known <= installed
    assert len(known) > 10
