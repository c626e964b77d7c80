"""From options to a runtime lock: find the project, read it, derive what ships."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cs_lock import Problem, RuntimeLock, SourceLock, derive, read_lock
from cs_manifest import (
    ErrorKind,
    ManifestError,
    OverrideError,
    Platform,
    Project,
    RequestedSpec,
    ShipConfig,
    align_platforms,
    ask_version,
    combine_specs,
    constrained_specs,
    describes_workspace,
    discover,
    list_environments,
    load_config,
    read_environment,
    requested_specs,
)

from ..errors import CliError, advise
from ..licenses.checks import LicensedPackage, WheelLicenses, list_licenses
from ..licenses.policy import LicensePolicy, read_policy
from ..options import ProjectOptions
from ..problem_text import fold_problems
from ..terminal.console import format_count
from ..wheels.origins import SuppliedArchive
from ..wheels.outlook import plan_supplies
from ..wheels.supplies import Outlook
from .logs import backend_log
from .places import TABLE, SettingPlaces
from .staleness import check_constraints, check_environment, check_requests

if TYPE_CHECKING:
    from ..archives.store import ArchiveStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """Everything that is known of a build before it reads an archive.

    :ivar requested: what the workspace asks for on the platforms of the lock.
    :ivar lock: its platforms have the workspace's names.
    :ivar problems: what is wrong with the lock, by itself and compared with its manifest, errors first.
    :ivar license_policy: what ``deny-licenses`` says.
    :ivar outlook: how the packages that the lock knows only as source get their archives.
    :ivar archives: these archives, once the lock is settled with them.
    :ivar lock_check: whether the lock had to match the manifest.
    :ivar places: where the settings stand.
    """

    project: Project
    config: ShipConfig
    requested: tuple[RequestedSpec, ...]
    source: SourceLock
    lock: RuntimeLock
    problems: tuple[Problem, ...]
    license_policy: LicensePolicy = field(default_factory=LicensePolicy)
    outlook: Outlook = field(default_factory=Outlook)
    archives: tuple[SuppliedArchive, ...] = ()
    lock_check: bool = True
    places: SettingPlaces

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Problems that do not keep the environment from shipping."""
        return tuple(problem for problem in self.problems if problem.severity == "warning")

    @property
    def can_ship(self) -> bool:
        """Whether no problem is an error."""
        return len(self.warnings) == len(self.problems)

    @property
    def is_pending(self) -> bool:
        """Whether packages still need an archive, so that the runtime lock cannot be written yet."""
        return any(self.lock.pending(platform) for platform in self.lock.platforms)

    def requested_on(self, platform: str) -> dict[str, str]:
        """Map the conda packages that the workspace asks for on a platform to their match specs.

        :param platform: the workspace's name of the platform.
        """
        return combine_specs([spec for spec in self.requested if spec.kind == "conda"], platform)

    def names_requested_on(self, platform: str) -> frozenset[str]:
        """Name the packages, of both kinds, that the workspace asks for on a platform.

        :param platform: the workspace's name of the platform.
        """
        return frozenset(spec.name for spec in self.requested if spec.holds_for(platform))

    def list_licenses(
        self, platforms: Iterable[str], wheel_licenses: WheelLicenses
    ) -> dict[str, list[LicensedPackage]]:
        """List what ships with its licence, by platform.

        :param platforms: the workspace's names of platforms.
        :param wheel_licenses: of the wheels that could be read.
        """
        lock = self.lock
        return {
            name: list_licenses((*lock.packages(name), *lock.wheels(name)), wheel_licenses, lock.pending(name))
            for name in platforms
        }


