"""The wheels that ship."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ._direct_url import describe_origin
from ._locations import find_file
from ._paths import StrPath
from ._pypi_records import PypiRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel that ships.

    :ivar name: in its normal form (PEP 503).
    :ivar file_name: of the wheel, also in a bundle.
    :ivar url: of the wheel; ``None`` for a local one, which comes with the runtime.
    :ivar location: of a local one: a path or a ``file:`` URL.
    :ivar sha256: of the wheel, hex.
    :ivar size_bytes: of the wheel; ``None`` when it is unknown, as no lock has it.
    :ivar requires_dist: what the wheel needs (PEP 508).
    :ivar source: the entry of the lock that it is, or that it was built from; with the origin ``file`` if it is a
        ready-made one that stands for the entry.
    """

    name: str
    version: str
    file_name: str
    url: str | None
    sha256: str
    size_bytes: int | None
    requires_dist: tuple[str, ...]
    requires_python: str | None
    source: PypiRecord
    location: str | None = None

    @property
    def is_local(self) -> bool:
        """Whether the wheel is a file of this machine, which others cannot download."""
        return self.location is not None

    @property
    def identity(self) -> str:
        """Name and version, as in ``six-1.17.0``."""
        return f"{self.name}-{self.version}"

    @property
    def tag(self) -> str:
        """Build tag, Python, ABI and platform as the file name has them, such as ``py3-none-any``."""
        return self.file_name.removesuffix(".whl").split("-", 2)[2]

    @property
    def is_pure(self) -> bool:
        """Whether the wheel is for every platform."""
        return self.tag.endswith("-none-any")

    @property
    def direct_url(self) -> str | None:
        """The text of ``direct_url.json`` (PEP 610), ``None`` for a wheel of an index.

        A path of this machine means nothing on another one: a wheel from a directory or a file has none either.
        """
        return describe_origin(self.source)

    def find_file(self, directory: StrPath) -> Path:
        """Find the file of a local wheel.

        :param directory: of the lock; relative paths start there.
        """
        directory = Path(directory)
        if self.location is None:
            raise ValueError(f"{self.file_name} is not a local archive")
        return find_file(self.location, directory)
