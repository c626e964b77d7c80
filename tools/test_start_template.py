"""Only a template that starts and refuses to do anything is accepted."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest
import start_template

REFUSAL = 'echo "cs-template: error: this is an unstamped template" >&2; exit 78'


def install(monkeypatch: pytest.MonkeyPatch, directory: Path, script: str) -> None:
    """Put a program where the scripts of this Python are."""
    program = directory / "cs-template"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(directory))


@pytest.mark.parametrize(
    ("script", "status"), [(REFUSAL, 0), ("exit 78", 1), (REFUSAL.replace("78", "0"), 1), ("kill -9 $$", 1)]
)
def test_a_template_must_start_and_refuse(
    script: str, status: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    install(monkeypatch, tmp_path, script)
    assert start_template.main() == status


def test_a_template_must_be_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda _: str(tmp_path))
    with pytest.raises(SystemExit, match="not installed"):
        start_template.main()
