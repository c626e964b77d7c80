"""How cargo is called for another platform: Debian's compiler, and the C compiler and linker of the platform's kit."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from . import kits, zig
from .places import OWN_TARGET_DIRECTORY, TARGET_DIRECTORY, TEMPLATE
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
    tools = target.tools
    if tools.kit is None:
        return _describe_own(target)
    rust = kits.provide("rust")
    folder = kits.provide(tools.kit)
    libraries = [rust / "usr/lib/x86_64-linux-gnu"]
    programs = [rust / "usr/bin", folder / "usr/bin"]
    if tools.libraries is not None:
        libraries.append(folder / tools.libraries)
    return {
        "PATH": os.pathsep.join((*map(str, programs), os.environ["PATH"])),
        "LD_LIBRARY_PATH": os.pathsep.join(map(str, libraries)),
        "CARGO_TARGET_DIR": str(TARGET_DIRECTORY),
        "CARGO_BUILD_TARGET": target.triple,
        **_name_tools(target, folder),
        **_describe_std(target),
        **target.variables,
    }


def _describe_own(target: Target) -> dict[str, str]:
    """Build with what the machine has, for the machine itself, and where ``nox`` keeps what it has built for it."""
    return {
        "CARGO_TARGET_DIR": os.environ.get("CARGO_TARGET_DIR", str(OWN_TARGET_DIRECTORY)),
        "CARGO_BUILD_TARGET": target.triple,
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(_list_flags(target)),
    }


def _name_tools(target: Target, folder: Path) -> dict[str, str]:
    """Name compiler, archiver and linker, for cargo and for build scripts that compile C."""
    if target.tools.zig_target is not None:
        cc, ar = map(str, zig.write_wrappers(target.tools.zig_target))
    else:
        cc, ar = (str(folder / tool) for tool in (target.tools.cc, target.tools.ar))
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
    """Let cargo build the standard library, which a stable compiler does only if it believes that it is not stable."""
    if target.std == "ready":
        return {}
    return {"CARGO_UNSTABLE_BUILD_STD": _STD, "RUSTC_BOOTSTRAP": "1"}


def build_template(target: Target, *, profile: str = "release") -> Path:
    """Build the template and return the executable."""
    variables = environment(target)
    command = ["cargo", "build", "--profile", profile, "--bin", NAME, "--locked"]
    subprocess.run(command, cwd=TEMPLATE, env={**os.environ, **variables}, check=True)
    return Path(variables["CARGO_TARGET_DIR"]) / target.triple / profile / target.program


def compile_c(target: Target, source: Path, output: Path, *flags: str) -> None:
    """Compile one C file into a small executable or library."""
    variables = environment(target)
    cc = variables[f"CC_{target.triple.replace('-', '_')}"]
    command = [cc, "-O1", "-s", "-o", str(output), str(source), *flags]
    subprocess.run(command, env={**os.environ, **variables}, check=True)
