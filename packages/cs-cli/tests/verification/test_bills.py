"""Bills of materials: whether they list what is in the runtime."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli_samples import Cs, Workspace, list_passed, verify
from cs_cli.errors import CliError
from cs_cli.verification.bills import check_cyclonedx, check_spdx
from cs_cli.verification.checks import Result
from cs_cli.verification.files import StagedFiles
from cs_cli.verification.notices import check_notices
from cs_cli.verification.runtime import CheckedRuntime, check_runtime

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
    files, runtime = open_runtime(dist)
    return check_cyclonedx(files, BILL, runtime)


def open_runtime(dist: Path) -> tuple[StagedFiles, CheckedRuntime]:
    files = StagedFiles(dist)
    runtime = check_runtime(Result(path=dist, kind="folder"), files, "demoz")
    assert runtime is not None
    runtime.digests = {"demoz": files.hash("demoz")}
    return files, runtime


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


SPDX_CHANGES: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "version": (lambda one: one.update(spdxVersion="SPDX-2.2"), "spdxVersion"),
    "namespace": (lambda one: one.update(documentNamespace="https://e.org/0"), "documentNamespace"),
    "name": (lambda one: one["packages"][0].update(name="other"), "packages.runtime.name"),
    "digest": (
        lambda one: one["packages"][0]["checksums"][0].update(checksumValue="0" * 64),
        "packages.runtime.checksums",
    ),
    "package": (lambda one: one["packages"][-1].update(versionInfo="9"), "components"),
    "package-missing": (lambda one: one["packages"].pop(), "components"),
}


@pytest.fixture
def spdx(workspace: Workspace, template: Path, cs: Cs) -> Path:
    """Build with SPDX and return the folder."""
    assert cs("build", "--sbom", "spdx").status == 0
    return Path("dist")


def test_the_spdx_of_a_build_is_right(spdx: Path) -> None:
    result = verify(spdx)
    assert result.problems == ()
    assert "demoz.spdx.json: lists the runtime and its 3 packages" in list_passed(result)


@pytest.mark.parametrize("name", SPDX_CHANGES)
def test_an_spdx_about_something_else_is_refused(name: str, spdx: Path) -> None:
    change, key = SPDX_CHANGES[name]
    document = json.loads((spdx / "demoz.spdx.json").read_bytes())
    change(document)
    (spdx / "demoz.spdx.json").write_text(json.dumps(document))
    files, runtime = open_runtime(spdx)
    with pytest.raises(CliError) as caught:
        check_spdx(files, "demoz.spdx.json", runtime)
    assert (caught.value.kind, caught.value.key) == ("sbom-mismatch", key)


@pytest.mark.parametrize(
    ("old", "new"),
    [("Notices of demo 1.0", "Notices of demo 2.0"), ("  libz 1.0: Zlib\n", ""), ("libz 1.0", "libz 9")],
    ids=["title", "package-missing", "other-version"],
)
def test_notices_of_something_else_are_refused(old: str, new: str, dist: Path) -> None:
    path = dist / "demoz.notices.txt"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    files, runtime = open_runtime(dist)
    with pytest.raises(CliError) as caught:
        check_notices(files, path.name, runtime)
    assert caught.value.kind == "notices-mismatch"
