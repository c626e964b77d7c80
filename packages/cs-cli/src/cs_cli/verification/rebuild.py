"""``cs verify --rebuild``: build again as the runtime was built, and compare every byte."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from cs_bundle import hash_file
from cs_stamp import installed_directories

from ..building.execution import build_artifacts
from ..building.preparation import find_template, prepared_build
from ..commandline.parsing import parse_arguments
from ..companions.files import SUFFIXES, describe_file
from ..companions.provenance import describe_settings
from ..companions.restating import RESTATED_ROLES, restate_documents
from ..errors import CliError
from ..options import BuildOptions, VerifyOptions
from ..project.derivation import derive_project
from ..terminal.console import Console
from .against import name_platform
from .checks import Result
from .documents import take
from .files import reading
from .first_difference import find_difference
from .runtime import CheckedRuntime
from .statements import sort_by_role

_EPOCH = "SOURCE_DATE_EPOCH"
_PLACES = frozenset({"condarc-file", "archives", "build-constraints"})
"""Settings that name files of the machine that built: what was recorded is a name without its place."""

_HINTS = {"source_revision": "build from a git checkout of the commit, whose tracked files are unchanged"}
"""What to do about a field of the header that differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """How a runtime was built, as far as that was recorded.

    :ivar settings: by key.
    :ivar manifest_sha256: digest of the manifest that had the settings which were not on the command line.
    :ivar template_sha256: digest of the template, the whole file.
    """

    platform: str
    label: str | None
    lock_check: bool
    epoch: str | None
    settings: Mapping[str, Any]
    manifest_sha256: str | None
    template_sha256: str | None


def check_rebuild(result: Result, runtime: CheckedRuntime, options: VerifyOptions, console: Console) -> None:
    """Build a workspace again into a temporary directory, and compare each staged file.

    It runs what ``cs build`` runs: the build backends of packages that are built from source.

    :param options: name the workspace.
    """

    def rebuild() -> str:
        with reading(runtime.path, "provenance-damaged"):
            parameters = _read_parameters(runtime)
        with tempfile.TemporaryDirectory(prefix="cs-rebuild-", ignore_cleanup_errors=True) as folder:
            with _epoch(parameters.epoch):
                built = _build(runtime, parameters, options, Path(folder), console)
            _compare(result, runtime, built)
        return "built again with the recorded parameters"

    result.attempt(runtime.name, "rebuild", rebuild)


def _read_parameters(runtime: CheckedRuntime) -> Parameters:
    definition: Mapping[str, Any] = (
        {} if runtime.statement is None else take(runtime.statement, dict, "buildDefinition")
    )
    stated: Mapping[str, Any] = {} if not definition else take(definition, dict, "externalParameters")
    epoch, label = stated.get("sourceDateEpoch"), stated.get("label")
    return Parameters(
        platform=name_platform(runtime),
        label=label if isinstance(label, str) else _find_label(runtime),
        lock_check=stated.get("lockCheck") is not False,
        epoch=epoch if isinstance(epoch, str) else None,
        settings=take(stated, dict, "settings") if stated else {},
        manifest_sha256=_find_digest(definition, "manifest"),
        template_sha256=_find_template_digest(runtime, definition),
    )


def _find_label(runtime: CheckedRuntime) -> str | None:
    """Return what follows the artifact's name in the names of the files."""
    name = None if runtime.info is None else runtime.info.get("artifact_name")
    label = runtime.stem.removeprefix(f"{name}-")
    return None if label == runtime.stem else label


def _find_template_digest(runtime: CheckedRuntime, definition: Mapping[str, Any]) -> str | None:
    if (stated := _find_digest(definition, "template")) is not None:
        return stated
    if runtime.info is not None:
        return take(runtime.info, str, "inputs", "template", "sha256")
    return runtime.template_sha256


def _find_digest(definition: Mapping[str, Any], role: str) -> str | None:
    """Return the digest of the first dependency with a role, ``None`` if there is no such dependency."""
    found = sort_by_role(definition).get(role) if definition else None
    return take(found[0], str, "digest", "sha256") if found else None


@contextlib.contextmanager
def _epoch(value: str | None) -> Iterator[None]:
    """Let the build see the time that the first one saw; build backends read it from the environment, too."""
    before = os.environ.pop(_EPOCH, None)
    try:
        if value is not None:
            os.environ[_EPOCH] = value
        yield
    finally:
        os.environ.pop(_EPOCH, None)
        if before is not None:
            os.environ[_EPOCH] = before


