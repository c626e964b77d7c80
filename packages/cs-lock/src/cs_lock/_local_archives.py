"""Archives of this machine that stand for packages which a lock knows only as source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from ._blocks import Node, Quoted
from ._entries import read_record
from ._paths import StrPath
from ._pypi_requirements import check_requirement
from ._records import PackageRecord
from ._wheel_names import read_wheel_name

ArchiveKind = Literal["wheel", "conda"]

_COMPLETE = 5
"""A version of the lock format that derives no field of a record, as ``info/index.json`` leaves out none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalArchive:
    """A wheel or a conda package on this machine.

    Make one with ``of_wheel`` or ``of_conda``, which check what they are given.

    :ivar path: of the file; absolute.
    :ivar file_name: of the archive in a bundle and in the runtime lock.
    :ivar sha256: of the file, hex.
    :ivar name: in the normal form of its kind.
    :ivar requires_dist: of a wheel: what it needs (PEP 508).
    :ivar requires_python: of a wheel.
    :ivar record: of a conda package: the record that ships.
    :ivar is_built: whether it was built from the very source that the lock names.
    """

    kind: ArchiveKind
    path: Path
    file_name: str
    sha256: str
    size_bytes: int
    name: str
    version: str
    requires_dist: tuple[str, ...] = ()
    requires_python: str | None = None
    record: PackageRecord | None = None
    is_built: bool = False

    @classmethod
    def of_wheel(
        cls,
        path: StrPath,
        *,
        sha256: str,
        size_bytes: int,
        requires_dist: Iterable[str] = (),
        requires_python: str | None = None,
        is_built: bool = False,
    ) -> LocalArchive:
        """Describe a wheel; name, version and tags are those of its file name.

        :param requires_dist: the ``Requires-Dist`` lines of its ``METADATA``.
        :param requires_python: the ``Requires-Python`` line of its ``METADATA``.
        :param is_built: whether it was built from the very source that the lock names.
        :raises LockError: ``invalid-file-name`` if it is not the file name of a wheel, ``credentials`` or
            ``invalid-value`` if it requires what cannot ship.
        """
        path = Path(path)
        stated = read_wheel_name(path.name)
        return cls(
            kind="wheel",
            path=path.absolute(),
            file_name=path.name,
            sha256=sha256,
            size_bytes=size_bytes,
            name=stated.name,
            version=stated.version,
            requires_dist=tuple(check_requirement(one, path.name) for one in requires_dist),
            requires_python=requires_python,
            is_built=is_built,
        )

    @classmethod
    def of_conda(
        cls,
        path: StrPath,
        index: Mapping[str, Any],
        *,
        sha256: str,
        md5: str | None = None,
        size_bytes: int,
    ) -> LocalArchive:
        """Describe a conda package.

        :param index: its ``info/index.json``.
        :raises LockError: if a field of the index has the wrong type or form.
        """
        path = Path(path)
        fields = {**index, "sha256": sha256, "md5": md5, "size": size_bytes}
        # The archive's folder says nothing about it, and its index says what a lock may leave out.
        record = read_record(_as_nodes(fields), path.name, "info/index.json", lock_version=_COMPLETE)
        return cls(
            kind="conda",
            path=path.absolute(),
            file_name=record.file_name,
            sha256=record.sha256,
            size_bytes=size_bytes,
            name=record.name,
            version=record.version,
            record=replace(record, location=str(path.absolute())),
        )


def _as_nodes(value: Any) -> Node:
    """Return JSON values as a lock's entries have them: scalars as text."""
    if isinstance(value, Mapping):
        return {str(key): _as_nodes(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_nodes(item) for item in value]
    if isinstance(value, str):
        return Quoted(value)
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else repr(value)
