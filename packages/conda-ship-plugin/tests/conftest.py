"""A ``conda`` package with the parts of conda 26 that a subcommand plugin meets, and executables to run.

conda itself is not on the package index. The names, the generator protocol of the hook, the ``(name, summary, action)``
fields and ``CondaError.return_code`` are conda's own; the sources are ``conda/plugins/hookspec.py``,
``conda/plugins/types.py``, ``conda/cli/main.py`` and ``conda/__init__.py``.
"""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from steady import skip_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable

CONDA = {
    "__init__.py": """
        class CondaError(Exception):
            return_code = 1

            def __init__(self, message, caused_by=None, **kwargs):
                self.message = message
                super().__init__(message)
    """,
    "plugins/__init__.py": "from .hookspec import hookimpl\n",
    "plugins/hookspec.py": """
        import pluggy

        spec_name = "conda"
        _hookspec = pluggy.HookspecMarker(spec_name)
        hookimpl = pluggy.HookimplMarker(spec_name)

        class CondaSpecs:
            @_hookspec
            def conda_subcommands(self):
                yield from ()
    """,
    "plugins/types.py": """
        from dataclasses import dataclass

        @dataclass
        class CondaSubcommand:
            name: str
            summary: str
            action: object
            configure_parser: object = None
    """,
    "__main__.py": """
        import sys
        from itertools import chain

        import pluggy

        from conda import CondaError
        from conda.plugins.hookspec import CondaSpecs

        manager = pluggy.PluginManager("conda")
        manager.add_hookspecs(CondaSpecs)
        manager.load_setuptools_entrypoints("conda")
        subcommands = {found.name: found for found in chain(*manager.hook.conda_subcommands())}
        try:
            sys.exit(subcommands[sys.argv[1]].action(tuple(sys.argv[2:])))
        except CondaError as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            sys.exit(error.return_code)
    """,
}


@pytest.fixture(scope="session")
def conda_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory to put on ``PYTHONPATH``: ``python -m conda`` then is this conda."""
    root = tmp_path_factory.mktemp("site")
    for name, text in CONDA.items():
        path = root / "conda" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return root


@pytest.fixture
def make_executable(tmp_path: Path) -> Callable[..., Path]:
    """Write a Python script that can be executed."""
    skip_elsewhere("on Unix", "Windows does not execute scripts")

    def make(text: str, path: Path | None = None, *, mode: int = stat.S_IRWXU) -> Path:
        path = path or tmp_path / "cs"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!{sys.executable}\n{dedent(text)}", encoding="utf-8")
        path.chmod(mode)
        return path

    return make