def _build(
    runtime: CheckedRuntime, parameters: Parameters, options: VerifyOptions, folder: Path, console: Console
) -> dict[str, Path]:
    """Build into a directory.

    :returns: the files of the build by name; the runtime has the name of the one that is checked.
    """
    build = parse_arguments(["build"])
    assert isinstance(build, BuildOptions)
    template = _find_template(runtime, parameters, options)
    build = replace(
        build,
        platform=parameters.platform,
        target_label=parameters.label,
        quiet=options.quiet,
        root=options.root,
        manifest=options.manifest,
        source_lock=options.source_lock,
        lock_check=options.lock_check and parameters.lock_check,
        overrides=_find_overrides(parameters, options),
        cache_dir=options.cache_dir,
        offline=options.offline,
        template=template,
    )
    with prepared_build(build) as request:
        built = build_artifacts(request.plan, request.materials, folder / "dist", console)
    files = {file.name: built.out_dir / file.name for file in built.files}
    return {**files, runtime.name: built.runtime}


def _find_template(runtime: CheckedRuntime, parameters: Parameters, options: VerifyOptions) -> Path:
    """Find the template that the runtime was built with.

    :raises CliError: ``template-differs`` if it is another, from which the same bytes cannot come.
    """
    found = find_template(options.template, runtime.report.header.platform, installed_directories())
    actual = found.sha256
    if parameters.template_sha256 not in (None, actual):
        raise CliError(
            "this is not the template that the runtime was built with, so the bytes cannot be the same",
            kind="template-differs",
            path=found.path,
            expected=parameters.template_sha256,
            actual=actual,
            hint="install the release of the template that info.json names",
        )
    return found.path


def _find_overrides(parameters: Parameters, options: VerifyOptions) -> dict[str, object]:
    """Return the settings that were on the command line of the build: recorded ones that its manifest does not have.

    If the workspace's manifest is another one, nothing tells what its command line had: its own settings count.
    """
    given = dict(options.overrides)
    derivation = derive_project(replace(options, lock_check=False, overrides=given), strict=False)
    if parameters.manifest_sha256 != hash_file(derivation.project.manifest_path):
        return given
    own = describe_settings(derivation.config)
    return {
        **{
            key: value
            for key, value in parameters.settings.items()
            if key not in _PLACES and own.get(key) != value and isinstance(value, (str, bool, list)) and key in own
        },
        **given,
    }


def _compare(result: Result, runtime: CheckedRuntime, built: Mapping[str, Path]) -> None:
    """Compare the files of the first build with those of the second."""
    folder = runtime.path.parent
    checksums = f"{runtime.stem}{SUFFIXES['checksums']}"
    names = sorted({*built, *runtime.digests}) if runtime.digests else [runtime.name]
    if runtime.is_restated and runtime.digests:
        _restate(runtime, built)
    for name in names:
        if name != checksums:
            result.attempt(name, "rebuild", partial(_compare_file, folder / name, built.get(name)))


def _restate(runtime: CheckedRuntime, built: Mapping[str, Path]) -> None:
    """Let the documents of a new build describe the runtime as it has been signed."""
    names = {role: f"{runtime.stem}{SUFFIXES[role]}" for role in RESTATED_ROLES}
    found = {role: built[name] for role, name in names.items() if name in built}
    documents = restate_documents(
        runtime.stem,
        {role: path.read_bytes() for role, path in found.items()},
        describe_file(runtime.path, "runtime"),
        hash_file(built[runtime.name]),
    )
    for role, data in documents.items():
        found[role].write_bytes(data)


def _compare_file(path: Path, built: Path | None) -> str:
    if built is None:
        raise CliError("a new build does not write this file", kind="rebuild-differs", path=path)
    if not path.is_file():
        raise CliError("only a new build writes this file", kind="rebuild-differs", path=path)
    if hash_file(path) == hash_file(built):
        return f"the same {path.stat().st_size} bytes"
    found = find_difference(path, built)
    if found is None:
        return "the same, apart from the signature"
    raise CliError(
        f"a new build gives other bytes: the first difference is in {found.place}",
        kind="rebuild-differs",
        path=path,
        part=found.part,
        key=found.key,
        expected=found.expected,
        actual=found.actual,
        hint=_HINTS.get(found.key or ""),
    )
