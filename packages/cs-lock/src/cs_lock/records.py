"""One conda package as a lock describes it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from cs_lock.blocks import Node
from cs_lock.errors import LockError
from cs_lock.fields import RecordReader, resolve_scalars
from cs_lock.platforms import SUBDIRS, split_subdir

Noarch = Literal["python", "generic"]

_ARCHIVE = re.compile(r"(.+)-([^-]+)-([^-]+)\.(?:conda|tar\.bz2)")
_NAME = re.compile(r"[^\s\[<>=!~;,(|&]+")
_PYTHON = re.compile(r"python(?![\w.-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRecord:
    """A conda package: its repodata record, and where its archive is.

    Fields that a lock leaves out because they can be derived from the URL are filled in.

    :param url: of the archive, as the lock gives it
    :param channel: URL of the channel, with a trailing slash; ``None`` when it is unknown
    :param file_name: of the archive, percent-decoded
    :param sha256: of the archive, hex; empty when the lock has none
    :param size_bytes: of the archive
    :param purls: package URLs of what is in it, sorted, as they are a set
    :param timestamp: of the build, milliseconds since 1970
    :param extra: fields that no repodata specification knows, as they are
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

        :returns: a JSON-ready mapping in rattler's spelling, with ``fn``, ``url`` and ``channel``
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
        return {**self.extra, **record}

    def _optional_fields(self) -> tuple[tuple[str, Any], ...]:
        names = "arch attestations_sha256 channel features indexed_timestamp legacy_bz2_md5 legacy_bz2_size license "
        names += "license_family md5 noarch platform python_site_packages_path sha256 timestamp"
        return (*((name, getattr(self, name)) for name in names.split()), ("size", self.size_bytes))

    @property
    def identity(self) -> str:
        """Name, version and build, as in ``python-3.12.0-h2628c8c_0``."""
        return f"{self.name}-{self.version}-{self.build}"


@lru_cache(maxsize=65536)
def parse_dependency_name(spec: str) -> str:
    """Return the name of the package that a match spec asks for.

    :param spec: such as ``python >=3.8`` or ``conda-forge::numpy[version='>=2']``
    :returns: the name in lower case, without a channel
    """
    match = _NAME.match(spec.strip())
    name = match.group() if match else spec
    return name.rpartition(":")[2].lower()


@lru_cache(maxsize=65536)
def parse_dependency_names(specs: tuple[str, ...]) -> frozenset[str]:
    """Return the names of the packages that match specs ask for.

    :param specs: such as a record's ``depends``
    """
    return frozenset(map(parse_dependency_name, specs))


def derive_location_fields(location: str) -> dict[str, str | None]:
    """Derive what an archive's location says about the package, by rattler's rules.

    :param location: URL or path
    :returns: ``file_name``, ``name``, ``version``, ``build``, ``subdir``, ``channel``; ``None`` where it says nothing
    """
    path = location.partition("?")[0].partition("#")[0]
    head, _, file_name = path.rpartition("/")
    if "%" in file_name:
        from urllib.parse import unquote

        file_name = unquote(file_name)
    match = _ARCHIVE.fullmatch(file_name)
    name, version, build = match.groups() if match else (None, None, None)
    base, _, folder = head.rpartition("/")
    is_url = "://" in base
    return {
        "file_name": file_name if match else None,
        "name": name,
        "version": version,
        "build": build,
        "subdir": folder if match and is_url and (folder in SUBDIRS or folder == "noarch") else None,
        "channel": f"{base}/" if is_url else None,
    }


def derive_noarch(subdir: str, build: str) -> Noarch | None:
    """Derive the noarch kind that a lock of version 6 or 7 leaves out.

    :param subdir: of the package
    :param build: build string
    :returns: rattler's guess: a build string with ``py`` in it means Python
    """
    if subdir != "noarch":
        return None
    return "python" if "py" in build else "generic"


def derive_build_number(build: str) -> int:
    """Return the number at the end of a build string.

    :param build: such as ``py312h1234_3``
    :returns: the number, 0 when there is none
    """
    digits = build[len(build.rstrip("0123456789")) :]
    return int(digits) if 0 < len(digits) < 20 else 0


