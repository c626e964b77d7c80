"""Look into a wheel: what it says about itself, and where its members go.

Formats: the PyPA specifications "Binary distribution format", "Core metadata" and "Entry points".
"""

from __future__ import annotations

import email.parser
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import BinaryIO

from ..errors import CliError
from ..licenses.metadata import find_license
from .limits import LARGEST_METADATA, most_bytes, most_entries
from .places import NOARCH_PLACE, WINDOWS_SUFFIXES
from .totals import Listing
from .zips import Member, iterate_zip, read_member

_SITE_PLACE = "site-packages/"
"""Stands for the site-packages directory of whatever Python the wheel is installed for."""

_SCHEMES = {
    "purelib": _SITE_PLACE,
    "platlib": _SITE_PLACE,
    "scripts": NOARCH_PLACE,
    "data": "",
    "headers": "include/",
}
_INFO = ".dist-info"
_INTERPRETER = re.compile(r"((pythonw?|pypy)\d*(\.\d*)?t?|graalpy)(\.exe|\.py)?", re.IGNORECASE)
_LINK_SCRIPT = re.compile(r"\..*-(pre|post)-(un)?link\.(sh|bat)", re.IGNORECASE)
"""What installers run for a conda package: a wheel must not bring one for it."""
_ENTRY_POINT = re.compile(r"([^=]+)=\s*[\w.-]+\s*:\s*[\w.-]+\s*(\[.*\]\s*)?")
_SCRIPT_ENDINGS = re.compile(r"(\.exe|-script\.py|\.pya)$")
_OWN_PLACES = frozenset(("conda-meta", ".condarc", ".installer.info", "etc/conda-ship"))
"""Where the runtime itself writes, or conda."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelMetadata:
    """What a wheel says about itself in ``METADATA``.

    :ivar name: as the project spells it.
    :ivar license: an SPDX expression if the project states one, else what it states instead.
    :ivar license_files: paths of its licence files, as ``License-File`` has them.
    :ivar requires_dist: requirements (PEP 508), in their order.
    """

    name: str
    version: str
    license: str | None
    license_files: tuple[str, ...]
    requires_dist: tuple[str, ...]
    requires_python: str | None


@dataclass(frozen=True, slots=True)
class Wheel:
    """What is in a wheel.

    :ivar listing: where its members go, relative to the prefix; scripts as ``python-scripts/...``.
    :ivar entry_points: names of the commands that it declares.
    """

    metadata: WheelMetadata
    listing: Listing
    entry_points: tuple[str, ...]


def read_metadata(wheel: Path) -> WheelMetadata:
    """Read what a wheel says about itself.

    :raises CliError: ``archive-damaged`` if it cannot be read, or no runtime would install it.
    """
    try:
        return read_wheel(wheel).metadata
    except Exception as error:  # zlib and email read it, and a wheel can be broken in any way
        reason = f"{type(error).__name__}: {error}"
        raise CliError(f"cannot read the wheel: {reason}", kind="archive-damaged", path=wheel) from error


def read_wheel(wheel: Path, runtime: str | None = None) -> Wheel:
    """Read a wheel's directory and its metadata.

    This refuses what the runtime would refuse: names that lead outside the prefix, or to files that are not a wheel's.

    :param runtime: its name, if it is known: it has files of its own.
    :raises ValueError: if it is not a wheel, or a limit is exceeded; libraries raise other errors, too.
    """
    size = wheel.stat().st_size
    most = most_entries(size)
    with wheel.open("rb") as file:
        info, members = _find_metadata(file, most)
        texts = {name: read_member(file, member, LARGEST_METADATA) for name, member in members.items()}
        listing = _list_targets(file, most, f"{info.removesuffix(_INFO)}.data", _name_own_places(runtime))
    if listing.size_bytes > most_bytes(size):
        raise ValueError(f"it unpacks to more than {most_bytes(size)} bytes, too many for an archive of its size")
    _check_format(texts["WHEEL"])
    entry_points = tuple(sorted(set(_read_entry_points(texts.get("entry_points.txt", b"")))))
    _drop_shadowed(listing, entry_points)
    listing.add_entries(len(entry_points))
    return Wheel(_parse_metadata(texts["METADATA"]), listing, entry_points)


def _find_metadata(file: BinaryIO, most: int) -> tuple[str, dict[str, Member]]:
    """Find the directory of the metadata, and what to read in it."""
    tops, found = set(), {}
    for member in iterate_zip(file, most):
        parts = _split(member.name)
        if parts[0].endswith(_INFO):
            tops.add(parts[0])
            found["/".join(parts[1:])] = member
    if len(tops) != 1:
        raise ValueError(f"it has {len(tops)} directories *{_INFO} instead of one")
    if missing := sorted({"METADATA", "RECORD", "WHEEL"} - found.keys()):
        raise ValueError(f"it lacks {missing[0]}")
    return tops.pop(), {name: found[name] for name in ("WHEEL", "METADATA", "entry_points.txt") if name in found}


def _name_own_places(runtime: str | None) -> frozenset[str]:
    marker = f".{runtime}.json".lower()
    return _OWN_PLACES | ({marker, f"{marker}.new", f".{runtime}.staging".lower()} if runtime else set())


def _list_targets(file: BinaryIO, most: int, data: str, own_places: Collection[str]) -> Listing:
    """List where the members go.

    :param data: name of the directory with members for other places than site-packages.
    :param own_places: where no member may go.
    """
    listing, names = Listing(most_entries=most), set()
    for member in iterate_zip(file, most):
        if member.name in names:
            raise ValueError(f"it has {member.name} twice")
        names.add(member.name)
        if not member.name.endswith("/"):
            target = _find_target(member.name, data, own_places)
            listing.add_path(target)
            listing.size_bytes += member.size_bytes
            if not (member.is_executable or target.startswith(NOARCH_PLACE) or target.endswith(WINDOWS_SUFFIXES)):
                listing.executables.discard(target)
    return listing


def _find_target(name: str, data: str, own_places: Collection[str]) -> str:
    """Return where a member goes, relative to the prefix.

    :raises ValueError: if it may not go there.
    """
    parts = _split(name)
    if parts[0] != data:
        return _SITE_PLACE + "/".join(parts)
    scheme = parts[1] if len(parts) > 2 else ""
    if scheme not in _SCHEMES:
        raise ValueError(f"{name} is in none of {', '.join(sorted(_SCHEMES))}")
    _check_place(name, scheme, parts[2:], own_places)
    return _SCHEMES[scheme] + "/".join(parts[2:])


def _split(name: str) -> list[str]:
    """Return the parts of a member's name.

    :raises ValueError: if it leads outside of the wheel.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or ".." in parts or name.startswith("/") or "\\" in name or "\0" in name:
        raise ValueError(f"{name!r} is not a path inside a prefix")
    return parts


