"""What ``cs build`` and ``cs run`` have in common: from options to a plan and its materials."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cs_lock import Platform
from cs_stamp import (
    StampError,
    Template,
    TemplateNotFoundError,
    installed_directories,
    installed_scripts,
    select_template,
)

from ..archives.store import ArchiveStore, open_store
from ..companions.inventory import read_epoch
from ..companions.spdx import require_spdx
from ..errors import CliError, PlatformFault, name_installs
from ..options import BuildingOptions, BuildOptions
from ..problem_warnings import warn_of_problems
from ..project.derivation import Derivation, derive_project
from ..project.platforms import ALL_PLATFORMS, choose_platform, host_platform
from ..project.protected_inputs import list_inputs
from ..project.revision import find_revision, is_in_repository
from ..signing.signer import hidden_passphrase, load_signer
from ..terminal.console import Console
from ..wheels.supplies import require_supplies
from .bytecode import require_compiler
from .execution import Materials
from .licenses import check_known_licenses
from .plan import BuildPlan, plan_build, refuse_collisions

if TYPE_CHECKING:
    from ..signing.keys import PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """A build that is ready to be carried out."""

    plan: BuildPlan
    materials: Materials
    console: Console


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """A platform to build for."""

    platform: Platform
    template: Template


@contextlib.contextmanager
def prepared_build(options: BuildingOptions) -> Iterator[BuildRequest]:
    """Plan a build for one platform, before anything is written; wheels that it needs exist until the block ends."""
    with hidden_passphrase(os.environ) as secrets:
        derivation = derive_project(options)
        platform = choose_platform(derivation.lock.platforms, options.platform, options.target)
        with _prepared(options, derivation, [platform], secrets) as requests:
            yield requests[0]


@contextlib.contextmanager
def prepared_builds(options: BuildOptions) -> Iterator[tuple[BuildRequest, ...]]:
    """Plan a build for each platform that was asked for, and find all templates, before anything is written.

    :raises CliError: ``platforms-unready`` if one of several platforms cannot be built for, with a problem for each.
    """
    if options.platform != ALL_PLATFORMS:
        with prepared_build(options) as request:
            yield (request,)
        return
    if options.label is not None:
        flag = "--target-label" if options.target_label else "--target"
        message = f"a build for the platform {ALL_PLATFORMS!r} names the files after the platforms"
        raise CliError(message, kind="target-conflict", flag=flag)
    with hidden_passphrase(os.environ) as secrets:
        derivation = derive_project(options)
        with _prepared(options, derivation, derivation.lock.platforms, secrets) as requests:
            yield requests


@contextlib.contextmanager
def _prepared(
    options: BuildingOptions, derivation: Derivation, platforms: Sequence[Platform], secrets: Mapping[str, str]
) -> Iterator[tuple[BuildRequest, ...]]:
    console, store = Console(quiet=options.quiet, verbose=options.verbose), open_store(options)
    read_epoch(os.environ)  # refused now, not after all downloads
    warn_of_problems(derivation.warnings, derivation, console)
    if derivation.config.sbom == "spdx":
        require_spdx(os.environ, console)
    targets = _find_targets(options, derivation, platforms, console)
    revision = find_revision(derivation.project)
    if revision is None and is_in_repository(derivation.project.manifest_path.parent, os.environ):
        console.warn(
            "the revision of the workspace is not recorded: its manifest is not in a commit, or git cannot read the "
            "repository; `git status` says why"
        )
    key = _load_key(options, secrets, console)
    with tempfile.TemporaryDirectory(prefix="cs-wheels-", ignore_cleanup_errors=True) as scratch:
        derivation = _settle(options, derivation, targets, store, Path(scratch), console)
        names = [one.platform.name for one in targets]
        check_known_licenses(derivation, names, store, console, is_last=not options.may_run_code)
        is_only = options.platform != ALL_PLATFORMS
        plans = [
            plan_build(
                derivation,
                platform=one.platform.name,
                label=options.label if is_only else one.platform.name,
                revision=revision,
            )
            for one in targets
        ]
        refuse_collisions(plans)
        inputs = list_inputs(
            derivation, templates=[one.template.path for one in targets], secrets=_list_secrets(options)
        )
        yield tuple(
            BuildRequest(
                plan=plan,
                materials=Materials(template=one.template, store=store, inputs=inputs, key=key),
                console=console,
            )
            for plan, one in zip(plans, targets, strict=True)
        )


def _load_key(options: BuildingOptions, secrets: Mapping[str, str], console: Console) -> PrivateKey | None:
    """Load the key to sign with, if there is one, before anything takes long."""
    if not isinstance(options, BuildOptions) or options.signing is None:
        return None
    return load_signer(options.signing, options.out_dir, secrets, console)


def _list_secrets(options: BuildingOptions) -> list[Path]:
    signing = options.signing if isinstance(options, BuildOptions) else None
    return [] if signing is None else [path for path in (signing.key, signing.passphrase_file) if path is not None]


def _settle(
    options: BuildingOptions,
    derivation: Derivation,
    targets: Sequence[_Target],
    store: ArchiveStore,
    scratch: Path,
    console: Console,
) -> Derivation:
    """Provide the archives of what the lock knows only as source; a dry run only checks whether that is possible."""
    names = [one.platform.name for one in targets]
    require_supplies(derivation.outlook, names)
    if not derivation.is_pending or not options.may_run_code:
        return derivation
    # Imported on use: most builds need none.
    from ..wheels.settlement import Settler
    from ..wheels.sources import SourceKeeper
    from .machine import choose_machine

    keeper = SourceKeeper(
        root=derivation.project.root,
        lock_directory=derivation.project.lock_directory,
        scratch=scratch,
        store=store,
        console=console,
    )
    templates = {one.platform.subdir: one.template.path for one in targets}
    settler = Settler(
        keeper, lambda: choose_machine(derivation, templates.get(host_platform()), store, scratch, console), console
    )
    settled = settler.settle(derivation.lock, derivation.outlook, names)
    warn_of_problems(settled.problems, derivation, console)
    return replace(derivation, lock=settled.lock, archives=settled.archives)


def _find_targets(
    options: BuildingOptions, derivation: Derivation, platforms: Sequence[Platform], console: Console
) -> list[_Target]:
    """Find the template of each platform; of several, those that no template exists for are left out.

    :raises CliError: if another one is missing, or none is left.
    """
    found, faults = [], []
    directories = installed_directories()
    for platform in platforms:
        try:
            found.append(
                _Target(platform=platform, template=find_template(options.template, platform.subdir, directories))
            )
            if len(platforms) > 1:
                require_compiler(derivation, platform.subdir)
        except (CliError, StampError) as error:
            faults.append(PlatformFault(platform=platform.name, error=error))
    unsupported = [fault for fault in faults if fault.error.kind == "platform-unsupported"]
    if len(faults) > len(unsupported) or not found:
        raise _refuse(faults, len(platforms))
    for fault in unsupported:
        console.warn(f"{fault.platform}: {fault.error.message}")
    return found


def _refuse(faults: list[PlatformFault], count: int) -> CliError | StampError:
    """Return what is missing as one error: the error itself if one platform was asked for."""
    if count == 1:
        error: CliError | StampError = faults[0].error
        return error
    missing = all(isinstance(fault.error, TemplateNotFoundError) for fault in faults)
    hint = f"run {name_installs('cs-cli[templates]')} for the templates of all platforms"
    return CliError(
        f"nothing was built: {len(faults)} of {count} platforms are not ready",
        kind="platforms-unready",
        problems=faults,
        hint=f"{hint}, or set CONDA_SHIP_TEMPLATES to a directory of templates" if missing else None,
    )


def find_template(given: Path | None, subdir: str, directories: tuple[Path, ...]) -> Template:
    """Find the template of a platform, where every command looks for one.

    :param given: an executable, or a directory of templates.
    :param directories: of installed templates.
    :raises StampError: if there is none, or it cannot be stamped.
    """
    return select_template(
        explicit=given,
        scripts_directories=installed_scripts(),
        directories=directories,
        environ=os.environ,
        platform=subdir,
        host_platform=host_platform(),
    )
