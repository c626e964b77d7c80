"""Run Windows programs with wine, which has no display here, in a Windows directory of the cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import kits
from .compiling import compile_c
from .errors import ForeignError
from .places import CACHE
from .targets import find_target

PREFIX = CACHE / "wine"
_SYSTEM = PREFIX / "drive_c" / "windows" / "system32"
_BUILTIN = b"Wine builtin DLL".ljust(32, b"\0")
"""What wine expects behind the first 64 bytes of a library of its own."""

_MISSING_LIBRARY = _SYSTEM / "bcryptprimitives.dll"


def environment() -> dict[str, str]:
    """Return the variables with which programs for Windows run, the directory of Windows being ready.

    ``wine64`` and the C compiler of mingw-w64 are on the path, and ``cargo`` runs tests with it.

    :raises ForeignError: if there is no wine and it cannot be fetched.
    """
    variables = _describe()
    if not _MISSING_LIBRARY.is_file():
        _make_prefix(variables)
    return variables


def _describe() -> dict[str, str]:
    folder = kits.provide("wine")
    programs, libraries = folder / "usr/lib/wine", folder / "usr/lib/x86_64-linux-gnu"
    runner = f"CARGO_TARGET_{find_target('win-64').triple.replace('-', '_').upper()}_RUNNER"
    return {
        "PATH": os.pathsep.join((str(programs), str(kits.provide("mingw") / "usr/bin"), os.environ["PATH"])),
        "LD_LIBRARY_PATH": str(libraries),
        "WINEPREFIX": str(PREFIX),
        "WINESERVER": str(programs / "wineserver64"),
        "WINEDLLPATH": str(libraries / "wine"),
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "winedbg.exe=d;mscoree=;mshtml=;winemenubuilder.exe=d",
        "DISPLAY": "",
        runner: str(programs / "wine64"),
    }


def _make_prefix(variables: dict[str, str]) -> None:
    """Make the directory of Windows, and add the library that wine lacks."""
    shutil.rmtree(PREFIX, ignore_errors=True)
    _add_zlib(kits.provide("wine"))
    _call(variables, "wine64", "wineboot", "-i")
    _call(variables, "wineserver64", "-k", check=False)
    if not _SYSTEM.is_dir():
        raise ForeignError(f"wine made no directory of Windows in {PREFIX}")
    compile_c(find_target("win-64"), Path(__file__).with_name("prng.c"), _MISSING_LIBRARY, "-shared", "-ladvapi32")


def _add_zlib(folder: Path) -> None:
    """Do what Debian's package does when it is installed: make zlib's library for Windows a part of wine."""
    library = (folder / "usr/x86_64-w64-mingw32/lib/zlib1.dll").read_bytes()
    marked = library[:64] + _BUILTIN + library[64 + len(_BUILTIN) :]
    (folder / "usr/lib/x86_64-linux-gnu/wine/x86_64-windows/zlib1.dll").write_bytes(marked)


@contextmanager
def serving(variables: dict[str, str]) -> Iterator[None]:
    """Keep wine's server and services running: a program then starts in a tenth of a second.

    A test that starts them first would also hand them its output. If it reads that to the end, it waits for ever.
    """
    _call(variables, "wineserver64", "-p")
    _call(variables, "wine64", "cmd", "/c", "exit")
    try:
        yield
    finally:
        _call(variables, "wineserver64", "-k", check=False)


def _call(variables: dict[str, str], program: str, *words: str, check: bool = True) -> None:
    path = Path(variables["WINESERVER"]).with_name(program)
    null = subprocess.DEVNULL
    settings = {**os.environ, **variables}
    subprocess.run([str(path), *words], env=settings, check=check, stdin=null, stdout=null, stderr=null)
