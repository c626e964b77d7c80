"""One conda package as a lock describes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from ._locations import find_file
from ._paths import StrPath

Noarch = Literal["python", "generic"]

_NAME = re.compile(r"[^\s\[<>=!~;,(|&]+")
_LOCAL_CHANNEL = "file:///local/"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRecord:
    """A conda package: its repodata record, and where its archive is.

    Fields that a lock leaves out, because they follow from the URL, are filled in.

    :ivar url: of the archive; ``./FILE`` for a local one, which comes with the runtime.
    :ivar location: of a local archive, as the lock gives it: a path, or a ``file:`` URL.
    :ivar channel: URL of the channel, with a trailing slash; ``None`` when it is unknown, or local.
    :ivar file_name: of the archive, percent-decoded.
    :ivar sha256: of the archive, hex; empty when the lock has none.
    :ivar size_bytes: of the archive.
    :ivar purls: package URLs of its contents, sorted, because they are a set.
    :ivar timestamp: of the build, milliseconds since 1970.
    :ivar extra: fields that are in no repodata specification, unchanged.
    """

    name: str
    version: str
    build: str
    build_number: int
    subdir: str
    url: str
    channel: str | None
    file_name: str
    sha256: str
    location: str | None = None
    md5: str | None = None
    size_bytes: int | None = None
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    extra_depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    noarch: Noarch | None = None
    arch: str | None = None
    platform: str | None = None
    license: str | None = None
    license_family: str | None = None
    timestamp: int | None = None
    indexed_timestamp: int | None = None
    features: str | None = None
    track_features: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    purls: tuple[str, ...] | None = None
    run_exports: Mapping[str, tuple[str, ...]] | None = None
    python_site_packages_path: str | None = None
    legacy_bz2_md5: str | None = None
    legacy_bz2_size: int | None = None
    attestations_sha256: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_record_json(self) -> dict[str, Any]:
        """Return the repodata record as conda tools write it to ``conda-meta``.

        :returns: a JSON-ready mapping in rattler's spelling, with ``fn``, ``url`` and ``channel``; for a local archive
            the URL need not exist, but conda tools require one.
        """
        record: dict[str, Any] = {
            "build": self.build,
            "build_number": self.build_number,
            "depends": list(self.depends),
            "name": self.name,
            "subdir": self.subdir,
            "version": self.version,
            "fn": self.file_name,
            "url": self.url,
        }
        for key, value in self._optional_fields():
            if value is not None and value != "":
                record[key] = value
        for key, value in (("constrains", self.constrains), ("flags", self.flags)):
            if value:
                record[key] = list(value)
        for key, groups in (("extra_depends", self.extra_depends), ("run_exports", self.run_exports)):
            if groups or (groups is not None and key == "run_exports"):
                record[key] = {name: list(specs) for name, specs in groups.items()}
        if self.track_features:
            record["track_features"] = " ".join(self.track_features)
        if self.purls is not None:
            record["purls"] = list(self.purls)
        if self.is_local:
            from urllib.parse import quote

            record["url"] = f"{_LOCAL_CHANNEL}{self.subdir}/{quote(self.file_name)}"
            record["channel"] = _LOCAL_CHANNEL
        return {**self.extra, **record}

    def _optional_fields(self) -> tuple[tuple[str, Any], ...]:
        names = "arch attestations_sha256 channel features indexed_timestamp legacy_bz2_md5 legacy_bz2_size license "
        names += "license_family md5 noarch platform python_site_packages_path sha256 timestamp"
        return (*((name, getattr(self, name)) for name in names.split()), ("size", self.size_bytes))

    @property
    def identity(self) -> str:
        """Name, version and build, as in ``python-3.12.0-h2628c8c_0``."""
        return f"{self.name}-{self.version}-{self.build}"

    @property
    def is_local(self) -> bool:
        """Whether the archive is a file of this machine, not on a channel that others can reach."""
        return self.location is not None

    def find_file(self, directory: StrPath) -> Path:
        """Find the file of a local archive.

        :param directory: of the lock; relative paths start there.
        """
        directory = Path(directory)
        if self.location is None:
            raise ValueError(f"{self.file_name} is not a local archive")
        return find_file(self.location, directory)


@lru_cache(maxsize=65536)
def parse_dependency_name(spec: str) -> str:
    """Return the name of the package that a match spec asks for.

    :param spec: such as ``python >=3.8`` or ``conda-forge::numpy[version='>=2']``.
    :returns: the name in lower case, without a channel.
    """
    match = _NAME.match(spec.strip())
    name = match.group() if match else spec
    return name.rpartition(":")[2].lower()


@lru_cache(maxsize=65536)
def parse_dependency_names(specs: tuple[str, ...]) -> frozenset[str]:
    """Return the names of the packages that match specs ask for.

    :param specs: such as a record's ``depends``.
    """
    return frozenset(map(parse_dependency_name, specs))


def derive_noarch(subdir: str, build: str) -> Noarch | None:
    """Derive the noarch kind that a lock of version 6 or 7 leaves out.

    :param subdir: of the package.
    :param build: build string.
    :returns: rattler's guess: a build string with ``py`` in it means Python.
    """
    if subdir != "noarch":
        return None
    return "python" if "py" in build else "generic"


def derive_build_number(build: str) -> int:
    """Return the number at the end of a build string.

    :param build: such as ``py312h1234_3``.
    :returns: the number, 0 when there is none.
    """
    digits = build[len(build.rstrip("0123456789")) :]
    return int(digits) if 0 < len(digits) < 20 else 0
