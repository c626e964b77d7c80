from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cs_manifest import Project, list_metadata_files

Make = Callable[..., Project]


def names(project: Project) -> list[str]:
    return [path.relative_to(project.root).as_posix() for path in list_metadata_files(project)]


def write(directory: Path, *files: str) -> None:
    for name in files:
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text("")


@pytest.mark.parametrize(
    ("lines", "named"),
    [
        ('[tool.hatch.version]\npath = "src/demo.py"', ["src/demo.py"]),
        ('[tool.hatch.build.hooks.vcs]\nversion-file = "src/demo.py"', ["src/demo.py"]),
        ('[tool.setuptools.dynamic]\nversion = { file = ["VERSION", "src/demo.py"] }', ["VERSION", "src/demo.py"]),
        ('[tool.setuptools_scm]\nwrite_to = "VERSION"', ["VERSION"]),
        ('[tool.pdm.version]\nsource = "file"\npath = "VERSION"', ["VERSION"]),
        ('[project]\nreadme = "README.md"\nlicense = { file = "LICENSE" }', ["README.md", "LICENSE"]),
        ('[project]\nreadme = { file = "README.md" }', ["README.md"]),
        ('[tool.hatch.version]\npath = "absent.py"', []),
        ('[tool.hatch.version]\npath = "src"', []),
        ('[tool.hatch.version]\npath = "nul\\u0000byte"', []),
        ('[project]\nname = "VERSION"', []),
    ],
)
def test_what_a_backend_reads_is_what_pyproject_names(
    lines: str, named: list[str], make_project: Make, tmp_path: Path
) -> None:
    write(tmp_path, "VERSION", "README.md", "LICENSE", "src/demo.py")
    (tmp_path / "pyproject.toml").write_text(lines)
    assert names(make_project("[workspace]")) == ["pyproject.toml", *named]
    assert names(make_project(f"{lines}\n[tool.pixi.workspace]\n", "pyproject.toml")) == ["pyproject.toml", *named]


def test_older_projects_have_other_files(make_project: Make, tmp_path: Path) -> None:
    write(tmp_path, "setup.py", "setup.cfg")
    assert names(make_project("[workspace]")) == ["setup.cfg", "setup.py"]


def test_a_pyproject_that_cannot_be_read_is_still_one(make_project: Make, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("not [ TOML")
    assert names(make_project("[workspace]")) == ["pyproject.toml"]
