"""The lock that a workspace's own tool wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from cs_lock.blocks import Node
from cs_lock.document import parse_text, pause_collection, read_text
from cs_lock.errors import LockError, Problem
from cs_lock.platforms import SUBDIRS, Platform, find_subdir
from cs_lock.records import PackageRecord, RecordReader, derive_location_fields, read_record

LockKind = Literal["conda.lock", "pixi.lock"]
PackageKind = Literal["conda", "source", "pypi"]

_VERSIONS = {1: "conda.lock", 4: "pixi.lock", 5: "pixi.lock", 6: "pixi.lock", 7: "pixi.lock"}
_ARCHIVES = (".conda", ".tar.bz2")
_REFERENCE_KINDS: tuple[tuple[str, PackageKind], ...] = (
    ("conda", "conda"),
    ("pypi", "pypi"),
    ("conda_source", "source"),
    ("source", "source"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A channel of an environment.

    :param url: as the lock gives it
    :param used_env_vars: environment variables that held its credentials
    """

    url: str
    used_env_vars: tuple[str, ...] = ()


class Reference(NamedTuple):
    """A line of an environment's package list.

    :param kind: ``conda`` for an archive, ``source`` for a package that is built when it is installed, or ``pypi``
    :param location: URL, path, or identifier of a source package
    :param selector: the line itself
    :param list_key: key path of the list
    :param position: of the line in the list, counted from 0
    """

    kind: PackageKind
    location: str
    selector: Mapping[str, Node]
    list_key: str
    position: int

    @property
    def key(self) -> str:
        """Key path of the line."""
        return f"{self.list_key}[{self.position}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignPackage:
    """A package of the lock that is not an archive from a channel, and so cannot ship.

    :param kind: ``source`` or ``pypi``
    :param name: in its ecosystem's normal form
    :param depends: names of the packages that it needs, of conda for ``source``, of PyPI for ``pypi``
    """

    kind: PackageKind
    name: str
    version: str | None
    location: str
    key: str
    depends: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceEnvironment:
    """One environment of the lock.

    :param platforms: those that it was solved for, sorted by name
    :param references: for each platform name, the packages
    """

    name: str
    channels: tuple[Channel, ...]
    platforms: tuple[Platform, ...]
    references: Mapping[str, tuple[Reference, ...]]


