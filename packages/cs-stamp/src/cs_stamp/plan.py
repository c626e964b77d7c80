"""The plan part: the packages of one platform, in install order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, cast

from .choices import Layout
from .errors import FieldError
from .fields import (
    JsonObject,
    join_key,
    parse_json,
    refuse_value,
    render_json,
    take,
    take_bool,
    take_digest,
    take_line,
    take_list,
    take_name,
    take_object,
    take_optional_size,
    take_optional_string,
    take_string,
    take_strings,
)
from .header import SCHEMA_VERSION, require_schema_version

Noarch = Literal["python", "generic"]

_COMPARISON = re.compile(r"(?:>=?|<=?)[0-9]{1,9}(?:\.[0-9]{1,9}){0,7}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPython:
    """The Python that noarch packages meet.

    :ivar version: full version, ``3.11.7``.
    :ivar site_packages_path: relative to the prefix, ``lib/python3.11/site-packages``.
    """

    version: str
    site_packages_path: str

    @classmethod
    def from_dict(cls, data: object, key: str = "python") -> PlanPython:
        """Read the python of a plan from parsed JSON."""
        fields = take_object(data, key)
        path = take_string(fields, "site_packages_path", key)
        if not path or path.startswith("/") or "\\" in path or ".." in path.split("/"):
            raise refuse_value(f"{key}.site_packages_path", "a path relative to the prefix", path)
        return cls(version=take_string(fields, "version", key), site_packages_path=path)

    def to_dict(self) -> dict[str, Any]:
        """Return the python as JSON values."""
        return {"version": self.version, "site_packages_path": self.site_packages_path}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequirement:
    """What a package asks of the machine: a virtual package of conda.

    :ivar package: name of the package.
    :ivar spec: what it asks for, as its record says; for messages.
    :ivar name: the virtual package, such as ``__glibc``.
    :ivar is_needed: whether a machine without the virtual package does not do.
    :ivar versions: comparisons that all have to hold: ``>=``, ``>``, ``<=`` or ``<``, then whole numbers with dots.
    :ivar x86_64_level: lowest level of the x86-64 architecture, 2, 3 or 4.
    """

    package: str
    spec: str
    name: str
    is_needed: bool
    versions: tuple[str, ...] = ()
    x86_64_level: int | None = None

    @classmethod
    def from_dict(cls, data: object, key: str = "requirement") -> PlanRequirement:
        """Read a requirement from parsed JSON.

        :param key: where the requirement stands, for errors: ``requirements[3]``.
        :raises FieldError: if a key is missing or holds the wrong sort of value.
        """
        fields = take_object(data, key)
        versions = take_strings(fields, "versions", key)
        for version in versions:
            if not _COMPARISON.fullmatch(version):
                raise refuse_value(f"{key}.versions", "comparisons with versions", version)
        level = take_optional_size(fields, "x86_64_level", key)
        if level not in (None, 2, 3, 4):
            raise refuse_value(f"{key}.x86_64_level", "2, 3, 4 or null", level)
        return cls(
            package=take_name(fields, "package", key),
            spec=take_line(fields, "spec", key),
            name=take_name(fields, "name", key),
            is_needed=take_bool(fields, "is_needed", key),
            versions=versions,
            x86_64_level=level,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the requirement as JSON values."""
        return {**asdict(self), "versions": list(self.versions)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPackage:
    """One package of a plan.

    :ivar url: where the archive can be fetched; ``None`` for a local archive, which comes with the runtime.
    :ivar sha256: lower-case hex digest of the archive.
    :ivar size_bytes: size of the archive, where the lock says it.
    :ivar record: the repodata record as conda writes it to ``conda-meta`` (with ``fn``, ``url``, ``channel``).
    """

    name: str
    version: str
    build: str
    subdir: str
    url: str | None
    file_name: str
    sha256: str
    record: Mapping[str, Any]
    md5: str | None = None
    size_bytes: int | None = None
    noarch: Noarch | None = None
    requested_spec: str | None = None

    @classmethod
    def from_dict(cls, data: object, key: str = "package") -> PlannedPackage:
        """Read a package from parsed JSON.

        :param key: key path of the package, for errors: ``packages[3]``.
        :raises FieldError: if a key is missing or holds the wrong sort of value.
        """
        fields = take_object(data, key)
        return cls(
            name=take_name(fields, "name", key),
            version=take_name(fields, "version", key),
            build=take_name(fields, "build", key),
            subdir=take_name(fields, "subdir", key),
            url=take_optional_string(fields, "url", key),
            file_name=_take_archive_name(fields, key),
            sha256=take_digest(fields, "sha256", 64, key),
            md5=None if take(fields, "md5", key) is None else take_digest(fields, "md5", 32, key),
            size_bytes=take_optional_size(fields, "size", key),
            noarch=_take_noarch(fields, key),
            requested_spec=take_optional_string(fields, "requested_spec", key),
            record=dict(take_object(take(fields, "record", key), join_key(key, "record"))),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the package as JSON values."""
        return {
            "name": self.name,
            "version": self.version,
            "build": self.build,
            "subdir": self.subdir,
            "url": self.url,
            "file_name": self.file_name,
            "sha256": self.sha256,
            "md5": self.md5,
            "size": self.size_bytes,
            "noarch": self.noarch,
            "requested_spec": self.requested_spec,
            "record": dict(self.record),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a first run installs.

    :ivar packages: dependencies before dependents, ties by name.
    :ivar requested_specs: match specs that the workspace asks for, sorted.
    :ivar requirements: what the packages ask of the machine.
    """

    platform: str
    requested_specs: tuple[str, ...]
    packages: tuple[PlannedPackage, ...]
    python: PlanPython | None = None
    requirements: tuple[PlanRequirement, ...] = ()

    @classmethod
    def from_dict(cls, data: JsonObject) -> Plan:
        """Read a plan from parsed JSON; unknown keys are ignored.

        :raises FieldError: if a key is missing or holds the wrong sort of value.
        :raises UnsupportedVersionError: if ``schema_version`` is not 1.
        """
        require_schema_version(take_object(data, "plan"), "plan")
        python = take(data, "python")
        return cls(
            platform=take_name(data, "platform"),
            requested_specs=take_strings(data, "requested_specs"),
            python=None if python is None else PlanPython.from_dict(python),
            packages=tuple(
                PlannedPackage.from_dict(package, f"packages[{index}]")
                for index, package in enumerate(take_list(data, "packages"))
            ),
            requirements=tuple(
                PlanRequirement.from_dict(one, f"requirements[{index}]")
                for index, one in enumerate(take_list({"requirements": (), **data}, "requirements"))
            ),
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Plan:
        """Read a plan from the bytes of its part."""
        return cls.from_dict(parse_json(data))

    def bundled(self, layout: Layout) -> tuple[PlannedPackage, ...]:
        """Return the packages whose archives the ``bundle`` part holds, which is absent when there are none.

        An ``online`` runtime contains what has no public address; an ``external`` one has its bundle next to it.
        """
        if layout == "online":
            return tuple(package for package in self.packages if package.url is None)
        return self.packages if layout == "embedded" else ()

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON values, ``schema_version`` included; ``requested_specs`` come out sorted."""
        return {
            "schema_version": SCHEMA_VERSION,
            "platform": self.platform,
            "requested_specs": sorted(self.requested_specs),
            "python": None if self.python is None else self.python.to_dict(),
            "packages": [package.to_dict() for package in self.packages],
            **({"requirements": [one.to_dict() for one in self.requirements]} if self.requirements else {}),
        }

    def to_bytes(self) -> bytes:
        """Render the plan part.

        :raises FieldError: if two packages have one name, or a value breaks the format's rules.
        """
        self._check()
        return render_json(self.to_dict())

    def _check(self) -> None:
        Plan.from_dict(self.to_dict())
        names: set[str] = set()
        for index, package in enumerate(self.packages):
            if package.name in names:
                key = f"packages[{index}].name"
                raise FieldError(f"there are two packages named {package.name!r}", key=key, actual=package.name)
            names.add(package.name)


def _take_archive_name(fields: JsonObject, key: str) -> str:
    name = take_name(fields, "file_name", key)
    if not name.endswith((".conda", ".tar.bz2")):
        raise refuse_value(join_key(key, "file_name"), "a name that ends in .conda or .tar.bz2", name)
    return name


def _take_noarch(fields: JsonObject, key: str) -> Noarch | None:
    value = take(fields, "noarch", key)
    if value not in ("python", "generic", None):
        raise refuse_value(join_key(key, "noarch"), '"python", "generic" or null', value)
    return cast("Noarch | None", value)
