"""What ``cs verify`` prints: several paths, text, and the document of ``--json``."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from cli_samples import Cs, Workspace
from cs_cli.verification.checks import CheckName

SCHEMA = json.loads((resources.files("cs_cli") / "schemas" / "verify.schema.json").read_bytes())
PAGE = Path(__file__).parents[4] / "docs" / "reference" / "cs.md"


@pytest.fixture
def dist(workspace: Workspace, template: Path, cs: Cs) -> Path:
    """Build an external runtime and an embedded one, and return their folder."""
    for layout in ("external", "embedded"):
        assert cs("build", "--layout", layout).status == 0
    return Path("dist")


def read(cs: Cs, *words: str | Path) -> dict[str, Any]:
    """Verify, check the document against the schema, and return it."""
    document: dict[str, Any] = json.loads(cs("verify", "--json", *words).out)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    assert [error.message for error in validator.iter_errors(document)] == []
    return document


def test_each_path_has_a_result(dist: Path, cs: Cs) -> None:
    document = read(cs, dist, dist / "demo", dist / "demo.bundle.tar.zst", dist / "demo.runtime.lock")
    kinds = [(one["path"], one["kind"], one["ok"]) for one in document["results"]]
    assert kinds == [
        ("dist", "folder", True),
        ("dist/demo", "runtime", True),
        ("dist/demo.bundle.tar.zst", "bundle", True),
        ("dist/demo.runtime.lock", "companion", True),
    ]
    assert document["ok"]


def test_one_wrong_path_is_enough_to_fail(dist: Path, cs: Cs) -> None:
    Path("dist/demoz").write_bytes(b"damaged")
    document = read(cs, dist / "demo", dist / "demoz")
    assert [one["ok"] for one in document["results"]] == [True, False]
    assert not document["ok"]
    assert cs("verify", dist / "demo", dist / "demoz").status == 1


def test_a_failed_check_has_its_error_and_no_other_has_one(dist: Path, cs: Cs) -> None:
    (dist / "demo.packages.txt").write_text("nothing\n")
    (dist / "other").write_text("")
    (result,) = read(cs, dist)["results"]
    answers = {one["ok"] for one in result["checks"]}
    assert answers == {True, False, None}
    (wrong,) = (one for one in result["checks"] if one["ok"] is False)
    assert (wrong["file"], wrong["check"]) == ("demo.packages.txt", "checksum")
    assert wrong["error"]["kind"] == "checksum-mismatch"
    assert wrong["error"]["message"] == wrong["detail"]


def test_the_schema_is_one_and_takes_new_keys(dist: Path, cs: Cs) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    document = read(cs, dist)
    check = document["results"][0]["checks"][0]
    check["new"] = document["new"] = document["results"][0]["new"] = 1
    assert validator.is_valid(document)
    assert all(not validator.is_valid({k: v for k, v in document.items() if k != key}) for key in SCHEMA["required"])
    check["ok"] = False
    assert not validator.is_valid(document), "a failed check needs an error"


def test_text_names_the_folder_if_there_are_several(dist: Path, cs: Cs) -> None:
    alone, several = cs("verify", dist / "demo"), cs("verify", dist / "demo", dist / "demoz")
    assert re.search(r"^ok: demo: stamp [0-9a-f]{16} intact$", alone.out, re.M)
    assert re.search(r"^ok: dist/demo: stamp [0-9a-f]{16} intact$", several.out, re.M)


def test_nothing_is_checked_if_a_path_does_not_exist(dist: Path, cs: Cs) -> None:
    outcome = cs("verify", dist, "absent")
    assert (outcome.status, outcome.out) == (2, "")
    assert "absent: no such file or directory" in outcome.err


def test_every_check_is_in_the_reference() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("### Checks")[2].partition("\n## ")[0]
    rows = {name for row in re.findall(r"^\| (`[^|]+`) \|", section, re.M) for name in re.findall(r"`([^`]+)`", row)}
    assert set(get_args(CheckName)) <= rows
