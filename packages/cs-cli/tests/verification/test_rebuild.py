"""``cs verify --rebuild``: the same bytes again, or the first difference."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny_executables import add_certificates, find_commands, make_certificate, make_macho, make_pe

from cli_keys import make_key
from cli_samples import Cs, Workspace, make_elf, verify
from cs_cli.signing.envelope import sign
from cs_cli.verification.checks import Result
from cs_cli.verification.first_difference import find_difference
from cs_stamp import read_stamp, write_stamp
from executable_samples import MARK
from platform_signatures import sign_for_platform


@pytest.fixture
def dist(workspace: Workspace, template: Path, cs: Cs) -> Path:
    """Build an external runtime with settings of the command line, and return its folder."""
    assert cs("build", "--layout", "external", "--target-label", "linux", "--no-freeze-base").status == 0
    return Path("dist").absolute()


def problems(result: Result) -> list[tuple[str, str, Any, Any]]:
    found = [(one.file, one.check, one.error.to_dict()) for one in result.checks if one.error is not None]
    return [
        (file, said["kind"], said.get("part"), said.get("key")) for file, check, said in found if check == "rebuild"
    ]


def test_a_new_build_gives_the_same_bytes(dist: Path, workspace: Workspace) -> None:
    result = verify(dist, "--rebuild", workspace.directory)
    assert result.problems == ()
    same = {one.file for one in result.checks if one.check == "rebuild" and one.detail.startswith("the same ")}
    assert same == {path.name for path in dist.iterdir()} - {"demo-linux.sha256"}


def test_a_lone_runtime_with_its_statement_is_built_again(dist: Path, workspace: Workspace, tmp_path: Path) -> None:
    alone = Path(shutil.copy(dist / "demo-linux", tmp_path / "renamed"))
    shutil.copy(dist / "demo-linux.bundle.tar.zst", tmp_path)
    words = "--provenance", dist / "demo-linux.provenance.json", "--rebuild", workspace.directory
    result = verify(alone, *words)
    assert result.problems == ()
    assert [one.file for one in result.checks if one.check == "rebuild"] == ["renamed", "renamed"]


def test_the_recorded_time_is_used(
    workspace: Workspace, template: Path, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert cs("build").status == 0
    for now in ("1", None):
        monkeypatch.delenv("SOURCE_DATE_EPOCH") if now is None else monkeypatch.setenv("SOURCE_DATE_EPOCH", now)
        assert verify(Path("dist"), "--rebuild", workspace.directory).problems == ()
        assert os.environ.get("SOURCE_DATE_EPOCH") == now


def test_where_and_how_it_is_built_makes_no_difference(dist: Path, workspace: Workspace, tmp_path: Path) -> None:
    copy = tmp_path / "somewhere else"
    shutil.copytree(workspace.directory, copy, ignore=shutil.ignore_patterns("dist"))
    environ = {
        **os.environ,
        "TZ": "Asia/Tokyo",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "77",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    words = "verify", "--rebuild", str(copy), str(dist), "--json"
    program = "import os, sys; os.umask(0o077); sys.path.pop(0); import cs_cli.project.platforms as p; "
    program += "p.host_platform = lambda: 'linux-64'; from cs_cli.main import main; sys.exit(main(sys.argv[1:]))"
    process = subprocess.run(
        [sys.executable, "-c", program, *words], cwd="/", env=environ, capture_output=True, text=True, check=False
    )
    assert process.returncode == 0, process.stdout + process.stderr


@pytest.mark.parametrize("setting", ["delegate", "docs-url"])
def test_a_changed_setting_is_named_by_its_field(setting: str, dist: Path, workspace: Workspace) -> None:
    workspace.ship[setting] = {"delegate": '"hello"', "docs-url": '"https://e.org"'}[setting]
    workspace.write()
    result = verify(dist, "--rebuild", workspace.directory, "--layout", "external", "--no-freeze-base")
    assert ("demo-linux", "rebuild-differs", "header", setting.replace("-", "_")) in problems(result)
    assert ("demo-linux.info.json", "rebuild-differs") in [one[:2] for one in problems(result)]


def test_a_recorded_setting_does_not_hide_that_the_manifest_has_another(
    dist: Path, workspace: Workspace, tmp_path: Path
) -> None:
    alone = Path(shutil.copy(dist / "demo-linux", tmp_path))
    workspace.ship["delegate"] = '"hello"'
    workspace.write()
    words = "--rebuild", workspace.directory, "--layout", "external", "--no-freeze-base"
    result = verify(alone, "--provenance", dist / "demo-linux.provenance.json", *words)
    assert ("demo-linux", "rebuild-differs", "header", "delegate") in problems(result)


def test_a_changed_lock_is_named(dist: Path, workspace: Workspace) -> None:
    records = workspace.environments["ship"]["linux-64"]
    next(one for one in records if "libz" in one["conda"])["license"] = "MIT"
    workspace.write()
    found = {one[0]: one[2:] for one in problems(verify(dist, "--rebuild", workspace.directory))}
    assert found["demo-linux"] == ("plan", "conda:libz.record")
    assert found["demo-linux.runtime.lock"][1].startswith("line ")


def test_another_template_is_refused(dist: Path, workspace: Workspace, template: Path) -> None:
    template.write_bytes(make_elf() + b"another release" + MARK.to_bytes())
    result = verify(dist, "--rebuild", workspace.directory)
    assert problems(result) == [("demo-linux", "template-differs", None, None)]
    (error,) = result.problems
    assert "the bytes cannot be the same" in str(error)


def test_a_template_that_is_named_is_used(dist: Path, workspace: Workspace, template: Path, tmp_path: Path) -> None:
    kept = Path(shutil.copy(template, tmp_path / "kept"))
    template.write_bytes(make_elf() + b"another release" + MARK.to_bytes())
    assert verify(dist, "--rebuild", workspace.directory, "--template", kept).problems == ()


def test_a_signed_statement_is_compared_by_what_it_says(dist: Path, tmp_path: Path) -> None:
    statement = dist / "demo-linux.provenance.json"
    signed = tmp_path / statement.name
    signed.write_bytes(sign(statement.read_bytes(), make_key()))
    assert find_difference(signed, statement) is None


def test_differences_of_documents_and_lines_are_named(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder, value in ((one, 1), (other, 2)):
        folder.mkdir()
        (folder / "a.info.json").write_text(json.dumps({"files": [{"size": 1}, {"size": value}], "x": 1}))
        (folder / "a.packages.txt").write_text(f"same\nline {value}\n")
    found = find_difference(other / "a.info.json", one / "a.info.json")
    assert found is not None
    assert (found.key, found.expected, found.actual) == ("files.000001.size", "1", "2")
    found = find_difference(other / "a.packages.txt", one / "a.packages.txt")
    assert found is not None
    assert (found.key, found.expected, found.actual) == ("line 2", "line 1", "line 2")


def stamp_program(dist: Path, directory: Path, program: bytes) -> Path:
    """Put the stamp of the build into a program for another platform, which may be signed, and return the result."""
    with read_stamp(dist / "demo-linux") as stamp:
        header, plan, lock = stamp.header, stamp.read_plan(), stamp.read_lock()
    template, built = directory / "template", directory / "built"
    template.write_bytes(program)
    write_stamp(template, built, header=header, plan=plan, lock=lock)
    return built


def test_a_signature_of_the_platform_is_put_aside(dist: Path, tmp_path: Path) -> None:
    built = stamp_program(dist, tmp_path, make_pe(payload=MARK.to_bytes()))
    signed = tmp_path / "signed"
    signed.write_bytes(add_certificates(built.read_bytes(), make_certificate(b"signed")))
    assert find_difference(signed, built) is None
    data = bytearray(signed.read_bytes())
    place = data.index(MARK.to_bytes()) - 1
    data[place] ^= 1
    signed.write_bytes(data)
    found = find_difference(signed, built)
    assert found is not None
    assert (found.part, found.key) == ("template", f"byte {place}")


def test_a_load_command_that_no_signer_changes_is_compared(dist: Path, tmp_path: Path) -> None:
    """The entry point is in front of the code, between what a signature does change."""
    built = stamp_program(dist, tmp_path, make_macho(payload=MARK.to_bytes()))
    signed = Path(shutil.copy(built, tmp_path / "signed"))
    sign_for_platform(signed)
    assert find_difference(signed, built) is None
    data = bytearray(signed.read_bytes())
    data[find_commands(data)[0x80000028] + 8] ^= 4
    signed.write_bytes(data)
    sign_for_platform(signed)
    found = find_difference(signed, built)
    assert found is not None
    assert found.part == "signature"
