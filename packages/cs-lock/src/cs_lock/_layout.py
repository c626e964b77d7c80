"""How the versions of the lock format arrange environments, platforms and packages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from ._blocks import Node
from ._document import RESTORE
from ._environments import Channel, PackageKind, Reference, SourceEnvironment
from ._errors import LockError
from ._fields import RecordReader
from ._locations import choose_subdir, derive_location_fields
from ._platforms import SUBDIRS, Platform, find_subdir

LockKind = Literal["conda.lock", "pixi.lock"]

_KINDS: dict[int, LockKind] = {1: "conda.lock", 4: "pixi.lock", 5: "pixi.lock", 6: "pixi.lock", 7: "pixi.lock"}
_PLATFORM_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ARCHIVES = (".conda", ".tar.bz2")
_REFERENCE_KINDS: tuple[tuple[str, PackageKind], ...] = (
    ("conda", "conda"),
    ("pypi", "pypi"),
    ("conda_source", "source"),
    ("source", "source"),
)


def identify_format(document: Mapping[str, Node], file_name: str) -> tuple[LockKind, int]:
    """Find out which tool's format a lock has, and its version.

    :param document: the lock.
    :param file_name: of the lock: the conda-lock tool's format and pixi's first one look alike.
    :returns: kind and version.
    :raises LockError: if the format is not supported.
    """
    value = document.get("version")
    if "version" not in document:
        raise LockError(
            "this is not a lock: it has no version",
            kind="not-a-lock",
            expected="a conda.lock or pixi.lock",
            hint=RESTORE,
        )
    version = int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10 else 0
    is_first_layout = "package" in document and "metadata" in document
    if version in (2, 3) or (version == 1 and is_first_layout and file_name == "pixi.lock"):
        message = f"version {version} of the lock format is too old (4 to 7 can be read)"
        raise LockError(message, kind="unsupported-version", key="version", hint="run `pixi lock`")
    if is_first_layout:
        message = "this is a lock of the conda-lock tool, which is not supported"
        hint = "lock the workspace with conda-workspaces (conda.lock) or pixi (pixi.lock)"
        raise LockError(message, kind="legacy-conda-lock", key="version", hint=hint)
    if version not in _KINDS:
        raise LockError(
            "this version of the lock format is not supported",
            kind="unsupported-version",
            key="version",
            expected="1 (conda.lock) or 4 to 7 (pixi.lock)",
            actual=str(value)[:40],
            hint="a newer cs-lock may read it" if version > 7 else "lock the workspace again with a current tool",
        )
    return _KINDS[version], version


def place_error(error: LockError, path: Path, text: str) -> LockError:
    """Give an error its file, and line and column if it has a key path.

    :param error: the error.
    :param path: of the lock.
    :param text: of the lock.
    :returns: the same error.
    """
    error.path = path
    if error.key and error.line is None:
        from ._events import locate

        error.line, error.column = locate(text, [error.key])[error.key]
    return error


class LayoutReader:
    """A reader of the parts of a lock's document.

    :param path: of the lock, for messages.
    :param text: of the lock, to find positions in.
    :param version: of the format.
    """

    def __init__(self, path: Path, text: str, version: int) -> None:
        self.path = path
        self.text = text
        self.version = version

    def fail(
        self, kind: str, message: str, key: str, expected: str | None = None, hint: str | None = None
    ) -> LockError:
        """Return an error with its position."""
        error = LockError(message, kind=kind, key=key, expected=expected, hint=hint)
        return place_error(error, self.path, self.text)

    def mapping(self, value: Node, key: str) -> dict[str, Node]:
        """Return a value that must be a mapping."""
        if not isinstance(value, dict):
            raise self.fail("invalid-value", f"{key} is not a mapping", key, "a mapping")
        return value

    def sequence(self, value: Node, key: str) -> list[Node]:
        """Return a value that must be a list."""
        if not isinstance(value, list):
            raise self.fail("invalid-value", f"{key} is not a list", key, "a list")
        return value

    def text_of(self, value: Node, key: str) -> str:
        """Return a value that must be text, and not empty."""
        if not isinstance(value, str) or not value:
            raise self.fail("invalid-value", f"{key} is not text", key, "text")
        return str(value)

    def platforms(self, value: Node) -> dict[str, Platform]:
        """Read version 7's table of platforms."""
        declared: dict[str, Platform] = {}
        for index, entry in enumerate(self.sequence(value, "platforms") if value is not None else []):
            key = f"platforms[{index}]"
            name = self.text_of(self.mapping(entry, key).get("name"), f"{key}.name")
            subdir = self.text_of(entry.get("subdir") or name, f"{key}.subdir")
            self._check_name(name, f"{key}.name")
            if subdir not in SUBDIRS:
                where = f"{key}.subdir" if "subdir" in entry else f"{key}.name"
                message = f"the platform {name!r} is for {subdir!r}, which is not a conda subdir"
                raise self.fail("unknown-subdir", message, where, "a subdir such as linux-64")
            if name in declared:
                raise self.fail("duplicate-platform", f"the platform {name!r} appears twice", key)
            virtual = self._texts(entry, key, "virtual-packages")
            declared[name] = Platform(name=name, subdir=subdir, virtual_packages=virtual)
        return declared

    def index(self, packages: Iterable[Node]) -> dict[tuple[PackageKind, str], list[int]]:
        """Map kind and location of each entry of ``packages`` to its indices."""
        index: dict[tuple[PackageKind, str], list[int]] = {}
        for number, entry in enumerate(packages):
            index.setdefault(self._identify(entry, "packages", number), []).append(number)
        return index

    def environment(
        self, name: str, value: Node, declared: Mapping[str, Platform], records: Mapping[str, list[Node]]
    ) -> SourceEnvironment:
        """Read an environment.

        :param value: its entry.
        :param declared: version 7's platforms.
        :param records: for each archive's location, the entries of ``packages``.
        """
        key = f"environments.{name}"
        entry = self.mapping(value, key)
        lists = self.mapping(entry.get("packages"), f"{key}.packages")
        references = {
            platform: self._references(lists[platform], f"{key}.packages.{platform}") for platform in sorted(lists)
        }
        return SourceEnvironment(
            name=name,
            channels=self._channels(entry.get("channels"), f"{key}.channels"),
            platforms=tuple(
                self._platform(platform, references[platform], f"{key}.packages.{platform}", declared, records)
                for platform in references
            ),
            references=references,
        )

    def _identify(self, entry: Node, list_key: str, position: int) -> tuple[PackageKind, str]:
        """Return kind and location of an entry of ``packages`` or of a package list."""
        if type(entry) is dict:
            location = entry.get("conda")
            if type(location) is str:
                return _refine("conda", location)
            if "kind" in entry:
                location = entry.get("url") or entry.get("path")
                if isinstance(location, str):
                    return _refine("pypi" if entry["kind"] == "pypi" else "conda", str(location))
            for name, kind in _REFERENCE_KINDS:
                location = entry.get(name)
                if isinstance(location, str):
                    return _refine(kind, str(location))
        message = "this is not a package: it has no conda, conda_source or pypi location"
        raise self.fail("invalid-value", message, f"{list_key}[{position}]", "a mapping with a location")

    def _references(self, value: Node, key: str) -> tuple[Reference, ...]:
        entries = self.sequence(value, key) if value is not None else []
        return tuple(
            Reference(*self._identify(entry, key, position), entry, key, position)
            for position, entry in enumerate(entries)
        )

    def _channels(self, value: Node, key: str) -> tuple[Channel, ...]:
        channels = []
        for index, entry in enumerate(self.sequence(value, key)):
            if isinstance(entry, str):
                channels.append(Channel(url=str(entry)))
                continue
            where = f"{key}[{index}]"
            url = self.text_of(self.mapping(entry, where).get("url"), f"{where}.url")
            channels.append(Channel(url=url, used_env_vars=self._texts(entry, where, "used_env_vars")))
        return tuple(channels)

    def _texts(self, entry: Mapping[str, Node], key: str, name: str) -> tuple[str, ...]:
        try:
            return RecordReader(entry, key).texts(name)
        except LockError as error:
            place_error(error, self.path, self.text)
            raise

    def _check_name(self, name: str, key: str) -> None:
        """Refuse a platform's name that rattler does not accept."""
        if not _PLATFORM_NAME.fullmatch(name):
            message = f"{name!r} cannot be the name of a platform"
            raise self.fail("invalid-value", message, key, "letters, digits, '-' and '_'")

    def _platform(
        self,
        name: str,
        references: Iterable[Reference],
        key: str,
        declared: Mapping[str, Platform],
        records: Mapping[str, list[Node]],
    ) -> Platform:
        """Find what a platform name stands for: in the table of version 7, otherwise from the packages."""
        if name in declared:
            return declared[name]
        if self.version >= 7:
            message = f"the platform {name!r} is not in the lock's table of platforms"
            raise self.fail("unknown-platform", message, key, "a platform of the table")
        subdir = name if name in SUBDIRS else find_subdir(name, _subdirs_of(references, records))
        self._check_name(name, key)
        if subdir is None:
            message = f"the lock does not say which conda subdir the platform {name!r} has"
            hint = "name the platform after its subdir, as in linux-64 or linux-64-cuda"
            if name == "noarch":
                hint = "noarch packages run on a platform: solve the environment for one, such as linux-64"
            raise self.fail("unknown-subdir", message, key, "a subdir such as linux-64", hint)
        return Platform(name=name, subdir=subdir)


def _subdirs_of(references: Iterable[Reference], records: Mapping[str, list[Node]]) -> set[str]:
    """Return the subdirs of the archives that references name."""
    subdirs = set()
    for reference in references:
        if reference.kind == "conda":
            for entry in records.get(reference.location, []):
                folder = derive_location_fields(reference.location)["subdir"]
                subdirs.add(choose_subdir(entry.get("subdir"), folder, reference.location))
    return {str(subdir) for subdir in subdirs if subdir}


def _refine(kind: PackageKind, location: str) -> tuple[PackageKind, str]:
    """Tell archives from source packages: up to version 6, both are listed under ``conda``."""
    if kind != "conda" or location.endswith(_ARCHIVES):
        return kind, location
    is_archive = location.partition("?")[0].partition("#")[0].endswith(_ARCHIVES)
    return ("conda" if is_archive else "source"), location
