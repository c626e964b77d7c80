"""What ``cs build`` and ``cs run`` have in common: from options to a plan and its materials."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from cs_stamp import StampError, Template, TemplateNotFoundError, installed_directories, select_template

from ..archives.store import open_store
from ..errors import CliError, PlatformFault, render_problem
from ..options import BuildingOptions, BuildOptions
from ..project.derivation import Derivation, derive_project
from ..project.platforms import ALL_PLATFORMS, choose_platform, host_platform
from ..project.protected_inputs import list_inputs
from ..terminal.console import Console
from .bytecode import require_compiler
from .execution import Materials
from .plan import BuildPlan, plan_build, refuse_collisions


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """A build that is ready to be carried out."""

    plan: BuildPlan
    materials: Materials
    console: Console


def prepare_build(options: BuildingOptions) -> BuildRequest:
    """Plan a build for one platform and find its template, before anything is written."""
    derivation = derive_project(options)
    platform = choose_platform(derivation.lock.platforms, options.platform, options.target)
    plan = plan_build(derivation, platform=platform.name, label=options.label)
    return _prepare(options, derivation, [plan])[0]


def prepare_builds(options: BuildOptions) -> tuple[BuildRequest, ...]:
    """Plan a build for each platform that was asked for, and find all templates, before anything is written.

    :raises CliError: ``platforms-unready`` if one of several platforms cannot be built for, with a problem for each.
    """
    if options.platform != ALL_PLATFORMS:
        return (prepare_build(options),)
    if options.label is not None:
        flag = "--target-label" if options.target_label else "--target"
        message = f"a build for the platform {ALL_PLATFORMS!r} names the files after the platforms"
        raise CliError(message, kind="target-conflict", flag=flag)
    derivation = derive_project(options)
    plans = [plan_build(derivation, platform=one.name, label=one.name) for one in derivation.lock.platforms]
    refuse_collisions(plans)
    return _prepare(options, derivation, plans)


def _prepare(options: BuildingOptions, derivation: Derivation, plans: list[BuildPlan]) -> tuple[BuildRequest, ...]:
    console, store = Console(quiet=options.quiet), open_store(options)
    for problem in derivation.warnings:
        console.warn(render_problem(problem.to_dict()))
    templates, faults = _find_templates(options, plans)
    unsupported = [fault for fault in faults if fault.error.kind == "platform-unsupported"]
    if len(faults) > len(unsupported) or not templates:
        raise _refuse(faults, len(plans))
    for fault in unsupported:
        console.warn(f"{fault.platform}: {fault.error.message}")
    inputs = list_inputs(derivation, templates=[template.path for _, template in templates])
    return tuple(
        BuildRequest(plan=plan, materials=Materials(template=template, store=store, inputs=inputs), console=console)
        for plan, template in templates
    )


def _find_templates(
    options: BuildingOptions, plans: list[BuildPlan]
) -> tuple[list[tuple[BuildPlan, Template]], list[PlatformFault]]:
    """Find the template of each plan, and everything that is missing."""
    found, faults = [], []
    directories = installed_directories()
    for plan in plans:
        try:
            found.append((plan, _find_template(options, plan.subdir, directories)))
            if len(plans) > 1:
                require_compiler(plan)
        except (CliError, StampError) as error:
            faults.append(PlatformFault(platform=plan.platform, error=error))
    return found, faults


def _refuse(faults: list[PlatformFault], count: int) -> CliError | StampError:
    """Return what is missing as one error: the error itself if one platform was asked for."""
    if count == 1:
        error: CliError | StampError = faults[0].error
        return error
    missing = all(isinstance(fault.error, TemplateNotFoundError) for fault in faults)
    return CliError(
        f"nothing was built: {len(faults)} of {count} platforms are not ready",
        kind="platforms-unready",
        problems=faults,
        hint='run `pip install "cs-cli[templates]"` for the templates of all platforms' if missing else None,
    )


def _find_template(options: BuildingOptions, subdir: str, directories: tuple[Path, ...]) -> Template:
    return select_template(
        explicit=options.template,
        scripts_directory=Path(sys.argv[0]).absolute().parent,
        directories=directories,
        environ=os.environ,
        platform=subdir,
        host_platform=host_platform(),
    )
