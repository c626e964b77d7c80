"""Signed builds of one commit are the same bytes, wherever and however they are made."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from repositories import commit_all, git

from cli_keys import KINDS, make_key, write_key
from cli_samples import Workspace, contents

RUN = """
import os, sys
os.umask(int(sys.argv[1], 8))
from cs_cli.main import main
status = main(sys.argv[2:])
print("loaded" if "cryptography" in sys.modules else "not loaded", file=sys.stderr)
sys.exit(status)
"""


def run_cs(umask: str, words: list[str], directory: Path, environ: Mapping[str, str]) -> str:
    """Run ``cs`` in a process of its own, and return what it says."""
    command = [sys.executable, "-c", RUN, umask, *words]
    done = subprocess.run(
        command, cwd=directory, env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.mark.tools("git")
@pytest.mark.parametrize("kind", KINDS)
def test_two_clones_give_the_same_signed_files(workspace: Workspace, template: Path, tmp_path: Path, kind: str) -> None:
    one, two = workspace.directory, tmp_path / "another place" / "clone"
    commit_all(one)
    git(tmp_path, "clone", "-q", str(one), str(two))
    key = write_key(tmp_path / "key.pem", make_key(kind), passphrase=b"open sesame")
    words = ["build", "-q", "--platform", "linux-64", "--template", str(template), "--sign", str(key)]
    secret = {"CONDA_SHIP_SIGN_PASSPHRASE": "open sesame", "SOURCE_DATE_EPOCH": "1700000000"}
    first = {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "0", "HOME": str(tmp_path / "a")}
    second = {"TZ": "Asia/Tokyo", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "1", "HOME": str(tmp_path / "b")}
    run_cs("022", words, one, {**secret, **first, "CONDA_SHIP_CACHE_DIR": str(tmp_path / "c1")})
    elsewhere = ["--root", str(two), "--out-dir", str(tmp_path / "out")]
    run_cs("077", [*words, *elsewhere], tmp_path, {**secret, **second, "CONDA_SHIP_CACHE_DIR": str(tmp_path / "c2")})
    built = contents(one / "dist")
    assert built == contents(tmp_path / "out")
    assert b'"payloadType"' in built["demoz.provenance.json"]
    assert not [name for name, data in built.items() if str(tmp_path).encode() in data or b"sesame" in data]


@pytest.mark.parametrize("words", [["inspect"], ["build"], ["verify", "dist"]])
def test_only_signing_loads_the_library(workspace: Workspace, template: Path, tmp_path: Path, words: list[str]) -> None:
    key = write_key(tmp_path / "key.pem", make_key())
    build = ["build", "--platform", "linux-64", "--template", str(template)]
    assert "\nloaded" in run_cs("022", [*build, "--sign", str(key)], Path(), {})
    given = build if words == ["build"] else words
    assert "not loaded" in run_cs("022", given, Path(), {})
