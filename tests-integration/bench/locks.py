"""Locks of any size for ``cs inspect``, by the generator that cs-lock's own benchmark uses."""

from __future__ import annotations

import importlib.util
from pathlib import Path

_GENERATOR = Path(__file__).parents[2] / "packages" / "cs-lock" / "benchmarks" / "generate_lock.py"
_PLATFORMS = ("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64", "linux-ppc64le", "linux-s390x", "win-arm64")


def generate_lock(workspace: Path, packages: int, platforms: int) -> None:
    """Write a Pixi workspace whose lock has that many records and platforms."""
    specification = importlib.util.spec_from_file_location("generate_lock", _GENERATOR)
    if specification is None or specification.loader is None:
        raise ImportError(str(_GENERATOR))
    generator = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(generator)
    names = _PLATFORMS[:platforms]
    workspace.mkdir(parents=True)
    generator.generate_lock(workspace / "pixi.lock", packages, names)
    listed = ", ".join(f'"{name}"' for name in names)
    (workspace / "pixi.toml").write_text(
        f'[workspace]\nname = "demo"\nchannels = ["conda-forge"]\nplatforms = [{listed}]\n\n'
        '[tool.conda-ship]\nruntime = "demo"\nruntime-version = "1.0"\n'
        'delegate = "python"\nsource-environment = "default"\n'
    )