# What a field is called in a record, and how it is read. Absent fields have the record's defaults.
_FIELDS: dict[str, tuple[str, Callable[[RecordReader, str], Any]]] = {
    "size": ("size_bytes", RecordReader.integer),
    **{name: (name, RecordReader.text) for name in ("arch", "platform", "license", "license_family", "features")},
    **{name: (name, RecordReader.text) for name in ("python_site_packages_path", "file_name", "channel")},
    **{name: (name, RecordReader.digest) for name in ("sha256", "md5", "legacy_bz2_md5", "attestations_sha256")},
    **{name: (name, RecordReader.texts) for name in ("depends", "constrains", "flags")},
    **{name: (name, RecordReader.groups) for name in ("extra_depends", "run_exports")},
    **{name: (name, RecordReader.integer) for name in ("build_number", "legacy_bz2_size", "indexed_timestamp")},
    "timestamp": ("timestamp", RecordReader.timestamp),
    "track_features": ("track_features", RecordReader.words),
    "purls": ("purls", RecordReader.texts),
}
_IDENTITY = ("name", "version", "build", "subdir")
_ELSEWHERE = frozenset({*_IDENTITY, "noarch", "conda", "kind", "url"})


def read_record(entry: Mapping[str, Node], location: str, key: str, *, lock_version: int) -> PackageRecord:
    """Make a record of an entry of a lock's ``packages``.

    :param entry: the entry; absent fields are derived from the location as rattler does
    :param location: URL or path of the archive
    :param key: key path of the entry, for messages
    :param lock_version: of the format; in ``conda.lock`` version 1 no record says its noarch kind
    :returns: the record
    :raises LockError: when a field has the wrong type, or one that is needed cannot be derived
    """
    reader = RecordReader(entry, key)
    derived = derive_location_fields(location)
    fields = _read_identity(reader, derived, location)
    build, subdir = fields["build"], fields["subdir"]
    # Versions 4 and 5 leave out a build number of zero; later ones leave out what the build string says.
    fields["build_number"] = 0 if lock_version in (4, 5) else derive_build_number(build)
    fields["arch"], fields["platform"] = split_subdir(subdir)
    fields["file_name"] = derived["file_name"] or location.rpartition("/")[2]
    fields["channel"] = derived["channel"]
    fields["sha256"] = ""
    extra = {}
    for name, value in entry.items():
        if known := _FIELDS.get(name):
            if value is not None:
                fields[known[0]] = known[1](reader, name)
        elif name not in _ELSEWHERE:
            extra[name] = resolve_scalars(value)
    # What the URL says decides about noarch, even where the entry says otherwise: rattler has it so.
    location_subdir, location_build = derived["subdir"] or subdir, derived["build"] or build
    fields["noarch"] = _read_noarch(reader, location_subdir, location_build, fields.get("depends", ()), lock_version)
    if "channel" in entry:
        fields["channel"] = f"{fields['channel'].rstrip('/')}/" if fields["channel"] else derived["channel"]
    if "purls" in fields:
        fields["purls"] = tuple(sorted(fields["purls"]))
    return PackageRecord(**fields, url=location, extra=dict(sorted(extra.items())))


def _read_identity(reader: RecordReader, derived: Mapping[str, str | None], location: str) -> dict[str, Any]:
    """Read name, version, build and subdir, or derive them from the location."""
    fields: dict[str, Any] = {}
    for name in _IDENTITY:
        value = reader.text(name) or derived[name]
        if not value:
            message = f"the package at {location} has no {name}"
            hint = "its location is not of the form CHANNEL/SUBDIR/NAME-VERSION-BUILD.conda, so the entry has to say it"
            raise LockError("missing-field", message, key=f"{reader.key}.{name}", hint=hint)
        fields[name] = value
    fields["name"] = fields["name"].lower()
    return fields


def _read_noarch(
    reader: RecordReader, subdir: str, build: str, depends: tuple[str, ...], lock_version: int
) -> Noarch | None:
    """Read the noarch kind, or derive it by the rule of the lock's version."""
    value = reader.text("noarch")
    if value in ("python", "generic"):
        return "python" if value == "python" else "generic"
    if value is not None:
        # Recipes of the time before noarch python said "noarch: true".
        return "generic" if value == "true" else None
    if lock_version in (4, 5):
        return None
    noarch = derive_noarch(subdir, build)
    if noarch == "generic" and lock_version == 1 and any(_PYTHON.match(spec) for spec in depends):
        return "python"
    return noarch
