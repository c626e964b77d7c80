"""Whether a wheel's tags fit a platform and its Python."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MACHINES = {"32": "(?:i686|i386)", "64": "x86_64"}
_LINUX = r"(?:linux|manylinux1|manylinux2010|manylinux2014|manylinux_\d+_\d+|musllinux_\d+_\d+)"
_MAC_MACHINES = {"64": "x86_64|universal|universal2|intel|fat64|fat32|fat3", "arm64": "arm64|universal2"}
_WINDOWS = {"32": "win32", "64": "win_amd64", "arm64": "win_arm64"}
_RELEASE = re.compile(r"(\d{1,9})(?:\.(\d{1,9}))?(?!\d)", re.ASCII)
_GENERIC = re.compile(r"py(\d)(\d{0,9})")
_CPYTHON = re.compile(r"cp(\d)(\d{1,9})")


def fits_platform(platforms: Iterable[str], subdir: str) -> bool:
    """Tell whether one of a wheel's platform tags fits a conda subdir.

    Versions of the system are not compared: the solver did that.

    :param platforms: such as ``manylinux_2_17_x86_64``.
    :param subdir: such as ``linux-64``.
    """
    system, _, machine = subdir.partition("-")
    name = _MACHINES.get(machine, machine)
    patterns = {
        "linux": rf"{_LINUX}_{name}",
        "osx": rf"macosx_\d+_\d+_(?:{_MAC_MACHINES.get(machine, name)})",
        "win": _WINDOWS.get(machine, name),
    }
    pattern = re.compile(patterns.get(system, f"{system}_.*_{name}"))
    return any(platform == "any" or pattern.fullmatch(platform) for platform in platforms)


def fits_python(tags: Iterable[tuple[str, str]], version: str, *, is_free_threaded: bool = False) -> bool:
    """Tell whether one of a wheel's pairs of Python and ABI tag fits a CPython.

    :param tags: such as ``("cp39", "abi3")``.
    :param version: of Python, such as ``3.12.4``; nothing fits one that does not start with a number.
    :param is_free_threaded: whether it is a build without the GIL.
    """
    numbers = _RELEASE.match(version)
    if numbers is None:
        return False
    major, minor = int(numbers[1]), int(numbers[2] or 0)
    return any(_fits(python, abi, major, minor, is_free_threaded=is_free_threaded) for python, abi in tags)


def _fits(python: str, abi: str, major: int, minor: int, *, is_free_threaded: bool) -> bool:
    if match := _GENERIC.fullmatch(python):
        return int(match[1]) == major and int(match[2] or 0) <= minor
    match = _CPYTHON.fullmatch(python)
    if match is None or int(match[1]) != major:
        return False
    own = f"cp{major}{minor}"
    if int(match[2]) == minor and abi in ((f"{own}t",) if is_free_threaded else (own, f"{own}m", f"{own}mu")):
        return True
    return int(match[2]) <= minor and abi in ("none", "abi3t" if is_free_threaded else "abi3")
