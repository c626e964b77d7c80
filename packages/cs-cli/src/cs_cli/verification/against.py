"""``cs verify --against``: what a workspace gives, compared with a runtime. Nothing is built, run or downloaded."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from cs_bundle import hash_file
from cs_lock import RuntimeLock, derive, read_lock
from cs_stamp import read_stamp

from ..building.plan import BuildPlan, compose_header, plan_build
from ..errors import CliError, advise
from ..options import ProjectOptions
from ..project.derivation import Derivation, derive_project
from ..project.platforms import pick_platform
from ..project.revision import find_revision
from .checks import CheckName, Result, join_names
from .differences import Difference, compare_entries, compare_values, describe_plan
from .documents import take
from .runtime import CheckedRuntime

_FROM_ARCHIVES = ("delegate_path", "installed_size_bytes", "installed_file_count", "prefix_limit_bytes")
"""Fields of the header that a build computes from the packages."""


def check_against(result: Result, runtime: CheckedRuntime, options: ProjectOptions) -> None:
    """Derive lock, plan and header from a workspace, and compare each with the runtime's.

    :param options: name the workspace, and the settings that the build had on its command line.
    """
    comparisons: list[_Comparison] = []

    def derive_plan() -> str:
        derivation = derive_project(options)
        is_version_known = derivation.config.runtime_version is not None
        plan = _plan(runtime, derivation)
        comparisons.append(_Comparison(result, runtime, plan, is_version_known=is_version_known))
        return f"derived from {derivation.project.manifest_path}"

    if result.attempt(runtime.name, "against-workspace", derive_plan):
        (comparison,) = comparisons
        comparison.compare_inputs()
        comparison.compare_header()
        comparison.compare_lock()
        comparison.compare_plan()


def _plan(runtime: CheckedRuntime, derivation: Derivation) -> BuildPlan:
    header, config = runtime.report.header, derivation.config
    if config.runtime_version is None:
        config = replace(config, runtime_version=header.runtime_version)
    platforms = derivation.lock.platforms
    name = name_platform(runtime)
    named = [one for one in platforms if one.name == name and one.subdir == header.platform]
    platform = named[0] if named else pick_platform(platforms, header.platform, flag=None)
    label = header.artifact_name.removeprefix(f"{config.artifact_name}-")
    return plan_build(
        replace(derivation, config=config),
        platform=platform.name,
        label=label if label != header.artifact_name else None,
        revision=find_revision(derivation.project),
    )


def name_platform(runtime: CheckedRuntime) -> str:
    """Return the workspace's name of a runtime's platform, as far as its build says."""
    stated = None if runtime.info is None else runtime.info.get("lock_platform")
    if stated is None and runtime.statement is not None:
        stated = runtime.statement["buildDefinition"]["externalParameters"].get("platform")
    return stated if isinstance(stated, str) else runtime.report.header.platform


class _Comparison:
    """A runtime and the plan that its workspace gives."""

    def __init__(self, result: Result, runtime: CheckedRuntime, plan: BuildPlan, *, is_version_known: bool) -> None:
        self._result, self._runtime, self._plan = result, runtime, plan
        self._is_version_known = is_version_known
        self._lock = plan.derivation.lock
        self._pending = {
            f"{'wheel' if one.kind == 'pypi' else 'conda'}:{one.name}" for one in self._lock.pending(plan.platform)
        }

    def compare_inputs(self) -> None:
        """Say whether manifest and lock are the files that the build read; others may give the same."""
        if self._runtime.info is None:
            return
        if differing := list(self._list_other_inputs(self._runtime.info)):
            self._leave("against-inputs", f"not the files that the build read: {join_names(differing)}")
        else:
            self._result.attempt(
                self._runtime.name, "against-inputs", lambda: "manifest and lock are those of the build"
            )

    def _list_other_inputs(self, info: Mapping[str, Any]) -> Iterator[str]:
        project = self._plan.derivation.project
        for key, path in {"manifest": project.manifest_path, "source_lock": project.source_lock_path}.items():
            # Anyone may have written it, and the other checks do not need this part.
            with contextlib.suppress(ValueError):
                if take(info, str, "inputs", key, "sha256") == hash_file(path):
                    continue
            yield key

    def compare_header(self) -> None:
        """Compare the header, field by field, without what only a build can know."""
        left = list(self._list_underivable())
        expected, actual = (asdict(one) for one in (compose_header(self._plan, None), self._runtime.report.header))
        for name in left:
            del expected[name], actual[name]
        condarc = [{"condarc": one.pop("condarc")} for one in (expected, actual)]
        self._report("against-header", compare_values(expected, actual), f"{len(expected)} fields are the same")
        self._report("against-condarc", compare_values(*condarc), "the condarc is the same")
        if left:
            self._leave("against-header", f"not derived without building: {', '.join(sorted(left))}")

    def _list_underivable(self) -> Iterator[str]:
        plan, header = self._plan, self._runtime.report.header
        yield "builder"
        if plan.needs_archives:
            yield from _FROM_ARCHIVES
        if not self._is_version_known:
            yield "runtime_version"
        if self._pending:
            yield "install_name"
        if plan.revision is None and header.source_revision is not None:
            yield "source_revision"

    def compare_lock(self) -> None:
        """Compare the runtime lock, record by record."""
        if self._lock.errors or any(self._lock.pending(one) for one in self._lock.platforms):
            self._leave("against-lock", "not derived without building: it lists archives that are built from source")
            return
        with read_stamp(self._runtime.path) as stamp:
            data = stamp.read_lock()
        differences = [] if data == self._plan.lock else list(self._compare_records(data))
        self._report("against-lock", iter(differences), f"the lock is the same, {len(data)} bytes")

    def _compare_records(self, data: bytes) -> Iterator[Difference]:
        found = list(compare_entries(_list_records(self._lock), _list_records(_parse_lock(data))))
        yield from found or [Difference(key="form", expected="the same records and bytes", actual="other bytes")]

    def compare_plan(self) -> None:
        """Compare the plan, package by package; those that are built from source are named."""
        expected, actual = (describe_plan(one) for one in (self._plan.package_plan, self._runtime.report.plan))
        for name in self._pending:
            expected.pop(name, None)
            actual.pop(name, None)
        if self._pending:
            actual["schema_version"] = expected["schema_version"]
            names = join_names(sorted(self._pending))
            self._leave("against-archives", f"built from source, not compared: {names}; {advise('unbuilt')}")
        count = sum(":" in name for name in expected)
        self._report("against-plan", compare_entries(expected, actual), f"{count} packages are the same")

    def _leave(self, check: CheckName, detail: str) -> None:
        self._result.leave(self._runtime.name, check, detail)

    def _report(self, check: CheckName, differences: Iterator[Difference], same: str) -> None:
        """Record each difference as a check, or that there is none."""
        found = list(differences)
        for one in found:
            self._result.fail(self._runtime.name, check, _describe(self._runtime.path, one))
        if not found:
            self._result.attempt(self._runtime.name, check, lambda: same)


def _describe(path: Path, difference: Difference) -> CliError:
    return CliError(
        difference.text,
        kind="source-mismatch",
        path=path,
        key=difference.key,
        expected=difference.expected or "nothing",
        actual=difference.actual or "nothing",
    )


def _parse_lock(data: bytes) -> RuntimeLock:
    with tempfile.TemporaryDirectory(prefix="cs-verify-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "runtime.lock"
        path.write_bytes(data)
        return derive(read_lock(path), environment="default", strict=False)


def _list_records(lock: RuntimeLock) -> dict[str, Any]:
    """Return the records of a lock by platform and name."""
    records: dict[str, Any] = {}
    for platform in lock.platforms:
        conda, wheels = lock.packages(platform), lock.wheels(platform)
        records |= {f"{platform.name}/{one.name}": one.to_record_json() for one in conda}
        records |= {f"{platform.name}/pypi:{one.name}": _describe_wheel(one) for one in wheels}
    return records


def _describe_wheel(wheel: Any) -> dict[str, Any]:
    names = ("version", "file_name", "url", "sha256", "requires_dist", "requires_python")
    return {name: getattr(wheel, name) for name in names}
