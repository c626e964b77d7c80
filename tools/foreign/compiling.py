"""How cargo is called for another platform: Debian's compiler, and the C compiler and linker of the platform's kit."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import kits
from .places import TARGET_DIRECTORY, TEMPLATE
from .targets import Target

NAME = "cs-template"
QUICK = "quick"
"""The profile of templates for tests: compiled in half the time (``templates/cs-template/Cargo.toml``)."""

_STD = "std,panic_abort,panic_unwind,test,proc_macro"


def environment(target: Target) -> dict[str, str]:
    """Return the variables with which any command of cargo builds for a target.

    Nothing else is needed: the target itself and the building of its standard library are variables too.

    :raises ForeignError: if a tool is not there and cannot be fetched.
    """
    rust = kits.provide("rust")
    tools = target.tools
    folder = kits.provide(tools.kit) if tools.kit else None
    libraries = [rust / "usr/lib/x86_64-linux-gnu"]
    programs = [rust / "usr/bin"]
    if folder is not None:
        programs.append(folder / "usr/bin")
    if folder is not None and tools.libraries is not None:
        libraries.append(folder / tools.libraries)
    return {
        "PATH": os.pathsep.join((*map(str, programs), os.environ["PATH"])),
        "LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries)),
        "CARGO_TARGET_DIR": str(TARGET_DIRECTORY),
        "CARGO_BUILD_TARGET": target.triple,
        **_name_tools(target, folder),
        **_describe_std(target),
    }


def _name_tools(target: Target, folder: Path | None) -> dict[str, str]:
    """Name compiler, archiver and linker, for cargo and for build scripts that compile C."""
    cc, ar = (str(folder / tool) if folder else tool for tool in (target.tools.cc, target.tools.ar))
    variable = target.triple.replace("-", "_")
    return {
        f"CC_{variable}": cc,
        f"AR_{variable}": ar,
        f"CARGO_TARGET_{variable.upper()}_LINKER": cc,
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(_list_flags(target)),
    }


def _list_flags(target: Target) -> Sequence[str]:
    """Name no folder of this machine in the executable (as ``templates/cs-template/packaging`` does)."""
    cargo_home = os.environ.get("CARGO_HOME", str(Path.home() / ".cargo"))
    return (*target.rustflags, f"--remap-path-prefix={cargo_home}=cargo")


def _describe_std(target: Target) -> dict[str, str]:
    """Let cargo build the standard library, which a stable compiler does only if it is told that it is not stable."""
    if target.std == "ready":
        return {}
    return {"CARGO_UNSTABLE_BUILD_STD": _STD, "RUSTC_BOOTSTRAP": "1"}


def build_template(target: Target, *, profile: str = "release") -> Path:
    """Build the template and return the executable."""
    cargo("build", "--profile", profile, "--bin", NAME, "--locked", variables=environment(target))
    return TARGET_DIRECTORY / target.triple / profile / f"{NAME}{target.program_suffix}"


def compile_c(target: Target, source: Path, output: Path, *flags: str) -> None:
    """Compile one C file into a small executable or library."""
    variables = environment(target)
    cc = variables[f"CC_{target.triple.replace('-', '_')}"]
    command = [cc, "-O1", "-s", "-o", str(output), str(source), *flags]
    subprocess.run(command, env={**os.environ, **variables}, check=True)


def cargo(*arguments: str, variables: Mapping[str, str]) -> None:
    """Run cargo in the workspace of the template."""
    program = kits.provide("rust") / "usr/bin/cargo"
    subprocess.run([str(program), *arguments], cwd=TEMPLATE, env={**os.environ, **variables}, check=True)
