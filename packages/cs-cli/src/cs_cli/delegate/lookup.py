"""Does any package of the environment provide the delegate?"""

from __future__ import annotations

from collections.abc import Iterable

from ..archives.contents import ArchiveContents
from ..archives.places import NOARCH_PLACE, UNIX_PLACES, WINDOWS_PLACES, WINDOWS_SUFFIXES
from ..errors import CliError
from ..project.places import SettingPlaces


def delegate_paths(delegate: str, platform: str) -> tuple[str, ...]:
    """List the places, relative to a prefix, where an executable of that name is looked for.

    :param platform: conda subdir.
    """
    if not platform.startswith("win-"):
        return tuple(f"{place}{delegate}" for place in UNIX_PLACES)
    suffixes = ("",) if delegate.lower().endswith(WINDOWS_SUFFIXES) else WINDOWS_SUFFIXES
    return tuple(f"{place}{delegate}{suffix}" for place in WINDOWS_PLACES for suffix in suffixes)


def list_executables(contents: ArchiveContents, platform: str) -> set[str]:
    """List the executables of a package, relative to the prefix."""
    windows = platform.startswith("win-")
    scripts = "Scripts/" if windows else "bin/"
    found = {path.replace(NOARCH_PLACE, scripts, 1) for path in contents.executables}
    found |= {f"{scripts}{name}{'.exe' if windows else ''}" for name in contents.entry_points}
    return found


def find_delegate(contents: Iterable[ArchiveContents], delegate: str, platform: str) -> str | None:
    """Find the path of the delegate in a package set, relative to the prefix, as the package spells it.

    :param platform: conda subdir.
    """
    fold = str.lower if platform.startswith("win-") else str
    installed = {fold(path): path for one in contents for path in sorted(list_executables(one, platform))}
    wanted = map(fold, delegate_paths(delegate, platform))
    return next((installed[path] for path in wanted if path in installed), None)


def require_delegate(contents: Iterable[ArchiveContents], delegate: str, platform: str, places: SettingPlaces) -> str:
    """Find the delegate, or refuse the package set.

    :returns: its path, relative to the prefix.
    :raises CliError: ``delegate-missing``.
    """
    contents = list(contents)
    path = find_delegate(contents, delegate, platform)
    if path is None:
        raise missing_delegate(delegate, platform, suggest_delegate(contents, delegate, platform), places)
    return path


def missing_delegate(delegate: str, platform: str, hint: str | None, places: SettingPlaces) -> CliError:
    """Return the error of a package set without its delegate."""
    return CliError(
        f"no package of the environment provides the delegate {delegate!r} on {platform}",
        kind="delegate-missing",
        expected="one of " + ", ".join(delegate_paths(delegate, platform)[:2]),
        hint=hint,
        **places.find("delegate"),
    )


def suggest_delegate(contents: Iterable[ArchiveContents], delegate: str, platform: str) -> str:
    """Say what to do about a missing delegate, with the most similar existing name."""
    names = {path.rpartition("/")[2] for one in contents for path in list_executables(one, platform)}
    from cs_lock import did_you_mean

    guess = did_you_mean(delegate, names)
    prefix = f"{guess} " if guess else ""
    return f"{prefix}name an executable that one of the packages installs, or add the package that provides it"
