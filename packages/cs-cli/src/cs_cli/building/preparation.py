"""What ``cs build`` and ``cs run`` have in common: from options to a plan and its materials."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from cs_stamp import select_template

from ..archives.store import open_store
from ..errors import render_problem
from ..options import BuildingOptions
from ..project.derivation import derive_project
from ..project.platforms import choose_platform, host_platform
from ..project.protected_inputs import list_inputs
from ..terminal.console import Console
from .execution import Materials
from .plan import BuildPlan, plan_build


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """A build that is ready to be carried out."""

    plan: BuildPlan
    materials: Materials
    console: Console


def prepare_build(options: BuildingOptions) -> BuildRequest:
    """Plan the requested build and find the template, before anything is written."""
    console = Console(quiet=options.quiet)
    derivation = derive_project(options)
    platform = choose_platform(derivation.lock.platforms, options.platform, options.target)
    plan = plan_build(derivation, platform=platform.name, label=options.label)
    for problem in derivation.warnings:
        console.warn(render_problem(problem.to_dict()))
    template = select_template(
        explicit=options.template,
        scripts_directory=Path(sys.argv[0]).absolute().parent,
        environ=os.environ,
        platform=plan.subdir,
        host_platform=host_platform(),
    )
    inputs = list_inputs(derivation, template=template.path)
    materials = Materials(template=template, store=open_store(options), inputs=inputs)
    return BuildRequest(plan=plan, materials=materials, console=console)
