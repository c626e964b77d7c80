"""Fixtures that the tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from stamp_samples import TEMPLATE_BYTES, Workbench


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """Return a directory with everything that a stamp is made from."""
    template = tmp_path / "cs-template"
    template.write_bytes(TEMPLATE_BYTES)
    (tmp_path / "bundle").write_bytes(b"bundle of archives")
    (tmp_path / "bytecode").write_bytes(b"compiled modules")
    (tmp_path / "out").mkdir()
    return Workbench(
        directory=tmp_path,
        template=template,
        bundle=tmp_path / "bundle",
        bytecode=tmp_path / "bytecode",
        out=tmp_path / "out" / "demo",
    )