class SourceLock:
    """A lock of any version that can be read; packages are read when they are asked for.

    :ivar path: the file
    :ivar kind: which tool's format it is
    :ivar version: of the format
    """

    def __init__(self, path: Path, text: str, document: Mapping[str, Node], kind: LockKind, version: int) -> None:
        self.path = path
        self.kind: LockKind = kind
        self.version = version
        self._text = text
        self._environments = self._mapping(document.get("environments"), "environments")
        self._packages = self._list(document.get("packages"), "packages")
        self._declared = self._read_platforms(document.get("platforms"))
        self._by_location = self._index_packages()
        self._records: dict[int, PackageRecord] = {}
        self._loaded: dict[str, SourceEnvironment] = {}

    @property
    def environments(self) -> tuple[str, ...]:
        """Names of the environments, in the lock's order."""
        return tuple(self._environments)

    @property
    def size_bytes(self) -> int:
        """Size of the lock's text."""
        return len(self._text.encode())

    def platforms(self, environment: str) -> tuple[Platform, ...]:
        """Return the platforms that an environment was solved for.

        :param environment: its name
        :raises LockError: when there is no such environment
        """
        return self.environment(environment).platforms

    def channels(self, environment: str) -> tuple[Channel, ...]:
        """Return an environment's channels, the one with the highest priority first.

        :param environment: its name
        :raises LockError: when there is no such environment
        """
        return self.environment(environment).channels

    def environment(self, name: str) -> SourceEnvironment:
        """Return one environment.

        :param name: its name
        :raises LockError: when there is no such environment, naming those there are, the nearest first
        """
        if name not in self._environments:
            raise self._missing_environment(name)
        if name not in self._loaded:
            self._loaded[name] = self._read_environment(name)
        return self._loaded[name]

    def archive(self, reference: Reference) -> PackageRecord:
        """Return the record of a package that is an archive.

        :param reference: of kind ``conda``
        :raises LockError: when the lock does not describe it, or describes it in two ways
        """
        known = self._by_location.get(("conda", reference.location), [])
        if len(known) == 1 and known[0] in self._records:
            return self._records[known[0]]
        indices = self._find(reference)
        entry = self._merge(indices, reference)
        key = f"packages[{indices[0]}]"
        try:
            record = read_record(entry, reference.location, key, lock_version=self.version)
        except LockError as error:
            self.place(error)
            raise
        if len(indices) == 1:
            self._records[indices[0]] = record
        return record

    def foreign(self, reference: Reference) -> ForeignPackage:
        """Return a package that is not an archive from a channel.

        :param reference: of kind ``source`` or ``pypi``
        """
        candidates = self._by_location.get((reference.kind, reference.location), [])
        named = [i for i in candidates if self._packages[i].get("name") == reference.selector.get("name")]
        index = next(iter(named or candidates), None)
        entry: Mapping[str, Node] = self._packages[index] if index is not None else {}
        return _read_foreign(entry, reference, reference.key if index is None else f"packages[{index}]")

    def entry_key(self, reference: Reference) -> str:
        """Return the key path of a package's entry."""
        candidates = self._by_location.get((reference.kind, reference.location))
        return f"packages[{candidates[0]}]" if candidates else reference.key

    def place(self, error: LockError) -> LockError:
        """Give an error its file, line and column.

        :param error: one with a key path
        :returns: the same error
        """
        error.path = self.path
        if error.key and error.line is None:
            from cs_lock.events import locate

            error.line, error.column = locate(self._text, [error.key])[error.key]
        return error

    def place_problems(self, problems: Sequence[Problem]) -> list[Problem]:
        """Give problems with a key path their line and column."""
        keys = {problem.key for problem in problems if problem.key}
        if not keys:
            return list(problems)
        from dataclasses import replace

        from cs_lock.events import locate

        positions = locate(self._text, keys)
        return [replace(p, line=positions[p.key][0], column=positions[p.key][1]) if p.key else p for p in problems]

    def _fail(self, kind: str, message: str, **details: str | None) -> LockError:
        return self.place(LockError(kind, message, **details))  # type: ignore[arg-type]

    def _mapping(self, value: Node, key: str) -> dict[str, Node]:
        if not isinstance(value, dict):
            raise self._fail("invalid-value", f"{key} is not a mapping", key=key, expected="a mapping")
        return value

    def _list(self, value: Node, key: str) -> list[Node]:
        if not isinstance(value, list):
            raise self._fail("invalid-value", f"{key} is not a list", key=key, expected="a list")
        return value

    def _text_of(self, value: Node, key: str) -> str:
        if not isinstance(value, str) or not value:
            raise self._fail("invalid-value", f"{key} is not text", key=key, expected="text")
        return str(value)

    def _read_platforms(self, value: Node) -> dict[str, Platform]:
        """Read version 7's table of platforms."""
        declared: dict[str, Platform] = {}
        for index, entry in enumerate(self._list(value, "platforms") if value is not None else []):
            key = f"platforms[{index}]"
            name = self._text_of(self._mapping(entry, key).get("name"), f"{key}.name")
            subdir = self._text_of(entry.get("subdir") or name, f"{key}.subdir")
            if subdir not in SUBDIRS:
                raise self._unknown_subdir(name, f"{key}.subdir" if "subdir" in entry else f"{key}.name", subdir)
            if name in declared:
                raise self._fail("duplicate-platform", f"the platform {name!r} is there twice", key=key)
            virtual = RecordReader(entry, key).texts("virtual-packages")
            declared[name] = Platform(name=name, subdir=subdir, virtual_packages=virtual)
        return declared

    def _unknown_subdir(self, name: str, key: str, subdir: str) -> LockError:
        message = f"the platform {name!r} is for {subdir!r}, which is not a conda subdir"
        return self._fail("unknown-subdir", message, key=key, expected="a subdir such as linux-64")

    def _index_packages(self) -> dict[tuple[PackageKind, str], list[int]]:
        """Map kind and location of each entry of ``packages`` to its indices."""
        index: dict[tuple[PackageKind, str], list[int]] = {}
        for number, entry in enumerate(self._packages):
            index.setdefault(self._identify(entry, "packages", number), []).append(number)
        return index

    def _identify(self, entry: Node, list_key: str, index: int) -> tuple[PackageKind, str]:
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
        key = f"{list_key}[{index}]"
        raise self._fail("invalid-value", message, key=key, expected="a mapping with a location")

    def _read_environment(self, name: str) -> SourceEnvironment:
        key = f"environments.{name}"
        entry = self._mapping(self._environments[name], key)
        lists = self._mapping(entry.get("packages"), f"{key}.packages")
        references = {
            platform: self._read_references(lists[platform], f"{key}.packages.{platform}") for platform in sorted(lists)
        }
        platforms = [self._find_platform(platform, references[platform], key) for platform in references]
        return SourceEnvironment(
            name=name,
            channels=self._read_channels(entry.get("channels"), f"{key}.channels"),
            platforms=tuple(platforms),
            references=references,
        )

    def _read_channels(self, value: Node, key: str) -> tuple[Channel, ...]:
        channels = []
        for index, entry in enumerate(self._list(value, key)):
            if isinstance(entry, str):
                channels.append(Channel(url=str(entry)))
                continue
            where = f"{key}[{index}]"
            url = self._text_of(self._mapping(entry, where).get("url"), f"{where}.url")
            variables = RecordReader(entry, where).texts("used_env_vars")
            channels.append(Channel(url=url, used_env_vars=variables))
        return tuple(channels)

    def _read_references(self, value: Node, key: str) -> tuple[Reference, ...]:
        entries = self._list(value, key) if value is not None else []
        identities = (self._identify(entry, key, index) for index, entry in enumerate(entries))
        return tuple(
            Reference(kind, location, entry, key, index)
            for index, (entry, (kind, location)) in enumerate(zip(entries, identities, strict=True))
        )

    def _find_platform(self, name: str, references: Iterable[Reference], key: str) -> Platform:
        """Find what a platform name stands for: by the table of version 7, else by the packages."""
        if declared := self._declared.get(name):
            return declared
        if self.version >= 7:
            message = f"the platform {name!r} is not in the lock's table of platforms"
            raise self._fail("unknown-platform", message, key=f"{key}.packages.{name}")
        subdir = find_subdir(name, self._package_subdirs(references) if name not in SUBDIRS else ())
        if subdir is None:
            message = f"the lock does not say for which conda subdir the platform {name!r} is"
            hint = "name the platform after its subdir, as in linux-64 or linux-64-cuda"
            raise self._fail("unknown-subdir", message, key=f"{key}.packages.{name}", hint=hint)
        return Platform(name=name, subdir=subdir)

    def _package_subdirs(self, references: Iterable[Reference]) -> set[str]:
        subdirs = set()
        for reference in references:
            if reference.kind == "conda":
                for index in self._by_location.get(("conda", reference.location), []):
                    entry = self._packages[index]
                    subdirs.add(entry.get("subdir") or derive_location_fields(reference.location)["subdir"])
        return {str(subdir) for subdir in subdirs if subdir}

    def _find(self, reference: Reference) -> list[int]:
        """Find the entries that a reference means, by its location and whatever else it says."""
        candidates = self._by_location.get((reference.kind, reference.location), [])
        if len(candidates) > 1:
            selector = {k: v for k, v in reference.selector.items() if k in ("name", "version", "build", "subdir")}
            candidates = [i for i in candidates if all(self._packages[i].get(k, v) == v for k, v in selector.items())]
        if not candidates:
            message = f"the environment needs {reference.location}, but the lock does not describe that package"
            hint = "the lock is incomplete: lock the workspace again"
            raise self._fail("missing-package", message, key=reference.key, hint=hint)
        return candidates

    def _merge(self, indices: Sequence[int], reference: Reference) -> Mapping[str, Node]:
        """Merge entries for one archive; old pixi versions wrote some of them twice, once without purls."""
        merged: dict[str, Node] = self._packages[indices[0]]
        if len(indices) == 1:
            return merged
        merged = dict(merged)
        for index in indices[1:]:
            other = self._packages[index]
            for key in ("sha256", "md5", "purls", "run_exports"):
                if merged.get(key) is None and other.get(key) is not None:
                    merged[key] = other[key]
                elif key in ("sha256", "md5") and other.get(key) not in (None, merged.get(key)):
                    message = f"the lock describes {reference.location} twice, with different digests"
                    raise self._fail("conflicting-records", message, key=f"packages[{index}].{key}")
        return merged

    def _missing_environment(self, name: str) -> LockError:
        names = sort_by_nearness(name, self._environments)
        listed = ", ".join(names) or "none at all"
        return self._fail(
            "missing-environment",
            f"the lock has no environment {name!r}",
            key="environments",
            expected=f"one of: {listed}",
            actual=repr(name),
            hint=f"did you mean {names[0]!r}?" if names else "lock the workspace again",
        )


