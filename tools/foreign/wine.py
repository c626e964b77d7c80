"""Run Windows programs with wine, which has no display here, each run in a Windows directory of its own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import debian, directories, kits
from .alone import run_alone
from .compiling import compile_c
from .errors import ForeignError
from .targets import find_target

_DIRECTORY = "windows"
"""The kit that is wine's directory of Windows."""

_PRNG = Path(__file__).with_name("prng.c")
_BUILTIN = b"Wine builtin DLL".ljust(32, b"\0")
"""What wine expects behind the first 64 bytes of a library of its own."""


def run(command: Sequence[str], extra: Mapping[str, str]) -> int:
    """Run a command that starts Windows programs.

    ``wine64`` and the C compiler of mingw-w64 are on its path, and ``cargo`` runs tests with wine. wine's server and
    services run before it: a program then starts in a tenth of a second. A test that starts them first would also hand
    them its output; if it reads that to the end, it waits for ever.

    :param extra: more variables; its PATH and LD_LIBRARY_PATH come first.
    :returns: its exit status.
    :raises ForeignError: if there is no wine and it cannot be fetched.
    """
    with directories.provide_directory(_provide_pristine()) as directory:
        variables = {**os.environ, **_join(_describe(directory), extra)}
        server, wine64 = variables["WINESERVER"], _program("wine64")
        before = [(server, "-p"), (wine64, "cmd", "/c", "exit")]
        return run_alone(command, variables, before=before, after=[(server, "-k"), (server, "-w")])


def _program(name: str) -> str:
    return str(kits.provide("wine") / "usr/lib/wine" / name)


def _describe(directory: Path) -> dict[str, str]:
    """Return the variables with which programs for Windows run.

    :param directory: the Windows directory.
    """
    libraries = kits.provide("wine") / "usr/lib/x86_64-linux-gnu"
    programs = Path(_program("wine64")).parent
    runner = f"CARGO_TARGET_{find_target('win-64').triple.replace('-', '_').upper()}_RUNNER"
    return {
        "PATH": os.pathsep.join((str(programs), str(kits.provide("mingw") / "usr/bin"), os.environ["PATH"])),
        "LD_LIBRARY_PATH": str(libraries),
        "WINEPREFIX": str(directory),
        "WINESERVER": _program("wineserver64"),
        "WINEDLLPATH": str(libraries / "wine"),
        "WINEDEBUG": "-all",
        "WINEDLLOVERRIDES": "winedbg.exe=d;mscoree=;mshtml=;winemenubuilder.exe=d",
        "DISPLAY": "",
        runner: _program("wine64"),
    }


def _join(first: Mapping[str, str], second: Mapping[str, str]) -> dict[str, str]:
    """Join two sets of variables, the lists of folders among them too."""
    lists = {
        name: os.pathsep.join((second[name], first[name]))
        for name in ("PATH", "LD_LIBRARY_PATH")
        if name in first and name in second
    }
    return {**first, **second, **lists}


def _provide_pristine() -> Path:
    """Return a Windows directory that no program has used; make it if wine or the library that it lacks has changed."""
    contents = repr((debian.read_pins("wine"), _PRNG.read_text(encoding="utf-8")))
    return kits.fill_once(_DIRECTORY, contents, _make_pristine)


def _make_pristine(directory: Path) -> None:
    """Let wine make a directory of Windows, and add the library that wine lacks."""
    _add_zlib(kits.provide("wine"))
    _name_server(kits.provide("wine"))
    variables, server = {**os.environ, **_describe(directory)}, _program("wineserver64")
    run_alone([_program("wine64"), "wineboot", "-i"], variables, after=[(server, "-k"), (server, "-w")], quiet=True)
    system = directory / "drive_c/windows/system32"
    if not system.is_dir():
        raise ForeignError(f"wine made no directory of Windows in {directory}")
    compile_c(find_target("win-64"), _PRNG, system / "bcryptprimitives.dll", "-shared", "-ladvapi32")


def _add_zlib(folder: Path) -> None:
    """Do what Debian's package does when it is installed: make zlib's library for Windows a part of wine."""
    library = (folder / "usr/x86_64-w64-mingw32/lib/zlib1.dll").read_bytes()
    marked = library[:64] + _BUILTIN + library[64 + len(_BUILTIN) :]
    (folder / "usr/lib/x86_64-linux-gnu/wine/x86_64-windows/zlib1.dll").write_bytes(marked)


def _name_server(folder: Path) -> None:
    """Replace the script that Debian has in the place of wine's server: it looks for an installed wine only.

    A program starts what lies there before it reads ``WINESERVER``.
    """
    server = folder / "usr/lib/wine/wineserver"
    server.unlink()
    server.symlink_to("wineserver64")
