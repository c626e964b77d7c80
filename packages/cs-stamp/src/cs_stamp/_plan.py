"""The plan part: the packages of one platform, in install order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ._choices import Layout
from ._errors import FieldError
from ._fields import (
    JsonObject,
    parse_json,
    refuse_value,
    render_json,
    take,
    take_bool,
    take_line,
    take_list,
    take_name,
    take_object,
    take_optional_size,
    take_string,
    take_strings,
)
from ._header import take_schema_version
from ._packages import PlannedArchive, PlannedPackage, PlannedWheel

SCHEMA_VERSIONS = (1, 2)
"""Of plans without wheels and with some."""

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
    :ivar is_needed: whether the machine must have the virtual package.
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

        :param key: key path of the requirement, for errors: ``requirements[3]``.
        :raises FieldError: if a key is missing or has a value of the wrong type.
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
class Plan:
    """What a first run installs.

    :ivar packages: conda packages, dependencies before dependents, ties by name.
    :ivar requested_specs: match specs that the workspace asks for, sorted.
    :ivar requirements: what the packages ask of the machine.
    :ivar wheels: installed after the conda packages, in the same order among each other.
    """

    platform: str
    requested_specs: tuple[str, ...]
    packages: tuple[PlannedPackage, ...]
    python: PlanPython | None = None
    requirements: tuple[PlanRequirement, ...] = ()
    wheels: tuple[PlannedWheel, ...] = ()

    @property
    def archives(self) -> tuple[PlannedArchive, ...]:
        """All packages, in the order of the plan."""
        return (*self.packages, *self.wheels)

    @classmethod
    def from_dict(cls, data: JsonObject) -> Plan:
        """Read a plan from parsed JSON; unknown keys are ignored.

        :raises FieldError: if a key is missing or has a value of the wrong type, or packages contradict each other.
        :raises UnsupportedVersionError: if ``schema_version`` is neither 1 nor 2.
        """
        version = take_schema_version(take_object(data, "plan"), "plan", SCHEMA_VERSIONS)
        entries = take_list(data, "packages")
        count = _count_packages(entries)
        python = take(data, "python")
        plan = cls(
            platform=take_name(data, "platform"),
            requested_specs=take_strings(data, "requested_specs"),
            python=None if python is None else PlanPython.from_dict(python),
            packages=tuple(
                PlannedPackage.from_dict(entry, f"packages[{index}]") for index, entry in enumerate(entries[:count])
            ),
            requirements=tuple(
                PlanRequirement.from_dict(one, f"requirements[{index}]")
                for index, one in enumerate(take_list({"requirements": (), **data}, "requirements"))
            ),
            wheels=tuple(
                PlannedWheel.from_dict(entry, f"packages[{index}]")
                for index, entry in enumerate(entries[count:], start=count)
            ),
        )
        plan._check_agreement(version)
        return plan

    @classmethod
    def from_bytes(cls, data: bytes) -> Plan:
        """Read a plan from the bytes of its part."""
        return cls.from_dict(parse_json(data))

    def bundled(self, layout: Layout) -> tuple[PlannedArchive, ...]:
        """Return the packages whose archives the ``bundle`` part holds, which is absent when there are none.

        An ``online`` runtime contains what has no public address; an ``external`` one has its bundle next to it.
        """
        if layout == "online":
            return tuple(package for package in self.archives if package.url is None)
        return self.archives if layout == "embedded" else ()

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON values, ``schema_version`` included; ``requested_specs`` come out sorted."""
        return {
            "schema_version": self._schema_version,
            "platform": self.platform,
            "requested_specs": sorted(self.requested_specs),
            "python": None if self.python is None else self.python.to_dict(),
            "packages": [package.to_dict() for package in self.archives],
            **({"requirements": [one.to_dict() for one in self.requirements]} if self.requirements else {}),
        }

    def to_bytes(self) -> bytes:
        """Render the plan part.

        :raises FieldError: if two packages have one name, or a value breaks the format's rules.
        """
        Plan.from_dict(self.to_dict())
        return render_json(self.to_dict())

    @property
    def _schema_version(self) -> int:
        return SCHEMA_VERSIONS[1 if self.wheels else 0]

    def _check_agreement(self, version: int) -> None:
        if version != self._schema_version:
            raise refuse_value("schema_version", f"{self._schema_version} for these packages", version)
        if self.wheels and self.python is None:
            raise refuse_value("python", "the Python that the wheels are for", None)
        _require_names(self.packages, 0)
        _require_names(self.wheels, len(self.packages))


def _count_packages(entries: Sequence[Any]) -> int:
    """Return the number of conda packages, which come before all wheels."""
    has_kind = [isinstance(entry, Mapping) and "kind" in entry for entry in entries]
    count = has_kind.index(True) if True in has_kind else len(entries)
    if False in has_kind[count:]:
        index = has_kind.index(False, count)
        raise FieldError("a conda package comes after a wheel", key=f"packages[{index}]")
    return count


def _require_names(packages: Sequence[PlannedArchive], start: int) -> None:
    names: set[str] = set()
    for index, package in enumerate(packages, start):
        if package.name in names:
            key = f"packages[{index}].name"
            raise FieldError(f"there are two packages named {package.name!r}", key=key, actual=package.name)
        names.add(package.name)
