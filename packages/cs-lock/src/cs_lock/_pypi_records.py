"""PyPI packages as a lock describes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Origin = Literal["index", "url", "file", "directory", "git"]
Form = Literal["wheel", "sdist", "tree"]

PYPI_INDEX = "https://pypi.org/simple"


@dataclass(frozen=True, slots=True, kw_only=True)
class PypiRecord:
    """A PyPI package as a lock describes it.

    :ivar name: in its normal form (PEP 503).
    :ivar version: ``None`` if the lock has none, as version 7 for sources.
    :ivar origin: ``index`` for a file that an index lists, ``url`` for one that the workspace names by its URL,
        ``file`` for one at a path, ``directory`` and ``git`` for source trees.
    :ivar form: ``wheel``, ``sdist``, or ``tree`` for a directory or a repository.
    :ivar location: as the lock gives it.
    :ivar url: of the file, without ``direct+`` and fragment; of a repository, without ``git+``, query and commit;
        ``None`` for a path.
    :ivar file_name: of the file, percent-decoded; ``None`` for a tree.
    :ivar sha256: of the file, hex; empty when the lock has none.
    :ivar index: URL of the index, if it is not ``PYPI_INDEX``.
    :ivar requires_dist: what the package needs (PEP 508); the solver has judged markers and extras.
    :ivar subdirectory: of the project in a tree or an sdist.
    :ivar commit: of a repository, 40 hex digits.
    :ivar requested_revision: branch, tag or revision that the workspace names.
    :ivar key: key path of the entry in the lock.
    """

    name: str
    version: str | None
    origin: Origin
    form: Form
    location: str
    url: str | None
    file_name: str | None
    sha256: str = ""
    index: str | None = None
    requires_dist: tuple[str, ...] = ()
    requires_python: str | None = None
    subdirectory: str | None = None
    commit: str | None = None
    requested_revision: str | None = None
    key: str

    @property
    def identity(self) -> str:
        """Name and version, as in ``six-1.17.0``."""
        return f"{self.name}-{self.version}" if self.version else self.name
