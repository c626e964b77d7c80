"""Build the wheel with maturin, on Linux and on Windows with a static C library.

A static runtime starts on any Linux, whatever its C library, and only a static one has the launch fast path
(docs/explanation/launch.md). On Windows it does not ask for the libraries of Visual C++, which Windows does not have.
Cargo needs a target of its own for that: without one, the flag would reach build scripts and procedural macros too,
which cannot be static. ``CS_TEMPLATE_STATIC=0`` builds a dynamic executable instead.

The wheel also gets the notices of what is linked into the executable (``crate_notices.py``).
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import maturin
from crate_notices import add_notices, collect_notices

_STATIC_LINUX = ("x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu")
_STATIC_WINDOWS = ("x86_64-pc-windows-msvc", "aarch64-pc-windows-msvc")
_STATIC = "-Ctarget-feature=+crt-static"
_OLDEST_MACOS = "11.0"


def _rustc_host() -> str:
    listed = subprocess.run(["rustc", "-vV"], check=True, capture_output=True, text=True).stdout
    return next(line.removeprefix("host: ") for line in listed.splitlines() if line.startswith("host: "))


def _rustc_flags(static: bool) -> str:
    """Link statically, and name no directory of this machine in the executable.

    Paths in the workspace are relative as they are; naming it here would compile everything again for every clone.
    """
    cargo_home = os.environ.get("CARGO_HOME", str(Path.home() / ".cargo"))
    flags = [_STATIC] if static else []
    return "\x1f".join([*flags, f"--remap-path-prefix={cargo_home}=cargo"])


def _prepare() -> None:
    """Tell cargo and maturin by their environment variables, which the user's own override."""
    target = os.environ.get("CARGO_BUILD_TARGET") or _rustc_host()
    static = target in (*_STATIC_LINUX, *_STATIC_WINDOWS) and os.environ.get("CS_TEMPLATE_STATIC", "1") != "0"
    os.environ.setdefault("CARGO_BUILD_TARGET", target)
    if not {"RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"} & os.environ.keys():
        os.environ["CARGO_ENCODED_RUSTFLAGS"] = _rustc_flags(static)
    if target in _STATIC_LINUX and _STATIC in os.environ.get("CARGO_ENCODED_RUSTFLAGS", ""):
        # It runs wherever that policy says; package indexes refuse the plain "linux" tag.
        os.environ.setdefault("MATURIN_PEP517_ARGS", "--compatibility manylinux_2_17")
    if target.endswith("-apple-darwin"):
        os.environ.setdefault("MACOSX_DEPLOYMENT_TARGET", _OLDEST_MACOS)


def build_wheel(wheel_directory: str, config_settings: Any = None, metadata_directory: Any = None) -> str:
    """Build the wheel (PEP 517)."""
    _prepare()
    notices = collect_notices(Path.cwd(), os.environ["CARGO_BUILD_TARGET"])
    name = str(maturin.build_wheel(wheel_directory, config_settings, metadata_directory))
    add_notices(Path(wheel_directory) / name, notices)
    return name


def build_sdist(sdist_directory: str, config_settings: Any = None) -> str:
    """Build the source distribution (PEP 517)."""
    return str(maturin.build_sdist(sdist_directory, config_settings))


def get_requires_for_build_wheel(config_settings: Any = None) -> list[str]:
    """Name what building needs beyond ``build-system.requires``."""
    return list(maturin.get_requires_for_build_wheel(config_settings))


get_requires_for_build_sdist = get_requires_for_build_wheel
