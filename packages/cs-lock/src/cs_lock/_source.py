"""The lock that a workspace's own tool wrote."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ._blocks import Node
from ._credentials import redact_url
from ._document import parse_text, pause_collection, read_text
from ._entries import read_record
from ._environments import Channel, ForeignPackage, PackageKind, Reference, SourceEnvironment
from ._errors import LockError, Problem
from ._layout import LayoutReader, LockKind, identify_format, place_error
from ._locations import find_file_name
from ._paths import StrPath
from ._platforms import Platform
from ._pypi_records import PypiRecord
from ._records import PackageRecord
from ._suggestions import did_you_mean, sort_by_nearness

_DIGESTS = ("sha256", "md5")
_MERGED: dict[PackageKind, tuple[str, ...]] = {
    "conda": (*_DIGESTS, "purls", "run_exports"),
    "pypi": (*_DIGESTS, "version", "index", "requires_dist", "requires_python"),
}
"""What one of two entries for a package may leave to the other."""


class SourceLock:
    """A lock of any supported version; packages are read when they are needed.

    :ivar path: the file.
    :ivar kind: which tool's format it has.
    :ivar version: version of the format.
    """

    def __init__(self, path: Path, text: str, document: Mapping[str, Node], kind: LockKind, version: int) -> None:
        self.path = path
        self.kind: LockKind = kind
        self.version = version
        self._text = text
        self._reader = reader = LayoutReader(path, text, version)
        self._environments = reader.mapping(document.get("environments"), "environments")
        self._packages = reader.sequence(document.get("packages"), "packages")
        self._declared = reader.platforms(document.get("platforms"))
        self._by_location = reader.index(self._packages)
        self._records: dict[int, PackageRecord] = {}
        self._pypi_records: dict[int, PypiRecord] = {}
        self._loaded: dict[str, SourceEnvironment] = {}

    def __repr__(self) -> str:
        return f"SourceLock({str(self.path)!r}, kind={self.kind!r}, version={self.version}, {self.environments!r})"

    @property
    def environments(self) -> tuple[str, ...]:
        """Names of the environments, in the lock's order."""
        return tuple(self._environments)

    @property
    def size_bytes(self) -> int:
        """Size of the lock's text."""
        return len(self._text.encode())

    @property
    def solved_environments(self) -> tuple[str, ...]:
        """Names of the environments that have packages, in the lock's order; damaged ones count."""
        return tuple(
            name
            for name, entry in self._environments.items()
            if isinstance(entry, dict) and isinstance(lists := entry.get("packages"), dict) and any(lists.values())
        )

    def platforms(self, environment: str) -> tuple[Platform, ...]:
        """Return the platforms that an environment was solved for.

        :param environment: its name.
        :raises LockError: when there is no such environment.
        """
        return self.environment(environment).platforms

    def channels(self, environment: str) -> tuple[Channel, ...]:
        """Return an environment's channels, the one with the highest priority first.

        :param environment: its name.
        :raises LockError: when there is no such environment.
        """
        return self.environment(environment).channels

    def environment(self, name: str) -> SourceEnvironment:
        """Return one environment.

        :param name: its name.
        :raises LockError: if there is no such environment; it names those that exist, the nearest first.
        """
        if name not in self._environments:
            raise self._missing_environment(name)
        if name not in self._loaded:
            records = {
                location: [self._packages[index] for index in indices]
                for (kind, location), indices in self._by_location.items()
                if kind == "conda"
            }
            self._loaded[name] = self._reader.environment(name, self._environments[name], self._declared, records)
        return self._loaded[name]

    def rename_platforms(self, environment: str, names: Mapping[str, str]) -> None:
        """Give platforms of an environment the names that its workspace uses.

        pixi 0.71 and later may write ``p1`` where the workspace says ``linux-64-gpu``.

        :param environment: its name.
        :param names: the workspace's names by the lock's.
        :raises LockError: when there is no such environment.
        """
        self._loaded[environment] = self.environment(environment).rename_platforms(names)

    def archive(self, reference: Reference) -> PackageRecord:
        """Return the record of a package that is an archive.

        :param reference: of kind ``conda``.
        :raises LockError: if the lock does not describe it, describes it in two ways, or describes it wrongly.
        """
        known = self._by_location.get(("conda", reference.location), [])
        if len(known) == 1 and known[0] in self._records:
            return self._records[known[0]]
        indices = self._find(reference)
        entry = self._merge(indices, reference)
        record = read_record(entry, reference.location, f"packages[{indices[0]}]", lock_version=self.version)
        if len(indices) == 1:
            self._records[indices[0]] = record
        return record

    def pypi(self, reference: Reference) -> PypiRecord:
        """Return the record of a PyPI package.

        :param reference: of kind ``pypi``.
        :raises LockError: if the lock does not describe it, describes it in two ways, or describes it wrongly.
        """
        from ._pypi_entries import read_pypi_record

        indices = self._find(reference)
        record = self._pypi_records.get(indices[0])
        if record is None:
            entry = self._merge(indices, reference)
            record = read_pypi_record(entry, reference.location, f"packages[{indices[0]}]")
            self._pypi_records[indices[0]] = record
        return record

    def foreign(self, reference: Reference, error: LockError | None = None) -> ForeignPackage:
        """Return a package that the lock has no archive of.

        :param reference: of kind ``source``, or a package whose entry is damaged.
        :param error: what is wrong with the entry.
        """
        from ._foreign import read_foreign

        candidates = self._by_location.get((reference.kind, reference.location), [])
        named = [i for i in candidates if self._packages[i].get("name") == reference.selector.get("name")]
        index = next(iter(named or candidates), None)
        entry: Mapping[str, Node] = self._packages[index] if index is not None else {}
        key = reference.key if index is None else f"packages[{index}]"
        return read_foreign(entry, reference.kind, reference.location, key, error)

    def entry_key(self, reference: Reference) -> str:
        """Return the key path of a package's entry."""
        candidates = self._by_location.get((reference.kind, reference.location))
        return f"packages[{candidates[0]}]" if candidates else reference.key

    def place(self, error: LockError) -> LockError:
        """Give an error its file, line and column, and return it."""
        return place_error(error, self.path, self._text)

    def place_problems(self, problems: Sequence[Problem]) -> list[Problem]:
        """Give problems with a key path their line and column."""
        keys = {problem.key for problem in problems if problem.key}
        if not keys:
            return list(problems)
        from dataclasses import replace

        from ._events import locate

        positions = locate(self._text, keys)
        return [replace(p, line=positions[p.key][0], column=positions[p.key][1]) if p.key else p for p in problems]

    def _find(self, reference: Reference) -> list[int]:
        """Find the entries that a reference means, by its location and its other fields."""
        candidates = self._by_location.get((reference.kind, reference.location), [])
        if len(candidates) > 1:
            selector = {k: v for k, v in reference.selector.items() if k in ("name", "version", "build", "subdir")}
            candidates = [i for i in candidates if all(self._packages[i].get(k, v) == v for k, v in selector.items())]
        if not candidates:
            message = (
                f"the environment needs {redact_url(reference.location)}, but the lock does not describe that package"
            )
            hint = "the lock is incomplete: lock the workspace again"
            raise LockError(message, kind="missing-package", key=reference.key, hint=hint)
        return candidates

    def _merge(self, indices: Sequence[int], reference: Reference) -> Mapping[str, Node]:
        """Merge entries for one package; old pixi versions wrote some of them twice, once without purls."""
        merged: dict[str, Node] = self._packages[indices[0]]
        if len(indices) == 1:
            return merged
        merged = dict(merged)
        digests = _digests_of(reference)
        for index in indices[1:]:
            other = self._packages[index]
            for key in _MERGED[reference.kind]:
                if merged.get(key) is None and other.get(key) is not None:
                    merged[key] = other[key]
                elif key in digests and other.get(key) not in (None, merged.get(key)):
                    message = f"the lock describes {redact_url(reference.location)} twice, with different digests"
                    hint = "lock the workspace again"
                    raise LockError(message, kind="conflicting-records", key=f"packages[{index}].{key}", hint=hint)
        return merged

    def _missing_environment(self, name: str) -> LockError:
        names = sort_by_nearness(name, self._environments)
        error = LockError(
            f"the lock has no environment {name!r}",
            kind="missing-environment",
            key="environments",
            expected=f"one of: {', '.join(names) or 'none at all'}",
            actual=repr(name),
            hint=did_you_mean(name, names) or "if it is new in the manifest, lock the workspace again",
        )
        return self.place(error)


def _digests_of(reference: Reference) -> tuple[str, ...]:
    """Return the fields in which two entries for a package must agree: a source tree's digest is not of an archive."""
    from ._pypi_locations import find_form

    is_tree = reference.kind == "pypi" and find_form(find_file_name(reference.location)) is None
    return () if is_tree else _DIGESTS


def read_lock(path: StrPath) -> SourceLock:
    """Read a lock.

    :param path: of a ``conda.lock`` (version 1) or ``pixi.lock`` (version 4 to 7).
    :returns: the lock.
    :raises LockError: if it cannot be read, is damaged, or has a format that is not supported.
    """
    path = Path(path)
    text = read_text(path)
    with pause_collection():
        document = parse_text(text, path)
    try:
        kind, version = identify_format(document, path.name)
    except LockError as error:
        place_error(error, path, text)
        raise
    return SourceLock(path, text, document, kind, version)
