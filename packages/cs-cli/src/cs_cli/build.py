"""Carry a build plan out: archives, bundle, stamp, papers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cs_bundle import ArchiveMismatchError
from cs_stamp import StampInfo, Template, write_stamp

from .artifacts import StagedFile, describe_file, hash_file, render_checksums, render_info, render_packages
from .console import Console
from .contents import inspect_archives, remember_contents
from .delegate import require_delegate
from .errors import CliError
from .memory import remember_bundle
from .plan import BuildPlan, compose_header, possible_names
from .staging import staging_directory
from .supplies import ArchiveStore, Supplies, archives_of_records


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """What a build takes besides its plan."""

    template: Template
    store: ArchiveStore


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

    :raises CliError: if the delegate is missing, an archive is damaged or a file cannot be written.
    :raises BundleError: if an archive cannot be had.
    :raises StampError: if the template cannot be stamped.
    """
    wanted = archives_of_records(plan.needed, plan.lock_directory)
    if not wanted and not plan.needs_archives:
        return _stage(plan, materials, None, out_dir, console)
    try:
        archives, are_checked = materials.store.provide(wanted, console)
        return _stage(plan, materials, _look_into(plan, materials, archives, are_checked), out_dir, console)
    except (ArchiveMismatchError, CliError) as error:
        if isinstance(error, CliError) and error.kind != "archive-damaged":
            raise
        # Archives are checked while they are copied, so that each is read once: only now is it known that the cache
        # holds a damaged one.
        console.say(f"{error}; fetching what is damaged again")
        archives = materials.store.fetch(wanted, console)
        return _stage(plan, materials, _look_into(plan, materials, archives, True), out_dir, console)


def _look_into(plan: BuildPlan, materials: Materials, archives: Sequence[Path], are_checked: bool) -> Supplies:
    contents = inspect_archives(archives)
    if plan.needs_archives:
        require_delegate(contents, plan.derivation.config.delegate, plan.subdir)
    return Supplies(
        cache=materials.store.cache,
        wanted=archives_of_records(plan.needed, plan.lock_directory),
        archives=tuple(archives),
        contents=tuple(contents),
        are_checked=are_checked,
    )


def _stage(
    plan: BuildPlan, materials: Materials, supplies: Supplies | None, out_dir: Path, console: Console
) -> BuildResult:
    with staging_directory(
        out_dir,
        list_stale=lambda: list_staged(out_dir, plan.stem),
        on_wait=lambda: console.say(f"waiting for another build into {out_dir}"),
        needed_bytes=_estimate_size(plan, materials, supplies),
    ) as staging:
        runtime, stamp = _write_runtime(plan, materials, supplies, staging, console)
        files = [runtime]
        if plan.bundle_name is not None and supplies is not None:
            info = supplies.write_bundle(staging / plan.bundle_name)
            files.append(describe_file(info.path, "bundle", sha256=info.sha256))
        result = _write_papers(plan, stamp, files, staging, out_dir)
    if supplies is not None:
        remember_contents(supplies.archives, supplies.contents)
        for file in files:
            if file.role == "bundle":
                remember_bundle(supplies.cache, supplies.expected, file.sha256)
        if plan.carried:
            carried = supplies.select(plan.carried)
            remember_bundle(carried.cache, carried.expected, stamp.part_sha256["bundle"])
    console.say(f"stamped {plan.runtime_name} with {stamp.identity[:16]}")
    return result


def _estimate_size(plan: BuildPlan, materials: Materials, supplies: Supplies | None) -> int:
    """Estimate what will be staged, in bytes: template and archives, and the lock in its several forms."""
    size = materials.template.path.stat().st_size + 3 * len(plan.lock)
    if supplies is not None:
        staged = supplies if plan.bundle_name is not None else supplies.select(plan.carried)
        size += sum(path.stat().st_size for path in staged.archives)
    return size


def list_staged(out_dir: Path, stem: str) -> set[str]:
    """List what an earlier build with the same stem staged, by its own checksums."""
    try:
        text = (out_dir / f"{stem}.sha256").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return set()
    return {line.partition("  ")[2] for line in text.splitlines()} & set(possible_names(stem))


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


def _write_papers(
    plan: BuildPlan, stamp: StampInfo, files: list[StagedFile], staging: Path, out_dir: Path
) -> BuildResult:
    from .sbom import render_sbom

    packages = render_packages(one.to_dict() for one in plan.package_plan.packages)
    papers = {
        "lock": ("runtime.lock", plan.lock),
        "packages": ("packages.txt", packages),
        "sbom": ("cdx.json", render_sbom(plan, stamp.identity, os.environ)),
    }
    files = [*files, *(_write(staging / f"{plan.stem}.{name}", role, data) for role, (name, data) in papers.items())]
    fields = describe_build(plan, stamp)
    content = render_info(fields, files)
    files.append(_write(staging / f"{plan.stem}.info.json", "info", content.document))
    files.append(_write(staging / f"{plan.stem}.sha256", "checksums", render_checksums(files)))
    return BuildResult(out_dir=out_dir, info=content.fields, files=tuple(files))


def _write(path: Path, role: str, content: bytes) -> StagedFile:
    path.write_bytes(content)
    return describe_file(path, role)


def describe_build(plan: BuildPlan, stamp: StampInfo) -> dict[str, Any]:
    """Return the fields of ``STEM.info.json`` that are not about files."""
    project, config = plan.derivation.project, plan.derivation.config
    inputs = {
        "manifest": project.manifest_path,
        "source_lock": project.source_lock_path,
        "condarc": config.condarc_file,
    }
    named = {name: {"name": path.name, "sha256": hash_file(path)} for name, path in inputs.items() if path is not None}
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
        "package_count": len(plan.records),
        "inputs": {**named, "template": {"sha256": stamp.template_sha256}},
        "parts": {"template": stamp.template_size_bytes, **stamp.part_sizes_bytes},
    }
