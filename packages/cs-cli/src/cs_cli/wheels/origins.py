"""Where the archives that stand for source came from."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from cs_lock import LocalArchive, redact_url

SourceKind = Literal["directory", "git", "sdist", "file"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where an archive came from. Nothing in it names a directory outside of the workspace.

    :ivar kind: ``file`` for one that was taken as it is; else what a wheel was built from.
    :ivar location: path relative to the workspace, or a URL.
    :ivar commit: that of the git repository that the source is in.
    :ivar is_dirty: whether the source has changed since that commit; ``None`` outside of git.
    :ivar backend: build backend, as ``pyproject.toml`` names it.
    :ivar requirements: everything that was installed for the build, as ``NAME==VERSION``.
    """

    kind: SourceKind
    location: str
    commit: str | None = None
    is_dirty: bool | None = None
    backend: str | None = None
    requirements: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppliedArchive:
    """An archive that stands for an entry of the lock.

    :ivar label: of the entry: ``pypi:NAME`` or ``conda:NAME``.
    :ivar platforms: the workspace's names of those that it is for.
    """

    label: str
    archive: LocalArchive
    origin: Origin
    platforms: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the archive as an item of ``local_archives`` in ``STEM.info.json``."""
        archive, source = self.archive, self.origin
        described: dict[str, Any] = {
            "kind": archive.kind,
            "name": archive.name,
            "version": archive.version,
            "file_name": archive.file_name,
            "sha256": archive.sha256,
            "size_bytes": archive.size_bytes,
            "source": {
                "kind": source.kind,
                "location": source.location,
                "commit": source.commit,
                "dirty": source.is_dirty,
            },
        }
        if source.backend is not None:
            described["build"] = {"backend": source.backend, "requires": list(source.requirements)}
        return described


def describe_place(path: Path, root: Path) -> str:
    """Name a path relative to the workspace; of one outside of it only the last part, as the rest is the machine's.

    :param root: directory of the workspace.
    """
    real, home = Path(os.path.realpath(path)), Path(os.path.realpath(root))
    return real.relative_to(home).as_posix() if real.is_relative_to(home) else real.name


def describe_repository(url: str, root: Path) -> str:
    """Name a repository by its URL, and one of this machine as a path.

    :param root: directory of the workspace.
    """
    if not url.startswith("file:"):
        return redact_url(url)
    # Imported on use: it imports an HTTP client, and every command imports this module.
    from urllib.request import url2pathname

    return describe_place(Path(url2pathname(urlsplit(url).path)), root)
