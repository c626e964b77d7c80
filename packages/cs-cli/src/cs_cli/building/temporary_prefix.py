"""A temporary prefix with the packages of an environment, installed by the template itself."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cs_stamp import literal_path, write_stamp

from ..archives.supplies import Supplies
from ..errors import CliError
from .plan import BuildPlan, compose_header

# Prints the variables of an activated environment; a name or value may contain line ends.
_PRINT_VARIABLES = (
    "import os, sys; sys.stdout.buffer.write(b'\\0'.join(os.fsencode('='.join(item)) for item in os.environ.items()))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryPrefix:
    """An installed environment.

    :ivar path: the prefix.
    :ivar runtime: the runtime that has installed it; it lasts as long as the prefix.
    """

    path: Path
    runtime: Path
    subdir: str

    @property
    def python(self) -> Path:
        """Path of its Python."""
        return self.path / ("python.exe" if self.subdir.startswith("win-") else "bin/python")

    def activate(self) -> dict[str, str]:
        """Return the variables of this process, with the environment activated.

        :raises CliError: ``prefix-failed`` if that fails.
        """
        environ = _clean(os.environ)
        said = _run([*self._command, "-c", _PRINT_VARIABLES], environ)
        pairs = (item.partition("=") for item in said.split("\0"))
        return {name: value for name, _, value in pairs if not name.startswith(("_CONDA_SHIP", "__CONDA_SHIP"))}

    @property
    def _command(self) -> list[str]:
        return [str(self.runtime), "-q", "--path", literal_path(str(self.path))]


def install_temporary_prefix(
    plan: BuildPlan, template: Path, supplies: Supplies, work: Path, **settings: Any
) -> TemporaryPrefix:
    """Let a runtime of a plan's packages install itself, without the settings that only its users need.

    :param template: a template for this machine.
    :param work: existing directory for the prefix.
    :param settings: fields of the runtime's header, in place of the plan's.
    :raises CliError: ``prefix-failed`` if that fails.
    """
    header = replace(
        compose_header(plan, supplies.contents),
        layout="embedded",
        bytecode="on-import",
        commands="direct",
        condarc=None,
        bundle_file_name=None,
        **settings,
    )
    runtime, prefix = work / "runtime", work / "prefix"
    # The builder's machine may lack what the packages need: they only help to build.
    package_plan = replace(plan.package_plan, requirements=())
    write_stamp(template, runtime, header=header, plan=package_plan, lock=plan.lock, bundle=supplies.append_bundle)
    installed = TemporaryPrefix(path=prefix, runtime=runtime, subdir=plan.subdir)
    _run([*installed._command, "bootstrap", "--offline"], _clean(os.environ))
    return installed


def _clean(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.endswith(("_BUNDLE", "_PREFIX"))}


def _run(command: list[str], environ: Mapping[str, str]) -> str:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environ,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip() or f"status {done.returncode}"
        raise CliError(f"cannot install the packages into a temporary prefix: {said}", kind="prefix-failed")
    return os.fsdecode(done.stdout)
