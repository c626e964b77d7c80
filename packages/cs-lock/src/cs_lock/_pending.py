"""Packages that ship only as archives that do not exist yet, or that nobody has named yet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ._credentials import redact_url
from ._errors import Problem, Severity
from ._locations import find_file
from ._paths import StrPath
from ._pypi_records import Form, Origin, PypiRecord

ArchiveForm = Form | Literal["conda"]
Reason = Literal["directory", "git", "sdist", "source-package", "unpinned", "missing-file", "lost-file", "incomplete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingEntry:
    """An entry of the lock that needs an archive of this machine.

    :ivar label: ``pypi:NAME`` or ``conda:NAME``; ``cs_lock.RuntimeLock.settle`` takes it.
    :ivar kind: of the package, and of the archive that it needs: a wheel or a conda package.
    :ivar name: in the normal form of its kind.
    :ivar version: ``None`` if the lock has none.
    :ivar reason: why the entry cannot ship as it is:

        - ``directory``, ``git``, ``sdist``: a wheel must be built from it;
        - ``source-package``: a conda package must be built from it;
        - ``unpinned``: a wheel with an address and without a SHA-256;
        - ``missing-file``: an archive at a path without a SHA-256, and its file cannot be read;
        - ``lost-file``: an archive at a path with a SHA-256, and its file cannot be read: the lock pins it, so that it
          is not pending;
        - ``incomplete``: a conda package at a path, of which the lock lacks fields that ``info/index.json`` has.
    :ivar form: ``wheel``, ``sdist``, ``conda`` for a conda package, or ``tree`` for a directory or a repository.
    :ivar location: as the lock gives it; of a v7 source package, what follows ``@``.
    :ivar url: of an sdist or a wheel, or of a repository; ``None`` for a path.
    :ivar sha256: of an sdist or an archive, hex; empty when the lock has none.
    :ivar key: key path of the entry in the lock.
    :ivar wanted_by: requested packages that need this one, by label; itself if the workspace asks for it.
    :ivar feature: the feature that asks for it, or for the first of ``wanted_by``, if it is known.
    :ivar depends: names of what it needs, of its own kind.
    :ivar license: of a source package.
    :ivar record: of a PyPI package.
    """

    label: str
    kind: Literal["pypi", "conda"]
    name: str
    version: str | None
    reason: Reason
    origin: Origin
    form: ArchiveForm
    location: str
    url: str | None = None
    sha256: str = ""
    subdirectory: str | None = None
    commit: str | None = None
    requested_revision: str | None = None
    requires_python: str | None = None
    key: str
    wanted_by: tuple[str, ...] = ()
    feature: str | None = None
    depends: tuple[str, ...] = ()
    license: str | None = None
    record: PypiRecord | None = None

    @property
    def package(self) -> str:
        """The package as problems and requests name it: ``NAME`` or ``pypi:NAME``."""
        return self.label.removeprefix("conda:")

    @property
    def is_requested(self) -> bool:
        """Whether the workspace itself asks for it."""
        return self.package in self.wanted_by

    @property
    def place(self) -> str:
        """Where its source or archive is, without secrets."""
        return redact_url(self.url or self.location)

    def make_problem(
        self, kind: str, message: str, *, platform: str, hint: str | None = None, severity: Severity = "error"
    ) -> Problem:
        """Make a problem of the entry.

        :param platform: name of the platform that has it.
        """
        return Problem(
            kind=kind,
            severity=severity,
            message=message,
            platform=platform,
            package=self.package,
            feature=self.feature,
            key=self.key,
            hint=hint,
            is_requested=self.is_requested,
        )

    def find_path(self, directory: StrPath) -> Path:
        """Find the directory or the file of an entry at a path.

        :param directory: of the lock; relative paths start there.
        """
        directory = Path(directory)
        if self.origin not in ("file", "directory"):
            raise ValueError(f"{self.location} is not a path")
        return find_file(self.location.removeprefix("direct+"), directory)
