"""The installation: versions of ``cs`` and its libraries, and the templates."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import replace

from cs_stamp import TEMPLATE_PLATFORMS, StampError, Template, TemplateNotFoundError, installed_directories

from .. import __version__
from ..building.preparation import find_template
from ..errors import name_installs
from ..project.platforms import host_platform
from ..versions import LIBRARIES, find_version
from .findings import Finding, State, diagnose


def look_at_versions() -> Iterator[Finding]:
    """Compare the versions of the packages: they only work together as one release."""
    versions = {name: find_version(name) for name in LIBRARIES}
    others = {name: version for name, version in versions.items() if version != __version__}
    python, subdir = platform.python_version(), host_platform()
    differing = "".join(f"; {name} is {version}" for name, version in others.items())
    yield Finding(
        topic="versions",
        state="problem" if others else "ok",
        message=f"cs {__version__}, Python {python}, {subdir}{differing}",
        hint=f"run {name_installs(f'cs-cli=={__version__}', again=True)}" if others else None,
        details={
            "cs": __version__,
            "packages": versions,
            "python": python,
            "executable": sys.executable,
            "platform": subdir,
        },
    )


def look_at_templates() -> Iterator[Finding]:
    """Look for the template of this machine, and for those of other platforms."""
    host, directories = host_platform(), installed_directories()
    others: list[Template] = []
    for subdir in sorted({host, *TEMPLATE_PLATFORMS}, key=lambda subdir: subdir != host):
        try:
            template = find_template(None, subdir, directories)
        except TemplateNotFoundError as error:
            if subdir == host or error.path is not None:
                yield _refuse(error)
        except StampError as error:
            # cs can build for other platforms on a machine that has no template of its own.
            yield _refuse(error, "warning" if error.kind == "platform-unsupported" else "problem")
        else:
            if subdir == host:
                yield _describe(template, subdir)
            else:
                others.append(template)
    names = [template.mark.target for template in others]
    yield Finding(
        topic="templates",
        state="ok",
        message=f"for other platforms: {', '.join(names) or 'none installed'}",
        details={"templates": [_to_dict(template) for template in others]},
    )


def _refuse(error: StampError, state: State = "problem") -> Finding:
    """Report a template that cannot be used, with its own hint: the usual advice is a flag of ``cs build``."""
    return replace(diagnose("template", error, state), hint=error.hint)


def _describe(template: Template, subdir: str) -> Finding:
    mark = template.mark
    formats = ", ".join(map(str, mark.stamp_formats))
    state: State = "ok" if mark.version == __version__ else "warning"
    origin = {"environment": ", named by a variable"}.get(template.origin, "")
    return Finding(
        topic="template",
        state=state,
        message=f"{mark.name} {mark.version} for {subdir}, stamp format {formats}: {template.path}{origin}",
        hint=None if state == "ok" else f"it is not of the same release as cs {__version__}: install them together",
        details=_to_dict(template),
    )


def _to_dict(template: Template) -> dict[str, object]:
    return {
        "path": os.fspath(template.path),
        "origin": template.origin,
        "name": template.mark.name,
        "version": template.mark.version,
        "target": template.mark.target,
        "stamp_formats": list(template.mark.stamp_formats),
        "size_bytes": template.size_bytes,
    }
