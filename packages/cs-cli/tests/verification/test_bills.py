"""Bills of materials: whether they list what is in the runtime."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_samples import Cs, Workspace, list_passed, verify
from cs_cli.errors import CliError
from cs_cli.verification.bills import check_cyclonedx
from cs_cli.verification.checks import Result
from cs_cli.verification.files import StagedFiles
from cs_cli.verification.runtime import check_runtime

BILL = "demoz.cdx.json"


@pytest.fixture
def dist(workspace: Workspace, template: Path, cs: Cs) -> Path:
    """Build an embedded runtime and return its folder."""
    assert cs("build").status == 0
    return Path("dist")


def check(dist: Path, change: Callable[[dict[str, Any]], object]) -> str:
    """Check a bill that somebody has changed."""
    document = json.loads((dist / BILL).read_bytes())
    change(document)
    (dist / BILL).write_text(json.dumps(document))
    files, result = StagedFiles(dist), Result(path=dist, kind="folder")
    runtime = check_runtime(result, files, "demoz")
    assert runtime is not None
    runtime.digests = {"demoz": files.hash("demoz")}
    return check_cyclonedx(files, BILL, runtime)


def libraries(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in document["components"] if one["type"] == "library"]


def name_property(document: dict[str, Any], name: str) -> dict[str, Any]:
    properties = document["metadata"]["component"]["properties"]
    return next(one for one in properties if one["name"] == name)


def test_the_bill_of_a_build_is_right(dist: Path) -> None:
    assert "demoz.cdx.json: lists the runtime and its 3 packages" in list_passed(verify(dist))


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "format": (lambda one: one.update(bomFormat="SPDX"), "bomFormat"),
    "version": (lambda one: one.update(specVersion="1.4"), "specVersion"),
    "serial": (lambda one: one.update(serialNumber="urn:uuid:0"), "serialNumber"),
    "name": (lambda one: one["metadata"]["component"].update(name="other"), "metadata.component.name"),
    "digest": (
        lambda one: one["metadata"]["component"]["hashes"][0].update(content="0" * 64),
        "metadata.component.hashes",
    ),
    "identity": (lambda one: name_property(one, "cs:identity").update(value="0"), "cs:identity"),
    "template": (lambda one: name_property(one, "cs:template-sha256").update(value="0"), "cs:template-sha256"),
    "package-digest": (lambda one: libraries(one)[0]["hashes"][0].update(content="0" * 64), "components"),
    "package-version": (lambda one: libraries(one)[0].update(version="9"), "components"),
    "package-missing": (lambda one: one["components"].remove(libraries(one)[0]), "components"),
    "package-twice": (lambda one: one["components"].append(libraries(one)[0]), "components"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_bill_about_something_else_is_refused(name: str, dist: Path) -> None:
    change, key = CHANGES[name]
    with pytest.raises(CliError) as caught:
        check(dist, change)
    assert (caught.value.kind, caught.value.key) == ("sbom-mismatch", key)


@pytest.mark.parametrize("key", ["components", "metadata", "serialNumber"])
def test_a_bill_without_its_keys_is_refused(key: str, dist: Path) -> None:
    with pytest.raises(CliError, match=f"the key '{key}.*' is missing") as caught:
        check(dist, lambda one: one.pop(key))
    assert caught.value.kind == "sbom-damaged"
