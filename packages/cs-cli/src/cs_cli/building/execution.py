"""Carry out a build plan: archives, bundle, stamp, companion files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cs_bundle import hash_file
from cs_stamp import Mark, StampInfo, Template, require_size, write_stamp

from ..archives.remembered import read_archives, remember_contents
from ..archives.store import ArchiveStore, archives_of_packages
from ..archives.supplies import Supplies
from ..companions.files import (
    SUFFIXES,
    StagedFile,
    describe_file,
    parse_checksums,
    render_checksums,
    render_info,
    render_packages,
)
from ..delegate.lookup import missing_delegate, require_delegate
from ..delegate.search import Search, check_cache
from ..errors import advise
from ..licenses.checks import read_wheel_licenses
from ..project.protected_inputs import Input, refuse_outputs
from ..terminal.console import Console
from ..untrusted import VALUE_LIMIT_BYTES, read_limited
from .licenses import check_all_licenses
from .plan import BuildPlan, compose_header, possible_names
from .staging import list_abandoned, staging_directory

if TYPE_CHECKING:
    from ..signing.keys import PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """What a build needs besides its plan.

    :ivar inputs: every file that it reads and must not change.
    :ivar key: what the provenance is signed with.
    """

    template: Template
    store: ArchiveStore
    inputs: tuple[Input, ...]
    key: PrivateKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildResult:
    """What was staged.

    :ivar info: the content of ``STEM.info.json``.
    """

    out_dir: Path
    info: dict[str, Any]
    files: tuple[StagedFile, ...]

    @property
    def runtime(self) -> Path:
        """Path of the staged runtime."""
        return self.out_dir / next(file.name for file in self.files if file.role == "runtime")


def build_artifacts(plan: BuildPlan, materials: Materials, out_dir: Path, console: Console) -> BuildResult:
    """Stage every artifact of a plan in ``out_dir``: all of them, or none.

    :raises CliError: if an input would be lost, a licence is denied, the delegate is missing, an archive is damaged or
        a file cannot be written.
    :raises BundleError: if an archive is not available.
    :raises StampError: if the template cannot be stamped.
    """
    check_outputs(plan, materials, out_dir)
    require_size(materials.template.path, plan.package_plan, plan.derivation.config.layout)
    check_all_licenses(plan, materials.store, console)
    if not plan.needs_archives:
        _look_for_delegate(plan, materials.store, console)
    wanted = archives_of_packages(plan.needed, plan.lock_directory)
    if not wanted and not plan.needs_archives:
        return _stage(plan, materials, None, out_dir, console)
    return materials.store.use(
        wanted,
        console,
        lambda archives: _stage(plan, materials, _look_into(plan, archives), out_dir, console),
    )


def _look_for_delegate(plan: BuildPlan, store: ArchiveStore, console: Console) -> None:
    """Look for the delegate in the cache; nothing is downloaded for a runtime that downloads its packages itself."""
    search = Search(
        delegate=plan.derivation.config.delegate,
        platform=plan.platform,
        subdir=plan.subdir,
        packages=plan.packages,
        lock_directory=plan.lock_directory,
        requested=plan.derivation.names_requested_on(plan.platform),
    )
    check, hint = check_cache(search, store)
    if not check.checked:
        console.warn(
            f"whether a package provides the delegate {search.delegate!r} was not checked: not all packages are in the "
            f"cache; {advise('unread-archives')}"
        )
    elif check.found is None:
        raise missing_delegate(search.delegate, search.subdir, hint, plan.derivation.places)


def _look_into(plan: BuildPlan, archives: Sequence[Path]) -> Supplies:
    contents = read_archives(archives, runtime=plan.derivation.config.runtime)
    if plan.needs_archives:
        require_delegate(contents, plan.derivation.config.delegate, plan.subdir, plan.derivation.places)
    return Supplies(
        wanted=archives_of_packages(plan.needed, plan.lock_directory),
        archives=tuple(archives),
        contents=tuple(contents),
    )


def _stage(
    plan: BuildPlan, materials: Materials, supplies: Supplies | None, out_dir: Path, console: Console
) -> BuildResult:
    def list_stale() -> set[str]:
        check_outputs(plan, materials, out_dir)  # again: minutes may have passed
        return list_staged(out_dir, plan)

    with staging_directory(
        out_dir,
        list_stale=list_stale,
        on_wait=lambda: console.say(f"waiting for another build into {out_dir}"),
        needed_bytes=_estimate_size(plan, materials, supplies),
    ) as staging:
        runtime, stamp = _write_runtime(plan, materials, supplies, staging, console)
        files = [runtime]
        if plan.bundle_name is not None and supplies is not None:
            info = supplies.write_bundle(staging / plan.bundle_name)
            files.append(describe_file(info.path, "bundle", sha256=info.sha256))
        result = _write_companions(plan, materials, stamp, files, supplies, staging, out_dir)
    if supplies is not None:
        remember_contents(supplies.archives, supplies.contents)
    console.detail(f"stamped {plan.runtime_name} with {stamp.identity[:16]}")
    if materials.key is not None:
        from ..signing.keys import key_id

        console.say(f"signed the provenance with {key_id(materials.key.public_key())}")
    return result


def _estimate_size(plan: BuildPlan, materials: Materials, supplies: Supplies | None) -> int:
    """Estimate what will be staged, in bytes: template and archives, and the lock in its several forms."""
    size = materials.template.path.stat().st_size + 3 * len(plan.lock)
    if supplies is not None:
        staged = supplies if plan.bundle_name is not None else supplies.select(plan.carried)
        size += sum(path.stat().st_size for path in staged.archives)
    return size


def check_outputs(plan: BuildPlan, materials: Materials, out_dir: Path) -> None:
    """Refuse a build whose output would replace or remove what it reads.

    :raises CliError: ``output-is-input``.
    """
    names = {*plan.artifact_names, *list_staged(out_dir, plan)}
    wanted = archives_of_packages(plan.needed, plan.lock_directory)
    refuse_outputs(
        materials.inputs,
        files=[out_dir / name for name in sorted(names)],
        folders=[*list_abandoned(out_dir), *materials.store.folders(wanted)],
    )


def list_staged(out_dir: Path, plan: BuildPlan) -> set[str]:
    """List the files that an earlier build with the same stem staged, by its own checksums, and this one does not.

    A file that has changed since then may belong to somebody, and is left alone.
    """
    try:
        listed = parse_checksums(read_limited(out_dir / f"{plan.stem}{SUFFIXES['checksums']}", VALUE_LIMIT_BYTES))
    except (OSError, ValueError):
        return set()
    names = (listed.keys() & set(possible_names(plan.stem))) - set(plan.artifact_names)
    return {name for name in names if _is_unchanged(out_dir / name, listed[name])}


def _is_unchanged(path: Path, sha256: str) -> bool:
    try:
        return not path.is_symlink() and path.is_file() and hash_file(path) == sha256
    except OSError:
        return False


def _write_runtime(
    plan: BuildPlan, materials: Materials, supplies: Supplies | None, staging: Path, console: Console
) -> tuple[StagedFile, StampInfo]:
    config = plan.derivation.config
    bytecode = None
    if config.bytecode == "shipped" and supplies is not None:
        from .bytecode import compile_bytecode

        bytecode = compile_bytecode(plan, materials.template.path, supplies, staging, console)
    bundles = plan.carried or config.layout == "embedded"
    stamp = write_stamp(
        materials.template.path,
        staging / plan.runtime_name,
        header=compose_header(plan, supplies.contents if supplies is not None and plan.needs_archives else None),
        plan=plan.package_plan,
        lock=plan.lock,
        bytecode=bytecode,
        bundle=None if supplies is None or not bundles else supplies.select(plan.carried).append_bundle,
    )
    if bytecode is not None:
        bytecode.unlink()
    return describe_file(stamp.path, "runtime", sha256=stamp.sha256), stamp


def _write_companions(
    plan: BuildPlan,
    materials: Materials,
    stamp: StampInfo,
    files: list[StagedFile],
    supplies: Supplies | None,
    staging: Path,
    out_dir: Path,
) -> BuildResult:
    from ..companions.cyclonedx import render_cyclonedx
    from ..companions.inventory import take_inventory
    from ..companions.notices import render_notices
    from ..companions.provenance import render_statement
    from ..companions.spdx import render_spdx
    from ..companions.template_notices import find_template_notices

    licenses = {} if supplies is None else read_wheel_licenses(supplies.archives)
    inventory = take_inventory(plan, materials.template.mark, stamp, files[0], licenses, os.environ)
    license_files = {} if supplies is None else supplies.license_files
    notices = render_notices(inventory, license_files, find_template_notices(materials.template))
    contents = {
        "lock": plan.lock,
        "packages": render_packages(plan.package_plan.archives),
        "sbom": render_cyclonedx(inventory),
        "notices": notices,
    }
    if plan.derivation.config.sbom == "spdx":
        contents["spdx"] = render_spdx(inventory)
    files = [*files, *(_write(staging, plan, role, content) for role, content in contents.items())]
    fields = describe_build(plan, materials.template.mark, stamp)
    info = render_info(fields, files)
    files.append(_write(staging, plan, "info", info.document))
    statement = render_statement(plan, materials.template.mark, fields, files, os.environ)
    if materials.key is not None:
        from ..signing.envelope import sign

        statement = sign(statement, materials.key)
    files.append(_write(staging, plan, "provenance", statement))
    checksums = render_checksums({file.name: file.sha256 for file in files})
    files.append(_write(staging, plan, "checksums", checksums))
    return BuildResult(out_dir=out_dir, info=info.fields, files=tuple(files))


def _write(staging: Path, plan: BuildPlan, role: str, content: bytes) -> StagedFile:
    path = staging / f"{plan.stem}{SUFFIXES[role]}"
    path.write_bytes(content)
    return describe_file(path, role)


def describe_build(plan: BuildPlan, mark: Mark, stamp: StampInfo) -> dict[str, Any]:
    """Return the fields of ``STEM.info.json`` that are not about files."""
    project, config = plan.derivation.project, plan.derivation.config
    inputs = {
        "manifest": project.manifest_path,
        "source_lock": project.source_lock_path,
        "condarc": config.condarc_file,
    }
    named = {name: {"name": path.name, "sha256": hash_file(path)} for name, path in inputs.items() if path is not None}
    supplied = [one for one in plan.derivation.archives if plan.platform in one.platforms]
    taken = {one.archive.file_name: one.archive.sha256 for one in supplied if one.origin.kind == "file"}
    archives = [{"name": name, "sha256": sha256} for name, sha256 in sorted(taken.items())]
    return {
        "artifact_name": config.artifact_name,
        "runtime": config.runtime,
        "runtime_version": config.runtime_version,
        "layout": config.layout,
        "platform": plan.subdir,
        "lock_platform": plan.platform,
        "delegate": config.delegate,
        "source_environment": config.source_environment,
        "identity": stamp.identity,
        "source_revision": plan.source_revision,
        "package_count": len(plan.packages),
        "wheel_count": len(plan.wheels),
        "local_archives": [one.to_dict() for one in supplied],
        "inputs": {
            **named,
            **({"archives": archives} if archives else {}),
            "template": {
                "name": mark.name,
                "version": mark.version,
                "target": mark.target,
                "sha256": stamp.template_sha256,
            },
        },
        "parts": {"template": stamp.template_size_bytes, **stamp.part_sizes_bytes},
    }
