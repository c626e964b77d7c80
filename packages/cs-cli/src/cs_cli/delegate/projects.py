"""The commands that a Python project declares, before anything is built."""

from __future__ import annotations

from pathlib import Path

from ..archives.contents import ArchiveContents
from ..untrusted import VALUE_LIMIT_BYTES, read_limited


def read_commands(directory: Path) -> ArchiveContents:
    """Read the commands in ``[project.scripts]`` and ``[project.gui-scripts]``.

    :param directory: of the project.
    :returns: contents with entry points only; none if ``pyproject.toml`` states none, or cannot be read.
    """
    # Imported on use: most workspaces have no such project.
    import tomllib

    names: set[str] = set()
    try:
        text = read_limited(directory / "pyproject.toml", VALUE_LIMIT_BYTES).decode()
        project = tomllib.loads(text).get("project", {})
        for table in ("scripts", "gui-scripts"):
            names |= project.get(table, {}).keys()
    except (OSError, ValueError, AttributeError, RecursionError):
        names = set()
    return ArchiveContents(
        executables=(), entry_points=tuple(sorted(names)), installed_size_bytes=0, installed_file_count=0
    )