def derive_project(options: ProjectOptions, *, strict: bool = True) -> Derivation:
    """Read manifest and source lock and derive the runtime lock.

    Only a build runs code of the project, and only if nothing else states the runtime's version.

    :param strict: refuse an environment that cannot ship; otherwise the ``problems`` say why it cannot.
    :raises ManifestError: if the manifest is invalid.
    :raises LockError: if the lock is invalid.
    :raises CliError: ``stale-lock`` or ``missing-environment`` if the two do not match.
    """
    project = discover(options.root, manifest=options.manifest, source_lock=options.source_lock)
    config = read_settings(project, options.overrides)
    places = SettingPlaces(project=project, flags=frozenset(options.overrides))
    policy = _read_policy(config, places)
    source = read_lock(project.source_lock_path)
    environment = config.source_environment
    _require_environment(project, source, environment, is_flag="source-environment" in options.overrides)
    platforms, problems = _adopt_platforms(project, source, environment)
    requested = requested_specs(project, environment, platforms)
    if options.lock_check:
        _require_packages(project, source, environment)
        problems += check_requests(project, source, environment, requested)
        constraints = constrained_specs(project, environment, platforms)
        problems += check_constraints(project, source, environment, constraints)
    if strict:
        _require_fresh(project, problems, platforms)
    lock = _derive_lock(source, config, requested, platforms)
    outlook = plan_supplies(places, config, source, lock, lambda: _open_store(options))
    if strict:
        _require_shippable(lock, outlook, places)
    if config.runtime_version is None:
        if options.may_run_code:
            with backend_log(config.runtime) as log:
                version = ask_version(project, offline=options.offline, log=log)
            config = replace(config, runtime_version=version)
        else:
            problems.append(_unknown_version())
    found = sorted([*problems, *map(places.point, lock.problems), *outlook.problems], key=lambda one: one.severity)
    return Derivation(
        project=project,
        config=config,
        requested=requested,
        source=source,
        lock=lock,
        problems=tuple(found),
        license_policy=policy,
        outlook=outlook,
        lock_check=options.lock_check,
        places=places,
    )


def _derive_lock(
    source: SourceLock,
    config: ShipConfig,
    requested: Sequence[RequestedSpec],
    platforms: Iterable[Platform],
) -> RuntimeLock:
    """Derive the runtime lock of the environment that ships, with its errors."""
    return derive(
        source,
        environment=config.source_environment,
        exclude=config.exclude,
        require=config.require,
        requested={
            platform.name: frozenset(_label(spec) for spec in requested if spec.holds_for(platform.name))
            for platform in platforms
        },
        features={_label(spec): spec.feature for spec in requested},
        strict=False,
    )


def _open_store(options: ProjectOptions) -> ArchiveStore:
    # Imported on use: most locks name no file that is gone.
    from ..archives.store import open_store

    return open_store(options)


def _label(spec: RequestedSpec) -> str:
    """Name a requested package with its kind: a PyPI package may have the name of a conda package."""
    return f"{'pypi' if spec.kind == 'pypi' else 'conda'}:{spec.name}"


def read_settings(project: Project, overrides: Mapping[str, object]) -> ShipConfig:
    """Read the settings of a build; an error in one from the command line names its flag.

    :raises ManifestError: if the manifest is invalid.
    :raises CliError: if the command line is invalid.
    """
    try:
        return load_config(project, overrides)
    except OverrideError as error:
        raise CliError(
            error.message,
            kind=error.kind,
            expected=error.expected,
            actual=error.actual,
            hint=error.hint,
            flag=f"--{error.key}",
        ) from error


def _read_policy(config: ShipConfig, places: SettingPlaces) -> LicensePolicy:
    """Read ``deny-licenses``; an error points at the manifest, or names the flag.

    :raises CliError: if an entry is not a licence of the SPDX list.
    """
    try:
        return read_policy(config.deny_licenses)
    except CliError as error:
        wrong, expected, hint = error.actual, error.expected, error.hint
        place = places.find("deny-licenses", lambda item: isinstance(item, str) and " ".join(item.split()) == wrong)
        flag = None if "path" in place else place["key"]
        raise CliError(
            error.message, kind=error.kind, expected=expected, actual=wrong, hint=hint, flag=flag, **place
        ) from None


def _unknown_version() -> Problem:
    return Problem(
        kind="version-unknown",
        severity="warning",
        message="the runtime's version is not known yet: only a build asks the project's build backend for it",
        key="tool.conda-ship.runtime-version",
        hint=advise("version-unknown", "to know it earlier, make [project].version static"),
    )


