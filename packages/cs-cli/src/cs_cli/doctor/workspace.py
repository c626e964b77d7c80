"""The workspace: manifest, lock and repository; and, if asked for, its channels."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from cs_bundle import BundleError, reach
from cs_lock import read_lock, redact_url
from cs_manifest import ManifestError, Project, discover, suggest_settings

from ..error_text import render_problem
from ..errors import advise
from ..options import DoctorOptions
from ..project.derivation import derive_project
from ..project.revision import find_revision, is_in_repository
from ..terminal.console import format_count
from .findings import Finding, attempt, diagnose

_TABLE = "conda-ship"


def look_at_workspace(options: DoctorOptions, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at the workspace here, if there is one."""
    is_named = options.root is not None or options.manifest is not None
    try:
        project = discover(options.root, manifest=options.manifest, source_lock=options.source_lock, require_lock=False)
    except ManifestError as error:
        if error.kind != "manifest-not-found" or is_named:
            raise
        yield Finding(topic="workspace", state="warning", message="none here", hint=advise("new-workspace"))
        return
    yield from attempt("workspace", lambda: _look_at_manifest(project))
    yield from attempt("lock", lambda: _look_at_lock(options, project))
    yield from attempt("git", lambda: _look_at_repository(project, environ))
    if options.online:
        yield from attempt("channels", lambda: _look_at_channels(project, environ))


def _look_at_manifest(project: Project) -> Iterator[Finding]:
    path = project.manifest_path
    is_ready = _TABLE in project.document.table(("tool",))
    yield Finding(
        topic="workspace",
        state="ok" if is_ready else "warning",
        message=f"{path}{'' if is_ready else ': it has no [tool.conda-ship] yet'}",
        hint=None if is_ready else "`cs init` adds it",
        details={"manifest": str(path), "has_table": is_ready},
    )


def _look_at_lock(options: DoctorOptions, project: Project) -> Iterator[Finding]:
    """Does the lock match the manifest? Without settings, its environment is the one that ``cs init`` would choose."""
    settings: dict[str, object] = {}
    if _TABLE not in project.document.table(("tool",)):
        settings = {**suggest_settings(project), "runtime-version": "1"}
    derivation = derive_project(replace(options, overrides=settings), strict=False)
    problems = [one for one in derivation.problems if one.kind != "version-unknown"]
    names = ", ".join(platform.name for platform in derivation.lock.platforms)
    environment = derivation.config.source_environment
    shown = f"{project.source_lock_path.name}, environment {environment!r} for {names}"
    details = {
        "path": str(project.source_lock_path),
        "environment": environment,
        "problems": [problem.to_dict() for problem in problems],
    }
    if not problems:
        yield Finding(topic="lock", state="ok", message=f"{shown}: it matches the manifest", details=details)
        return
    first, count = problems[0], len(problems)  # errors are first
    rest = "" if count == 1 else f" (and {format_count(count - 1, 'other problem')}: `cs inspect` shows all)"
    yield Finding(
        topic="lock",
        state="warning" if derivation.can_ship else "problem",
        message=f"{shown}: {render_problem({**first.to_dict(), 'hint': None})}{rest}",
        hint=first.hint,
        details=details,
    )


def _look_at_repository(project: Project, environ: Mapping[str, str]) -> Iterator[Finding]:
    directory = project.manifest_path.parent
    revision = find_revision(project)
    if revision is not None:
        yield Finding(
            topic="git",
            state="warning" if revision.is_dirty else "ok",
            message=f"commit {revision.text}",
            hint="commit your changes before a release: the provenance names the commit" if revision.is_dirty else None,
            details={"commit": revision.commit, "is_dirty": revision.is_dirty, "repository": revision.repository},
        )
    elif is_in_repository(directory, environ):
        yield Finding(
            topic="git",
            state="warning",
            message="the revision of the workspace cannot be read",
            hint="`git status` says why; builds work, but do not record the commit",
        )
    else:
        yield Finding(topic="git", state="ok", message="not a repository: builds record no commit")


def _look_at_channels(project: Project, environ: Mapping[str, str]) -> Iterator[Finding]:
    source = read_lock(project.source_lock_path)
    urls = {channel.url for name in source.environments for channel in source.channels(name)}
    for url in sorted(urls):
        yield _look_at_channel(url, environ)


def _look_at_channel(url: str, environ: Mapping[str, str]) -> Finding:
    shown = redact_url(url)
    parts = urlsplit(url)
    if parts.scheme == "file":
        is_there = Path(url2pathname(parts.path)).is_dir()
        message = f"{shown}{'' if is_there else ': no such directory'}"
        return Finding(topic="channels", state="ok" if is_there else "problem", message=message)
    if parts.scheme not in ("http", "https"):
        return Finding(topic="channels", state="ok", message=f"{shown}: not checked")
    try:
        reach(f"{url.rstrip('/')}/noarch/repodata.json", environ or os.environ)
    except BundleError as error:
        return diagnose("channels", error)
    return Finding(topic="channels", state="ok", message=f"{shown}: reached")
