"""The packages of a plan, each an archive to install: conda packages and wheels."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

from ._fields import (
    JsonObject,
    join_key,
    refuse_value,
    take,
    take_choice,
    take_digest,
    take_name,
    take_object,
    take_optional_line,
    take_optional_size,
    take_optional_string,
)

Noarch = Literal["python", "generic"]

_NORMAL_FORM = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedArchive(ABC):
    """What every package of a plan has.

    :ivar url: where the archive can be fetched; ``None`` for a local archive, which comes with the runtime.
    :ivar sha256: lower-case hex digest of the archive.
    :ivar size_bytes: size of the archive, where it is known.
    """

    SUFFIXES: ClassVar[tuple[str, ...]]

    name: str
    version: str
    url: str | None
    file_name: str
    sha256: str
    size_bytes: int | None = None

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return the package as JSON values."""

    @classmethod
    def take_archive(cls, fields: JsonObject, key: str) -> dict[str, Any]:
        """Return what every package has, out of parsed JSON."""
        return {
            "name": take_name(fields, "name", key),
            "version": take_name(fields, "version", key),
            "url": take_optional_string(fields, "url", key),
            "file_name": cls._take_file_name(fields, key),
            "sha256": take_digest(fields, "sha256", 64, key),
            "size_bytes": take_optional_size(fields, "size", key),
        }

    @classmethod
    def _take_file_name(cls, fields: JsonObject, key: str) -> str:
        name = take_name(fields, "file_name", key)
        if not name.endswith(cls.SUFFIXES):
            raise refuse_value(join_key(key, "file_name"), f"a name that ends in {' or '.join(cls.SUFFIXES)}", name)
        return name


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPackage(PlannedArchive):
    """A conda package of a plan.

    :ivar record: the repodata record as conda writes it to ``conda-meta`` (with ``fn``, ``url``, ``channel``).
    """

    SUFFIXES: ClassVar[tuple[str, ...]] = (".conda", ".tar.bz2")

    build: str
    subdir: str
    record: Mapping[str, Any]
    md5: str | None = None
    noarch: Noarch | None = None
    requested_spec: str | None = None

    @classmethod
    def from_dict(cls, data: object, key: str = "package") -> PlannedPackage:
        """Read a conda package from parsed JSON.

        :param key: key path of the package, for errors: ``packages[3]``.
        :raises FieldError: if a key is missing or has a value of the wrong type.
        """
        fields = take_object(data, key)
        return cls(
            **cls.take_archive(fields, key),
            build=take_name(fields, "build", key),
            subdir=take_name(fields, "subdir", key),
            md5=None if take(fields, "md5", key) is None else take_digest(fields, "md5", 32, key),
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
class PlannedWheel(PlannedArchive):
    """A wheel of a plan.

    :ivar name: of the project, in normal form (PEP 503).
    :ivar direct_url: text of its ``direct_url.json`` (PEP 610), if it has one.
    """

    SUFFIXES: ClassVar[tuple[str, ...]] = (".whl",)

    direct_url: str | None = None

    @classmethod
    def from_dict(cls, data: object, key: str = "package") -> PlannedWheel:
        """Read a wheel from parsed JSON.

        :param key: key path of the package, for errors: ``packages[3]``.
        :raises FieldError: if a key is missing or has a value of the wrong type.
        """
        fields = take_object(data, key)
        take_choice(fields, "kind", ("wheel",), key)
        if not _NORMAL_FORM.fullmatch(take_name(fields, "name", key)):
            raise refuse_value(join_key(key, "name"), "a name in normal form", fields["name"])
        if take(fields, "md5", key) is not None:
            raise refuse_value(join_key(key, "md5"), "null", fields["md5"])
        return cls(**cls.take_archive(fields, key), direct_url=take_optional_line(fields, "direct_url", key))

    def to_dict(self) -> dict[str, Any]:
        """Return the wheel as JSON values."""
        return {
            "kind": "wheel",
            "name": self.name,
            "version": self.version,
            "url": self.url,
            "file_name": self.file_name,
            "sha256": self.sha256,
            "md5": None,
            "size": self.size_bytes,
            "direct_url": self.direct_url,
        }


def _take_noarch(fields: JsonObject, key: str) -> Noarch | None:
    value = take(fields, "noarch", key)
    if value not in ("python", "generic", None):
        raise refuse_value(join_key(key, "noarch"), '"python", "generic" or null', value)
    return cast("Noarch | None", value)
