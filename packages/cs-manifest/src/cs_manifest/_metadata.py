"""The files of a project that its version may come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._document import read_document
from ._errors import ManifestError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ._project import Project

_OWN = ("pyproject.toml", "setup.cfg", "setup.py")
_NAMING_KEYS = frozenset(
    ("file", "path", "readme", "license-file", "license-files", "version-file", "version_file", "write_to")
)
"""Keys under which the usual build backends name files: flit, hatchling, pdm, poetry, setuptools and their plugins."""


def list_metadata_files(project: Project) -> tuple[Path, ...]:
    """List what a build backend reads when it is asked for the version, as far as the project says it.

    :returns: those of ``pyproject.toml``, ``setup.cfg`` and ``setup.py`` that exist, and the files that
        ``pyproject.toml`` names.
    """
    named = [project.root / text for text in _named_files(_read_pyproject(project))]
    candidates = [*(project.root / name for name in _OWN), *named]
    return tuple(dict.fromkeys(path for path in candidates if _is_file(path)))


def _read_pyproject(project: Project) -> Any:
    if project.table_prefix:
        return project.document.data
    try:
        return read_document(project.root / "pyproject.toml").data
    except ManifestError:
        return {}  # none, or one that no backend could read either


def _named_files(value: Any, *, is_naming: bool = False) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _named_files(inner, is_naming=key in _NAMING_KEYS)
    elif isinstance(value, list):
        for inner in value:
            yield from _named_files(inner, is_naming=is_naming)
    elif is_naming and isinstance(value, str):
        yield value


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
