"""Locks of any size for ``cs inspect``, by the generator that cs-lock's own benchmark uses."""

from __future__ import annotations

from pathlib import Path

import generate_lock

_PLATFORMS = ("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64", "linux-ppc64le", "linux-s390x", "win-arm64")


def write_locked_workspace(workspace: Path, packages: int, platforms: int) -> None:
    """Write a Pixi workspace whose lock has that many records and platforms."""
    names = _PLATFORMS[:platforms]
    workspace.mkdir(parents=True)
    generate_lock.generate_lock(workspace / "pixi.lock", packages, names)
    listed = ", ".join(f'"{name}"' for name in names)
    (workspace / "pixi.toml").write_text(
        f'[workspace]\nname = "demo"\nchannels = ["conda-forge"]\nplatforms = [{listed}]\n\n'
        '[tool.conda-ship]\nruntime = "demo"\nruntime-version = "1.0"\n'
        'delegate = "python"\nsource-environment = "default"\n'
    )