def _require_environment(project: Project, source: SourceLock, environment: str, *, is_flag: bool) -> None:
    """Report an environment that was not locked yet, or that does not exist at all.

    :param is_flag: whether the command line names it.
    """
    if environment in source.environments:
        return
    if environment in list_environments(project) and describes_workspace(project):
        raise CliError(
            f"environment {environment!r} is in the manifest but not in the lock: lock the workspace again",
            kind="missing-environment",
            path=source.path,
            expected=f"the environment {environment!r}",
            actual=", ".join(source.environments) or "none",
            hint=f"run `{project.kind.lock_command}`",
        )
    if source.environments:
        raise _unknown_environment(project, source, environment, is_flag=is_flag)


def _unknown_environment(
    project: Project, source: SourceLock, environment: str, *, is_flag: bool
) -> ManifestError | CliError:
    from cs_lock import did_you_mean

    known = ", ".join(source.environments)
    kind: ErrorKind = "environment-not-found"
    message = f"the workspace has no environment {environment!r}"
    hint = did_you_mean(environment, source.environments) or f"the environments are: {known}"
    if is_flag:
        return CliError(message, kind=kind, expected=f"one of {known}", hint=hint, flag="--source-environment")
    key = (*TABLE, "source-environment")
    return project.document.error(message, kind=kind, key=key, expected=f"one of {known}", hint=hint)


def _require_packages(project: Project, source: SourceLock, environment: str) -> None:
    """Report a lock without packages for an environment whose manifest now asks for some."""
    if source.platforms(environment):
        return
    requested = requested_specs(project, environment)
    names = sorted({spec.name for spec in requested if not (spec.is_conditional or spec.is_virtual)})
    if names:
        raise CliError(
            f"the lock has no packages for the environment {environment!r}, but the manifest asks for {names[0]}",
            kind="stale-lock",
            path=source.path,
            hint=f"run `{project.kind.lock_command}`",
        )


def _adopt_platforms(
    project: Project, source: SourceLock, environment: str
) -> tuple[tuple[Platform, ...], list[Problem]]:
    """Give the lock's platforms the names that the workspace has for them.

    :returns: the platforms of the lock, and how manifest and lock differ in them.
    """
    locked = [
        Platform(
            name=one.name,
            subdir=one.subdir,
            virtual_packages=tuple((name, version) for name, _, version in map(_split, one.virtual_packages)),
        )
        for one in source.platforms(environment)
    ]
    if not describes_workspace(project):
        return tuple(locked), []
    described = read_environment(project, environment)
    aligned = align_platforms(described.platforms, locked)
    strangers = [platform for platform in locked if platform.name not in aligned]
    source.rename_platforms(environment, {name: platform.name for name, platform in aligned.items()})
    problems = check_environment(project, source, described, strangers)
    return tuple(aligned.get(platform.name, platform) for platform in locked), problems


def _split(virtual_package: str) -> tuple[str, str, str]:
    return virtual_package.partition("=")


def _require_fresh(project: Project, problems: Sequence[Problem], platforms: Sequence[Platform]) -> None:
    stale = [problem for problem in problems if problem.severity == "error"]
    if stale:
        raise CliError(
            "the lock does not match the manifest",
            kind="stale-lock",
            path=project.source_lock_path,
            hint=advise("outdated", f"run `{project.kind.lock_command}`"),
            problems=stale,
            platforms=[platform.name for platform in platforms],
        )


def _require_shippable(lock: RuntimeLock, outlook: Outlook, places: SettingPlaces) -> None:
    """Refuse a lock with errors; packages without an archive are named with them, so that all can be mended at once."""
    if not lock.errors:
        return
    problems = (*map(places.point, lock.errors), *outlook.errors)
    count = format_count(len(fold_problems(problems)), "problem")
    raise CliError(
        f"the environment {lock.environment!r} cannot ship: {count}",
        kind="unshippable",
        path=outlook.lock_path,
        problems=problems,
        platforms=outlook.platforms,
    )