def _check_place(name: str, scheme: str, parts: list[str], own_places: Collection[str]) -> None:
    """Refuse a place where the interpreter is, or the records of the prefix are."""
    if scheme == "scripts" and len(parts) > 1:
        raise ValueError(f"{name} is in a directory; scripts are not")
    is_command = scheme == "scripts" or (scheme == "data" and _is_in_place_of_commands(parts))
    is_own = scheme == "data" and not {"/".join(parts[:length]).lower() for length in (1, 2)}.isdisjoint(own_places)
    if is_own or (is_command and _is_taken(parts[-1])):
        raise ValueError(f"{name} is not a file that a wheel may install")


def _is_taken(command: str) -> bool:
    return bool(_INTERPRETER.fullmatch(command) or _LINK_SCRIPT.fullmatch(command))


def _is_in_place_of_commands(parts: list[str]) -> bool:
    return len(parts) == 2 and parts[0].lower() in ("bin", "scripts")


def _check_format(text: bytes) -> None:
    """Check the version of the format: another major version may mean anything."""
    version = _parse_headers(text)["Wheel-Version"] or "none"
    if version.strip() != "0.1" and version.strip().partition(".")[0] != "1":
        raise ValueError(f"its format has the version {version}; 1 is known")


def _parse_headers(text: bytes) -> Message:
    return email.parser.HeaderParser().parsestr(text.decode("utf-8", "replace"))


def _parse_metadata(text: bytes) -> WheelMetadata:
    headers = _parse_headers(text)
    name, version = (_one_line(headers[key]) for key in ("Name", "Version"))
    if name is None or version is None:
        raise ValueError("METADATA has no Name, or no Version")
    return WheelMetadata(
        name=name,
        version=version,
        license=find_license(headers),
        license_files=tuple(filter(None, map(_one_line, headers.get_all("License-File", [])))),
        requires_dist=tuple(filter(None, map(_one_line, headers.get_all("Requires-Dist", [])))),
        requires_python=_one_line(headers["Requires-Python"]),
    )


def _one_line(value: object) -> str | None:
    return " ".join(str(value).split()) or None if value is not None else None


def _read_entry_points(text: bytes) -> Iterator[str]:
    """Yield the names of the commands that a wheel declares, read as the runtime does: line by line."""
    section = ""
    for raw in text.decode().split("\n"):
        line = re.split("[#;]", raw)[0].strip()
        if line.startswith("["):
            section = line[1:].partition("]")[0].strip()
        elif line and section in ("console_scripts", "gui_scripts"):
            name = _parse_entry_point(line)
            # pip's own name for the Python that it is installed for: the runtime gives it the environment's.
            if not re.fullmatch(r"pip3\.\d+", name):
                yield name


def _parse_entry_point(line: str) -> str:
    found = _ENTRY_POINT.fullmatch(line)
    name = found[1].strip() if found else ""
    if name in ("", ".", "..") or not {"/", "\\", "\0"}.isdisjoint(name) or _is_taken(name):
        raise ValueError(f"{line!r} does not declare a command that can be installed")
    return name


def _drop_shadowed(listing: Listing, entry_points: tuple[str, ...]) -> None:
    """Leave out scripts with the name of an entry point, which is installed instead."""
    shadowed = {
        path
        for path in listing.executables
        if path.startswith(NOARCH_PLACE) and _SCRIPT_ENDINGS.sub("", path.removeprefix(NOARCH_PLACE)) in entry_points
    }
    listing.executables -= shadowed
