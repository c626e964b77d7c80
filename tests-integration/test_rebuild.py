"""A stranger builds a release again: elsewhere, with other habits, and gets the same bytes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.commands import Command, run_command
from support.tested_platform import FOR_THIS_MACHINE

HABITS = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "LANG": "tr_TR.UTF-8", "PYTHONHASHSEED": "77", "SOURCE_DATE_EPOCH": "5"}


@pytest.mark.only(FOR_THIS_MACHINE, "modules are compiled for this machine")
@pytest.mark.parametrize("layout", ["embedded", "external"])
def test_a_release_is_built_again_elsewhere(
    layout: str,
    make_workspace: Callable[..., Path],
    cs: Callable[..., Command],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    workspace = make_workspace(layout=f'"{layout}"', bytecode='"shipped"')
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    cs("build", "--target-label", "v1", "--no-freeze-base", cwd=workspace)
    elsewhere = tmp_path / "another place" / "checkout"
    shutil.copytree(workspace, elsewhere, ignore=shutil.ignore_patterns("dist"))
    for name, value in HABITS.items():
        monkeypatch.setenv(name, value)
    before = os.umask(0o077)
    try:
        words = (
            "verify",
            workspace / "dist",
            "--against",
            elsewhere,
            "--rebuild",
            elsewhere,
            "--no-freeze-base",
            "--json",
        )
        completed = cs(*words, cwd=tmp_path, check=False)
    finally:
        os.umask(before)
    (result,) = json.loads(completed.stdout)["results"]
    assert [one for one in result["checks"] if one["ok"] is False] == []
    built = {one["file"] for one in result["checks"] if one["check"] == "rebuild" and "the same" in one["detail"]}
    assert built == {path.name for path in (workspace / "dist").iterdir() if path.suffix != ".sha256"}


@pytest.mark.only(FOR_THIS_MACHINE, "modules are compiled for this machine")
def test_somebody_with_one_file_can_check_it(
    make_workspace: Callable[..., Path], cs: Callable[..., Command], tmp_path: Path
) -> None:
    workspace = make_workspace(layout='"embedded"')
    key, public = tmp_path / "key.pem", tmp_path / "key.pub"
    run_command(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    run_command(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True)
    cs("build", "--sign", key, cwd=workspace)
    download = tmp_path / "download"
    download.mkdir()
    for name in ("demoz", "demoz.provenance.json"):
        shutil.copy(workspace / "dist" / name, download)
    checked = cs("verify", "demoz", "--key", public, "--require-signature", cwd=download)
    assert "ok: demoz: demoz.provenance.json lists it" in checked.stdout
    assert "ok: demoz.provenance.json: signed by key SHA256:" in checked.stdout
    data = bytearray((download / "demoz").read_bytes())
    data[len(data) // 10] ^= 1
    (download / "demoz").write_bytes(data)
    assert cs("verify", "demoz", "--key", public, cwd=download, check=False).returncode == 1