def read_lock(path: str | Path) -> SourceLock:
    """Read a lock.

    :param path: of a ``conda.lock`` (version 1) or ``pixi.lock`` (version 4 to 7)
    :returns: the lock
    :raises LockError: when it cannot be read, is damaged, or has a format that is not supported
    """
    path = Path(path)
    text = read_text(path)
    with pause_collection():
        document = parse_text(text, path)
    try:
        kind, version = _identify_format(document)
    except LockError as error:
        error.path = path
        if error.key:
            from cs_lock.events import locate

            error.line, error.column = locate(text, [error.key])[error.key]
        raise
    return SourceLock(path, text, document, kind, version)


def _identify_format(document: Mapping[str, Node]) -> tuple[LockKind, int]:
    """Return format and version of a lock, by its keys."""
    value = document.get("version")
    if "package" in document and "metadata" in document:
        message = "this is a lock of the conda-lock tool, which is not supported"
        hint = "lock the workspace with conda-workspaces (conda.lock) or pixi (pixi.lock)"
        raise LockError("legacy-conda-lock", message, key="version", hint=hint)
    if "version" not in document:
        raise LockError("not-a-lock", "this is not a lock: it has no version", expected="a conda.lock or pixi.lock")
    version = int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 10 else None
    if version not in _VERSIONS:
        newer = version is not None and version > 7
        raise LockError(
            "unsupported-version",
            "this version of the lock format is not supported",
            key="version",
            expected="1 (conda.lock) or 4 to 7 (pixi.lock)",
            actual=str(value),
            hint="a newer cs-lock may read it" if newer else "lock the workspace again with a current tool",
        )
    return ("conda.lock" if version == 1 else "pixi.lock"), version


