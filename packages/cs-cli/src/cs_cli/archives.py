"""What is inside package archives, as far as a build needs to know it."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .errors import CliError

_WANTED = ("info/paths.json", "info/link.json", "info/files", "info/index.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveContents:
    """The files that one archive installs.

    :ivar paths: relative to the prefix, noarch python not yet mapped (``site-packages/...``, ``python-scripts/...``).
    :ivar entry_points: names of the commands that a noarch python package declares.
    :ivar installed_size_bytes: sum of the sizes that ``info/paths.json`` states; 0 for old packages without it.
    """

    paths: tuple[str, ...]
    entry_points: tuple[str, ...]
    installed_size_bytes: int


def read_contents(archive: Path) -> ArchiveContents:
    """Read the ``info/`` folder of a ``.conda`` or ``.tar.bz2`` archive.

    :raises CliError: ``archive-damaged`` if it cannot be read.
    """
    try:
        info = _read_conda_info(archive) if archive.name.endswith(".conda") else _read_tar_bz2_info(archive)
        return _summarise(info)
    except (OSError, EOFError, ValueError, KeyError, TypeError, tarfile.TarError, zipfile.BadZipFile) as error:
        raise CliError("archive-damaged", f"cannot read the package archive: {error}", path=archive) from error


def _summarise(info: dict[str, bytes]) -> ArchiveContents:
    link = json.loads(info.get("info/link.json", b"{}"))
    entry_points = (link.get("noarch") or {}).get("entry_points") or []
    names = tuple(line.partition("=")[0].strip() for line in entry_points)
    if "info/paths.json" not in info:
        paths = tuple(info.get("info/files", b"").decode().splitlines())
        return ArchiveContents(paths=paths, entry_points=names, installed_size_bytes=0)
    records: list[dict[str, Any]] = json.loads(info["info/paths.json"])["paths"]
    size = sum(record.get("size_in_bytes") or 0 for record in records)
    return ArchiveContents(
        paths=tuple(record["_path"] for record in records), entry_points=names, installed_size_bytes=size
    )


def _read_conda_info(archive: Path) -> dict[str, bytes]:
    import zstandard

    with zipfile.ZipFile(archive) as container:
        name = next(name for name in container.namelist() if name.startswith("info-") and name.endswith(".tar.zst"))
        with container.open(name) as member, zstandard.ZstdDecompressor().stream_reader(member) as stream:
            return dict(_wanted_members(io.BufferedReader(stream)))


def _read_tar_bz2_info(archive: Path) -> dict[str, bytes]:
    import bz2

    with bz2.open(archive) as stream:
        return dict(_wanted_members(stream))


def _wanted_members(stream: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield the wanted members, and stop when ``info/`` is over: it comes first in archives of today's tools."""
    seen = False
    with tarfile.open(fileobj=stream, mode="r|") as tar:
        for member in tar:
            inside = member.name.startswith("info/")
            if seen and not inside:
                return
            seen = seen or member.name in ("info/paths.json", "info/files")
            file = tar.extractfile(member) if member.name in _WANTED else None
            if file is not None:
                yield member.name, file.read()


def delegate_paths(delegate: str, platform: str) -> tuple[str, ...]:
    """List the places, relative to a prefix, where an executable of that name is looked for.

    :param platform: conda subdir.
    """
    if not platform.startswith("win-"):
        return (f"bin/{delegate}",)
    directories = ("", "Library/mingw-w64/bin/", "Library/usr/bin/", "Library/bin/", "Scripts/", "bin/", "condabin/")
    return tuple(f"{directory}{delegate}{suffix}" for directory in directories for suffix in (".exe", ".bat", ".cmd"))


def provides(contents: ArchiveContents, delegate: str, platform: str) -> bool:
    """Tell whether a package installs the delegate."""
    if delegate in contents.entry_points:
        return True
    wanted = {path.lower() if platform.startswith("win-") else path for path in delegate_paths(delegate, platform)}
    scripts = "Scripts/" if platform.startswith("win-") else "bin/"
    installed = (path.replace("python-scripts/", scripts, 1) for path in contents.paths)
    return any((path.lower() if platform.startswith("win-") else path) in wanted for path in installed)


def require_delegate(contents: Iterable[ArchiveContents], delegate: str, platform: str) -> None:
    """Refuse a package set that has no such executable.

    :raises CliError: ``delegate-missing``.
    """
    if not any(provides(one, delegate, platform) for one in contents):
        raise CliError(
            "delegate-missing",
            f"no package of the environment provides the delegate {delegate!r} on {platform}",
            key="tool.conda-ship.delegate",
            expected="one of " + ", ".join(delegate_paths(delegate, platform)[:2]),
            hint="name an executable that a package of this environment installs, or add the package that has it",
        )
