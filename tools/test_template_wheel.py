"""Wheels of the template are built one after the other where they share cargo's directory."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from template_wheel import build_template_wheel, name_lock


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock of a file."""
    import fcntl

    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_what_takes_minutes_is_said_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: said.append(capsys.readouterr().out))
    build_template_wheel(tmp_path, {"CARGO_TARGET_DIR": str(tmp_path / "target")})
    assert said == ["Compiling the template: minutes the first time, seconds if nothing has changed.\n"]


@pytest.mark.only("on Unix", "it asks for the lock without waiting")
def test_nobody_else_builds_in_the_same_directory_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, other = tmp_path / "target", tmp_path / "other"
    other.mkdir()
    seen: list[tuple[bool, bool]] = []

    def run(_command: list[str], *, env: dict[str, str], check: bool) -> None:
        assert env["CARGO_TARGET_DIR"] == str(target)
        seen.append((is_locked(name_lock(target)), is_locked(name_lock(other))))

    monkeypatch.setattr(subprocess, "run", run)
    build_template_wheel(tmp_path, {"CARGO_TARGET_DIR": str(target)})
    assert seen == [(True, False)]
    assert not is_locked(name_lock(target))
