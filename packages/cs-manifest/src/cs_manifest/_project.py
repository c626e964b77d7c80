"""A workspace: its manifest, the source lock next to it, and how they are found."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._document import Document, read_document
from ._errors import ManifestError
from ._paths import StrPath
from ._suggestions import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ._positions import KeyPath


class ManifestKind(StrEnum):
    """The tool that a manifest is for, and its file name.

    Within one directory the first one is used: ``[tool.conda]`` goes before ``[tool.pixi]``.
    """

    CONDA = "conda"
    PIXI = "pixi"
    PYPROJECT_CONDA = "pyproject-conda"
    PYPROJECT_PIXI = "pyproject-pixi"

    @property
    def file_name(self) -> str:
        """File name of the manifest."""
        return "pyproject.toml" if self.table_prefix else f"{self.value}.toml"

    @property
    def table_prefix(self) -> tuple[str, ...]:
        """Table that holds the workspace: ``()``, ``("tool", "conda")`` or ``("tool", "pixi")``."""
        return {"pyproject-conda": ("tool", "conda"), "pyproject-pixi": ("tool", "pixi")}.get(self.value, ())

    @property
    def lock_name(self) -> str:
        """File name of the source lock that belongs to this manifest."""
        return "pixi.lock" if self in (ManifestKind.PIXI, ManifestKind.PYPROJECT_PIXI) else "conda.lock"

    @property
    def lock_command(self) -> str:
        """Command that writes the source lock."""
        return "pixi lock" if self.lock_name == "pixi.lock" else "conda workspace lock"


MANIFEST_NAMES: tuple[str, ...] = tuple(dict.fromkeys(kind.file_name for kind in ManifestKind))
"""File names of manifests, in the order in which one is looked for within a directory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A manifest with its source lock.

    :ivar root: build root, absolute.
    :ivar kind: the tool that it is for, and its file name.
    :ivar document: the whole parsed manifest with its text.
    :ivar source_lock_path: the source lock, absolute.
    """

    root: Path
    kind: ManifestKind
    document: Document
    source_lock_path: Path

    @property
    def manifest_path(self) -> Path:
        """The selected manifest, absolute."""
        return self.document.path

    @property
    def lock_directory(self) -> Path:
        """The directory of the source lock, absolute: relative paths in the lock start there."""
        return self.source_lock_path.parent

    @property
    def table_prefix(self) -> tuple[str, ...]:
        """Table that holds the workspace, ``()`` when it is the whole document."""
        return self.kind.table_prefix

    @property
    def text(self) -> str:
        """Text of the manifest."""
        return self.document.text

    def table(self, *key: str) -> Mapping[str, Any]:
        """Return a table of the workspace (under ``table_prefix``), empty when it is missing.

        :raises ManifestError: when the value is not a table.
        """
        return self.document.table((*self.table_prefix, *key))

    def key(self, *parts: str | int) -> KeyPath:
        """Return the full key path of something under ``table_prefix``."""
        return (*self.table_prefix, *parts)


def discover(
    root: StrPath | None = None,
    *,
    manifest: StrPath | None = None,
    source_lock: StrPath | None = None,
    start: StrPath | None = None,
    require_lock: bool = True,
) -> Project:
    """Find the manifest and the source lock of a project.

    :param root: build root; only the manifest in it is used. Default: the nearest directory from ``start``
        upward that has a usable manifest.
    :param manifest: manifest to use instead; decides the build root unless ``root`` is given too.
    :param source_lock: source lock to use instead of the one next to the manifest.
    :param start: directory that relative paths and the search start from; default: the current one.
    :param require_lock: whether a missing source lock is an error.
    :returns: the project, its manifest parsed.
    :raises ManifestError: when there is no usable manifest, it cannot be parsed, or there is no source lock.
    """
    base = _find_start(start)
    directory = None if root is None else _check_root(_resolve(base, root))
    if manifest is not None:
        kind, document = _load_manifest(_resolve(base, manifest))
    elif directory is not None:
        kind, document = _search([directory], f"{directory} has no usable manifest")
    else:
        kind, document = _search(
            [base, *base.parents], f"no usable manifest in {base} or a directory above it", upward=True
        )
    lock = document.path.parent / kind.lock_name if source_lock is None else _resolve(base, source_lock)
    if require_lock:
        _check_lock(lock, kind, document, explicit=source_lock is not None)
    return Project(root=directory or document.path.parent, kind=kind, document=document, source_lock_path=lock)


def _find_start(start: StrPath | None) -> Path:
    try:
        return Path.cwd() if start is None else Path(start).absolute()
    except OSError as error:
        raise ManifestError(
            "the current directory no longer exists",
            kind="root-not-found",
            expected="a directory",
            hint="change to an existing directory",
        ) from error


def _resolve(base: Path, path: StrPath) -> Path:
    """Make a path absolute; links are followed only where a ``..`` needs it, so that messages show what was typed."""
    joined = base / path
    return Path(os.path.realpath(joined)) if ".." in joined.parts else joined


def _check_root(root: Path) -> Path:
    if not _is_directory(root):
        message = "is not a directory" if os.path.lexists(root) else "no such directory"
        raise ManifestError(message, kind="root-not-found", path=root, expected="a directory")
    return root


def _search(directories: list[Path], message: str, *, upward: bool = False) -> tuple[ManifestKind, Document]:
    passed_over: list[str] = []
    for directory in directories:
        for found in _candidates(directory, passed_over):
            return found
    raise ManifestError(
        message,
        kind="manifest-not-found",
        path=directories[0] if not upward else None,
        expected="conda.toml, pixi.toml, or pyproject.toml with [tool.conda] or [tool.pixi]",
        actual="; ".join(passed_over) or None,
    )


def _candidates(directory: Path, passed_over: list[str]) -> Iterator[tuple[ManifestKind, Document]]:
    for name in MANIFEST_NAMES:
        path, kinds = directory / name, _kinds_of(name)
        if not _is_file(path):
            continue
        document = read_document(path)
        kind = next((kind for kind in kinds if _is_usable(document, kind)), None)
        if kind is not None:
            yield kind, document
        else:
            passed_over.append(f"{path} ({_explain_unusable(kinds)})")


def _kinds_of(name: str) -> tuple[ManifestKind, ...]:
    """Return what a file of that name can be."""
    return tuple(kind for kind in ManifestKind if kind.file_name == name)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False  # No permission to look at it, or the name is too long: for this user it does not exist.


def _is_directory(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False


def _is_usable(document: Document, kind: ManifestKind) -> bool:
    """Tell whether a file is the manifest of a workspace, not only of a package or of tasks."""
    table: Any = document.data
    for part in kind.table_prefix:
        table = table.get(part) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        return False
    if kind.table_prefix:
        # A member package has [tool.pixi.package] alone, a list of tasks [tool.conda.tasks].
        return not table or not set(table) <= {"package", "tasks"}
    return "workspace" in table or "project" in table or _asks_to_ship(document)


def _asks_to_ship(document: Document) -> bool:
    tool = document.data.get("tool")
    return isinstance(tool, dict) and "conda-ship" in tool


def _explain_unusable(kinds: tuple[ManifestKind, ...]) -> str:
    if kinds[0].table_prefix:
        return "no [tool.conda] and no [tool.pixi] workspace"
    return "no [workspace] table"


def _load_manifest(path: Path) -> tuple[ManifestKind, Document]:
    kinds = _kinds_of(path.name)
    is_directory = _is_directory(path)
    if is_directory or not kinds or not os.path.lexists(path):
        raise _not_a_manifest(path, is_directory=is_directory)
    document = read_document(path)
    for kind in kinds:
        if _is_usable(document, kind):
            return kind, document
    raise document.error(
        f"is not the manifest of a workspace: it has {_explain_unusable(kinds)}",
        kind="manifest-not-found",
        expected="a workspace",
    )


def _not_a_manifest(path: Path, *, is_directory: bool) -> ManifestError:
    """Describe a path that was given as that of a manifest: nothing is there, or something else."""
    message, hint = "is not a manifest name that cs recognises", "name it conda.toml, pixi.toml or pyproject.toml"
    if is_directory:
        message, hint = "is a directory", ""
    elif not os.path.lexists(path):
        message, hint = "no such file", _guess_manifest(path) or ""
    expected = "a file named conda.toml, pixi.toml or pyproject.toml"
    return ManifestError(message, kind="manifest-not-found", path=path, expected=expected, hint=hint or None)


def _guess_manifest(path: Path) -> str | None:
    """Suggest a manifest of the same directory."""
    there = [name for name in MANIFEST_NAMES if _is_file(path.with_name(name))]
    return did_you_mean(path.name, there)


def _check_lock(lock: Path, kind: ManifestKind, document: Document, *, explicit: bool) -> None:
    if _is_file(lock):
        return
    if explicit:
        reason = "is a directory" if _is_directory(lock) else "does not exist"
        raise ManifestError(f"the source lock {reason}", kind="lock-not-found", path=lock)
    raise ManifestError(
        f"the source lock of {document.path.name} is missing",
        kind="lock-not-found",
        path=lock,
        expected=f"{kind.lock_name} next to {document.path.name}",
        hint=f"create it with `{kind.lock_command}`",
    )
