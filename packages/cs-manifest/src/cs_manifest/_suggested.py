"""Settings that fit a workspace, for people who have not written any yet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ._errors import ManifestError
from ._values import check_identifier, check_prefix_name, check_version
from ._version import find_version

if TYPE_CHECKING:
    from ._project import Project


def suggest_settings(project: Project) -> dict[str, str | dict[str, str]]:
    """Suggest a value for each setting that a build needs, by key, as manifests have them.

    :returns: what can be read from the manifest, else what most projects want. There is no ``runtime-version`` if
        the project states one.
    """
    name = _suggest_name(project)
    values: dict[str, str | dict[str, str]] = {
        "runtime": name,
        "delegate": name,
        "source-environment": _suggest_environment(project),
    }
    version = _suggest_version(project)
    return values if version is None else {**values, "runtime-version": version}


def _suggest_name(project: Project) -> str:
    tables = (project.table("workspace"), project.table("project"), project.document.table(("project",)))
    name = next((found for table in tables if (found := table.get("name"))), "")
    fitting = re.sub(r"[^A-Za-z0-9._-]+", "-", str(name)).strip("-._")
    try:
        return check_prefix_name(check_identifier(fitting))
    except ValueError:
        return "demo"


def _suggest_environment(project: Project) -> str:
    environments = [one for one in project.table("environments") if one != "default"]
    return environments[0] if len(environments) == 1 else "default"


def _suggest_version(project: Project) -> str | dict[str, str] | None:
    """Suggest a version; ``None`` if the project states one."""
    try:
        find_version(project, from_metadata=False)
        return None
    except ManifestError:
        pass
    dynamic = project.document.table(("project",)).get("dynamic") if project.table_prefix else None
    if isinstance(dynamic, list) and "version" in dynamic:
        return {"from": "project-metadata"}
    for table in ("workspace", "project", "package"):
        try:
            return check_version(project.table(table).get("version"))
        except ValueError:
            continue
    return "1.0.0"
