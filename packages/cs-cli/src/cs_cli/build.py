"""Carry a build plan out: archives, bundle, stamp, papers."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cs_bundle import ArchiveRequest, FetchProgress, fetch_archives, write_bundle
from cs_stamp import Template, read_stamp, write_stamp

from .archives import ArchiveContents, read_contents, require_delegate
from .artifacts import StagedFile, describe_file, hash_file, render_checksums, render_info, render_packages
from .bytecode import compile_bytecode
from .console import Console
from .plan import BuildPlan, compose_header
from .sbom import render_sbom
from .staging import staging_directory

_READERS = 4
"""Threads that look into archives: unpacking ``info/`` releases the interpreter's lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Materials:
    """What a build takes besides its plan.

    :ivar cache: folder of downloaded archives.
    """

    template: Template
    cache: Path
    offline: bool


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
    archives = fetch_plan(plan, materials, console) if plan.needs_archives else None
    contents = None if archives is None else inspect_archives(archives)
    if contents is not None:
        require_delegate(contents, plan.derivation.config.delegate, plan.subdir)
    with staging_directory(out_dir) as staging:
        files = _write_runtime(plan, materials, archives, contents, staging, console)
        return _write_papers(plan, materials, files, staging, out_dir)


def fetch_plan(plan: BuildPlan, materials: Materials, console: Console) -> list[Path]:
    """Fetch every archive of a plan into the cache, in the plan's order."""
    packages = plan.package_plan.packages
    requests = [
        ArchiveRequest(url=one.url, file_name=one.file_name, sha256=one.sha256, size_bytes=one.size) for one in packages
    ]
    total = sum(one.size or 0 for one in packages)
    with console.progress(f"fetching {len(packages)} packages", total) as update:

        def report(progress: FetchProgress) -> None:
            update(progress.received_bytes)

        return fetch_archives(requests, materials.cache, on_progress=report, offline=materials.offline)


def inspect_archives(archives: Iterable[Path]) -> list[ArchiveContents]:
    """Look into archives, several at a time."""
    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(read_contents, archives))


def _write_runtime(
    plan: BuildPlan,
    materials: Materials,
    archives: list[Path] | None,
    contents: list[ArchiveContents] | None,
    staging: Path,
    console: Console,
) -> list[StagedFile]:
    config = plan.derivation.config
    bundle = None if archives is None or config.layout == "online" else write_bundle(staging / ".bundle", archives)
    bytecode = None
    if config.bytecode == "shipped" and archives is not None:
        bytecode = compile_bytecode(plan, materials, archives, staging, console)
    embedded = bundle if config.layout == "embedded" else None
    stamp = write_stamp(
        materials.template.path,
        staging / plan.runtime_name,
        header=compose_header(plan, contents),
        plan=plan.package_plan,
        lock=plan.lock,
        bytecode=bytecode,
        bundle=None if embedded is None else embedded.path,
        bundle_sha256=None if embedded is None else embedded.sha256,
    )
    files = [describe_file(staging / plan.runtime_name, "runtime")]
    if bundle is not None and plan.bundle_name is not None:
        bundle.path.rename(staging / plan.bundle_name)
        files.append(describe_file(staging / plan.bundle_name, "bundle", sha256=bundle.sha256))
    for leftover in (staging / ".bundle", staging / ".bytecode"):
        leftover.unlink(missing_ok=True)
    console.say(f"stamped {plan.runtime_name} with {stamp.identity[:16]}")
    return files


def _write_papers(
    plan: BuildPlan, materials: Materials, files: list[StagedFile], staging: Path, out_dir: Path
) -> BuildResult:
    files = [
        *files,
        _write(staging / f"{plan.stem}.runtime.lock", "lock", plan.lock),
        _write(staging / f"{plan.stem}.packages.txt", "packages", _package_list(plan)),
    ]
    with read_stamp(staging / plan.runtime_name) as stamp:
        identity = stamp.identity
    sbom = render_sbom(plan, identity, os.environ)
    files.append(_write(staging / f"{plan.stem}.cdx.json", "sbom", sbom))
    fields = _info_fields(plan, materials, identity)
    info = {**fields, "files": [file.to_dict() for file in files]}
    files.append(_write(staging / f"{plan.stem}.info.json", "info", render_info(fields, files)))
    files.append(_write(staging / f"{plan.stem}.sha256", "checksums", render_checksums(files)))
    return BuildResult(out_dir=out_dir, info=info, files=tuple(files))


def _write(path: Path, role: str, content: bytes) -> StagedFile:
    path.write_bytes(content)
    return describe_file(path, role)


def _package_list(plan: BuildPlan) -> bytes:
    return render_packages(package.to_dict() for package in plan.package_plan.packages)


def _info_fields(plan: BuildPlan, materials: Materials, identity: str) -> dict[str, Any]:
    project, config = plan.derivation.project, plan.derivation.config
    inputs = {
        "manifest": {"name": project.manifest_path.name, "sha256": hash_file(project.manifest_path)},
        "source_lock": {"name": project.source_lock_path.name, "sha256": hash_file(project.source_lock_path)},
        "template": {"sha256": hash_file(materials.template.path)},
    }
    return {
        "artifact_name": config.artifact_name,
        "runtime": config.runtime,
        "runtime_version": config.runtime_version,
        "layout": config.layout,
        "platform": plan.subdir,
        "delegate": config.delegate,
        "source_environment": config.source_environment,
        "identity": identity,
        "package_count": len(plan.records),
        "inputs": inputs,
    }
