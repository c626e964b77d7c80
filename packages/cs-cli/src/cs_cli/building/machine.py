"""What wheels are built with: the Python that runs ``cs``, or the environment's own."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ..archives.remembered import read_archives
from ..archives.store import ArchiveStore, archives_of_packages
from ..archives.supplies import Supplies
from ..project.derivation import Derivation
from ..project.platforms import host_platform
from ..terminal.console import Console
from ..wheels.building import BuildMachine
from .plan import BuildPlan, plan_build
from .temporary_prefix import TemporaryPrefix, install_temporary_prefix


def choose_machine(
    derivation: Derivation, template: Path | None, store: ArchiveStore, scratch: Path, console: Console
) -> BuildMachine:
    """Choose what wheels are built with.

    The workspace's own projects are built in the Python that runs ``cs``. With ``build-wheels = "all"``, everything is
    built in the environment's own Python, which the template installs together with all other conda packages: compiled
    projects need that Python, and may need compilers and libraries of the environment.

    :param template: for this machine's platform; ``None`` if nothing is built for it: then no compiled wheel would fit.
    :param scratch: directory that lasts as long as wheels are built.
    :raises CliError: ``prefix-failed`` if the packages cannot be installed.
    """
    config = derivation.config
    plain = BuildMachine(constraints=config.build_constraints, offline=store.offline)
    plan = None if template is None or config.build_wheels != "all" else _plan_conda(derivation)
    if plan is None or template is None:
        return plain
    console.say("installing the environment's own Python, to build wheels in it")
    wanted = archives_of_packages(plan.records, plan.lock_directory)

    def install(archives: Sequence[Path]) -> TemporaryPrefix:
        supplies = Supplies(wanted=wanted, archives=tuple(archives), contents=tuple(read_archives(archives)))
        work = Path(tempfile.mkdtemp(prefix="environment-", dir=scratch))
        return install_temporary_prefix(
            plan, template, supplies, work, delegate="python", delegate_path=None, activation="full"
        )

    prefix = store.use(wanted, console, install)
    return replace(plain, python=prefix.python, environ=prefix.activate())


def _plan_conda(derivation: Derivation) -> BuildPlan | None:
    """Plan to install the conda packages for this machine; ``None`` if no Python is among them."""
    platforms = [one for one in derivation.lock.platforms if one.subdir == host_platform()]
    if not platforms:
        return None
    plan = plan_build(derivation, platform=platforms[0].name, label=None)
    if plan.package_plan.python is None:
        return None
    return replace(plan, lock=b"version: 7\n", wheels=(), package_plan=replace(plan.package_plan, wheels=()))
