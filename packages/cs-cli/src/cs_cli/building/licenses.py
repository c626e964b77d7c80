"""Refuse to build what ``deny-licenses`` denies, as early as it is known."""

from __future__ import annotations

from collections.abc import Iterable

from ..archives.store import ArchiveStore, archives_of_packages
from ..errors import CliError
from ..licenses.checks import WheelLicenses, check_licenses, read_wheel_licenses, recall_wheel_licenses
from ..problem_warnings import warn_of_problems
from ..project.derivation import Derivation
from ..terminal.console import Console
from .plan import BuildPlan


def check_known_licenses(
    derivation: Derivation, platforms: Iterable[str], store: ArchiveStore, console: Console, *, is_last: bool
) -> None:
    """Check what the lock and the wheels on this machine state; nothing is downloaded.

    :param platforms: the workspace's names of those to build for.
    :param is_last: whether no build follows, which would warn of the rest.
    :raises CliError: ``license-denied``.
    """
    if derivation.license_policy.is_empty:
        return
    names = tuple(platforms)
    wheels = [wheel for name in names for wheel in derivation.lock.wheels(name)]
    licenses = recall_wheel_licenses(wheels, store, derivation.project.lock_directory)
    _check(derivation, names, licenses, console if is_last else None)


def check_all_licenses(plan: BuildPlan, store: ArchiveStore, console: Console) -> None:
    """Check the packages of a plan; wheels that nobody has read are downloaded for it, also for an online runtime.

    :raises CliError: ``license-denied``.
    :raises BundleError: if a wheel is not available.
    """
    if plan.derivation.license_policy.is_empty:
        return
    wanted = archives_of_packages(plan.wheels, plan.lock_directory)
    # fetch, not provide: others may write to the cache, and only digests tell.
    licenses = read_wheel_licenses(store.fetch(wanted, console)) if wanted else {}
    _check(plan.derivation, [plan.platform], licenses, console)


def _check(derivation: Derivation, platforms: Iterable[str], licenses: WheelLicenses, console: Console | None) -> None:
    problems = check_licenses(derivation.license_policy, derivation.list_licenses(platforms, licenses))
    denied = [problem for problem in problems if problem.severity == "error"]
    if len(denied) == 1:
        raise CliError(denied[0].message, kind=denied[0].kind, hint=denied[0].hint)
    if denied:
        hint = denied[0].hint
        raise CliError("licences of several packages must not ship", kind="license-denied", hint=hint, problems=denied)
    if console is not None:
        warn_of_problems(problems, derivation, console)