def _refine(kind: PackageKind, location: str) -> tuple[PackageKind, str]:
    """Tell archives from source packages, which up to version 6 both stand under ``conda``."""
    if kind != "conda" or location.endswith(_ARCHIVES):
        return kind, location
    is_archive = location.partition("?")[0].partition("#")[0].endswith(_ARCHIVES)
    return ("conda" if is_archive else "source"), location


def _read_foreign(entry: Mapping[str, Node], reference: Reference, key: str) -> ForeignPackage:
    """Read what matters of a source or PyPI package, leniently: it cannot ship anyway."""
    from cs_lock.foreign import name_foreign, needs_of_foreign

    version = entry.get("version")
    return ForeignPackage(
        kind=reference.kind,
        name=name_foreign(entry, reference.kind, reference.location),
        version=str(version) if isinstance(version, str) else None,
        location=reference.location,
        key=key,
        depends=needs_of_foreign(entry, reference.kind),
    )


def sort_by_nearness(name: str, names: Iterable[str]) -> list[str]:
    """Sort names by their likeness to one, the nearest first.

    :param name: what was asked for
    :param names: what there is
    """
    from difflib import SequenceMatcher

    matcher = SequenceMatcher(b=name)

    def distance(other: str) -> tuple[float, str]:
        matcher.set_seq1(other)
        return (-matcher.ratio(), other)

    return sorted(names, key=distance)
