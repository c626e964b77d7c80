"""Fixtures that the tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lock_samples import Environments, Package, build_package, render_source


@pytest.fixture(name="package")
def _package() -> Callable[..., Package]:
    return build_package


@pytest.fixture
def write_lock(tmp_path: Path) -> Callable[..., Path]:
    """Write a lock: ``write_lock({"default": {"linux-64": [package("a")]}}, version=7)``."""

    def write(environments: Environments, version: int = 6, **options: Any) -> Path:
        path = tmp_path / ("conda.lock" if version == 1 else f"pixi-{version}.lock")
        path.write_text(render_source(environments, version, **options), encoding="utf-8")
        return path

    return write


@pytest.fixture
def write_text(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a file that is meant to be a lock."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "pixi.lock"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def workspace(package: Callable[..., Package]) -> Environments:
    """Two environments on two platforms, with a Python, a circle and packages for every platform."""

    def packages(subdir: str) -> list[Package]:
        def native(name: str, *depends: str, **fields: Any) -> Package:
            return package(name, *depends, subdir=subdir, **fields)

        return [
            package("app", "python >=3.11", "lib-a", "__unix", subdir="noarch", build="pyhd8ed1ab_2"),
            package("data", subdir="noarch", build="h57_0"),
            native("lib-a", "lib-b >=1,<2.0a0", "data"),
            native("lib-b", "__glibc >=2.17"),
            native("pip-circle", "python"),
            native("python", "pip-circle", "lib-b", version="3.11.7", build="h1_0_cpython"),
            native("viewer", "lib-a", "viewer-data"),
            native("viewer-data", license="LGPL-2.1-or-later", track_features=["x", "z"]),
        ]

    everywhere = {"linux-64": packages("linux-64"), "osx-arm64": packages("osx-arm64")}
    return {"default": {"linux-64": [package("only-default")]}, "ship": everywhere}
