"""What ``cs build`` and ``cs run`` have in common: from arguments to a plan and its materials."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from cs_stamp import select_template

from .build import Materials
from .cache import default_cache_directory
from .console import Console
from .derivation import derive_project, find_platform
from .plan import BuildPlan, plan_build
from .platforms import host_platform, select_platform


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """A build that is ready to be carried out."""

    plan: BuildPlan
    materials: Materials
    console: Console


def prepare_build(arguments: argparse.Namespace, *, label: str | None) -> BuildRequest:
    """Plan what the arguments ask for and find the template, before anything is written."""
    console = Console(quiet=arguments.quiet)
    derivation = derive_project(arguments)
    platform = find_platform(derivation.lock, select_platform(arguments.platform, arguments.target))
    plan = plan_build(derivation, platform=platform, label=label or arguments.target)
    for problem in derivation.lock.warnings:
        console.say(f"warning: {problem}")
    template = select_template(
        explicit=arguments.template,
        scripts_directory=Path(sys.argv[0]).absolute().parent,
        environ=os.environ,
        platform=plan.subdir,
        host_platform=host_platform(),
    )
    cache = arguments.cache_dir or default_cache_directory(os.environ)
    return BuildRequest(
        plan=plan, materials=Materials(template=template, cache=cache, offline=arguments.offline), console=console
    )
