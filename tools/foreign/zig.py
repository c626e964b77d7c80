"""``zig`` as C compiler and linker: ``python -m foreign.zig TARGET [ARGUMENTS]`` is what cargo calls.

``cargo-zigbuild`` turns the arguments of rustc and of build scripts into those that zig takes.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from . import kits
from .frameworks import find_symbols, write_stubs
from .places import CACHE


def write_wrappers(zig_target: str) -> tuple[Path, Path]:
    """Write the programs that cargo calls as C compiler, linker and archiver.

    :param zig_target: zig's name of the target, with the oldest version of the system.
    :returns: the compiler and the archiver.
    """
    folder = CACHE / "zig" / zig_target
    folder.mkdir(parents=True, exist_ok=True)
    cc, ar = folder / "cc", folder / "ar"
    tools = shlex.quote(str(Path(__file__).parents[1]))
    python = f"PYTHONPATH={tools} exec {shlex.quote(sys.executable)} -m foreign.zig"
    _write_program(cc, f'{python} {zig_target} "$@"')
    _write_program(ar, f'exec {shlex.quote(str(_find_zig()))} ar "$@"')
    return cc, ar


def _write_program(path: Path, line: str) -> None:
    """Put it in place at once: another build may be calling the one before."""
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    fresh.chmod(0o755)
    fresh.replace(path)


def _find_zig() -> Path:
    return kits.provide(kits.ZIG) / "ziglang" / "zig"


def main(words: Sequence[str]) -> int:
    """Compile or link."""
    zig_target, *rest = words
    arguments = leave_out_c_library(rest)
    zig = _find_zig()
    program = zig.parents[1] / "bin" / "cargo-zigbuild"
    variables = {"CARGO_ZIGBUILD_ZIG_PATH": str(zig), "ZIG_GLOBAL_CACHE_DIR": str(CACHE / "zig" / "cache")}
    with tempfile.TemporaryDirectory() as stubs:
        if "macos" in zig_target and "-framework" in arguments:
            write_stubs(find_symbols(list_objects(arguments)), Path(stubs))
            arguments.append(f"-F{stubs}")
        command = [str(program), "zig", "cc", "--", "-target", zig_target, *arguments]
        # zig leaves an empty file where it is, even if it is only asked for its version.
        directory = None if "-o" in arguments else stubs
        return subprocess.run(command, env={**os.environ, **variables}, cwd=directory).returncode


def leave_out_c_library(arguments: Sequence[str]) -> list[str]:
    """Say ``-nostartfiles`` in the way that zig heeds for Windows: else the C library brings its own start."""
    if "-nostartfiles" not in arguments:
        return list(arguments)
    parts = ("-nostartfiles", "-lmingw32", "-lmingwex", "-lmsvcrt")
    return ["-nostdlib", *(argument for argument in arguments if argument not in parts)]


def list_objects(arguments: Sequence[str]) -> Iterator[Path]:
    """Yield the objects and archives that a linker is given, those in a file of arguments too."""
    for argument in arguments:
        if argument.startswith("@"):
            yield from list_objects(shlex.split(Path(argument[1:]).read_text(encoding="utf-8")))
        elif argument.endswith((".o", ".rlib", ".a")) and not argument.startswith("-"):
            yield Path(argument)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
