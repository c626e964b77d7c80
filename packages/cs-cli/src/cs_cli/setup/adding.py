"""Add ``[tool.conda-ship]`` to the manifest of a workspace."""

from __future__ import annotations

import json
from dataclasses import replace
from difflib import unified_diff
from typing import Any

from cs_lock import read_lock
from cs_manifest import ManifestError, Project, discover

from ..archives.store import open_store
from ..delegate.search import check_delegates
from ..errors import add_advice
from ..inspection.sizes import add_template_sizes
from ..inspection.summary import Inspection, inspect_derivation
from ..options import InitOptions
from ..project.derivation import derive_project
from ..project.places import TABLE
from ..terminal.console import Console
from ..terminal.streams import can_ask
from .manifest_text import add_table
from .settings import Chooser
from .writing import replace_file


def find_project(options: InitOptions) -> Project:
    """Find a workspace that has a lock, and no ``[tool.conda-ship]`` yet.

    :raises ManifestError: ``manifest-not-found``, ``lock-not-found``, or ``table-exists``.
    """
    places: dict[str, Any] = {"manifest": options.manifest, "source_lock": options.source_lock}
    try:
        project = discover(options.root, **places, require_lock=False)
    except ManifestError as error:
        if error.kind == "manifest-not-found":
            raise add_advice(error, "new-workspace") from None
        raise
    table = project.document.table(TABLE[:1])
    if TABLE[1] in table:
        raise project.document.error(
            f"the manifest has this table already: {_describe(table[TABLE[1]]) or 'it is empty'}",
            kind="table-exists",
            key=TABLE,
            hint="change it in an editor; `cs inspect` shows what it gives, and what is wrong with it",
        )
    return discover(options.root, **places)


def _describe(table: object) -> str:
    if not isinstance(table, dict):
        return json.dumps(table, default=str, ensure_ascii=False)
    return ", ".join(f"{key} = {json.dumps(value, default=str, ensure_ascii=False)}" for key, value in table.items())


def compose_manifest(options: InitOptions, project: Project) -> tuple[bytes, bytes, dict[str, object]]:
    """Compose the manifest with the table, after asking what cannot be known.

    :returns: the manifest as it is, as it will be, and the settings that were added.
    :raises CliError: if a flag has a wrong value, or the manifest cannot be edited.
    """
    path = project.manifest_path
    old = path.read_bytes()
    source = read_lock(project.source_lock_path)
    values = Chooser(options=options, project=project, source=source, asks=not options.yes and can_ask()).choose()
    return old, add_table(old, values, path), values


def write_manifest(project: Project, old: bytes, new: bytes) -> None:
    """Write the manifest, unless something else did meanwhile.

    :raises CliError: ``manifest-changed`` or ``cannot-write``.
    """
    replace_file(project.manifest_path, old, new)


def render_difference(project: Project, old: bytes, new: bytes) -> list[str]:
    """Render what changes, as ``diff -u`` does, without line ends."""
    name = project.manifest_path.name
    before, after = (one.decode().splitlines() for one in (old, new))
    return [line.rstrip("\n") for line in unified_diff(before, after, f"a/{name}", f"b/{name}", lineterm="")]


def inspect_result(options: InitOptions, project: Project) -> Inspection:
    """Look at what a build would ship now, as ``cs inspect`` does; nothing is downloaded."""
    settled = replace(options, manifest=project.manifest_path, source_lock=project.source_lock_path, overrides={})
    inspection = add_template_sizes(inspect_derivation(derive_project(settled, strict=False), platform=None))
    return check_delegates(inspection, open_store(options), Console(quiet=True), download=False)
