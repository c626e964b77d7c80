"""What ``cs inspect`` finds, and its schema."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from cli_samples import Channel, Cs, Workspace, make_workspace
from cs_cli.companions.dependencies import connect_packages
from cs_cli.inspection.document import describe_platform
from cs_cli.inspection.reasons import Reasons
from cs_cli.inspection.summary import PlatformSummary
from cs_lock import PackageRecord

SCHEMA = resources.files("cs_cli") / "schemas" / "inspect.schema.json"


def inspect(cs: Cs, *flags: str) -> dict[str, Any]:
    """Inspect, check the document against the schema, and return it."""
    document: dict[str, Any] = json.loads(cs("inspect", "--json", *flags).out)
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_bytes()))
    assert [error.message for error in validator.iter_errors(document)] == []
    return document


def test_the_document_says_what_would_ship(workspace: Workspace, cs: Cs) -> None:
    document = inspect(cs)
    assert (document["schema_version"], document["can_ship"]) == (1, True)
    (platform,) = document["platforms"]
    assert (platform["name"], platform["subdir"], platform["package_count"]) == ("linux-64", "linux-64", 3)
    assert platform["download_size_bytes"] == sum(record["size"] for record in workspace.channel.records)
    assert platform["licenses"] == {"BSD-3-Clause": 2, "Zlib": 1}
    assert [package["name"] for package in platform["packages"]] == ["libz", "python", "hello"]
    assert len(document["runtime_lock_sha256"]) == 64
    assert document["delegate_checks"] == [{"platform": "linux-64", "checked": False, "found": None}]


def test_the_schema_is_one_that_allows_further_keys(workspace: Workspace, cs: Cs) -> None:
    schema = json.loads(SCHEMA.read_bytes())
    jsonschema.Draft202012Validator.check_schema(schema)
    document = inspect(cs)
    validator = jsonschema.Draft202012Validator(schema)
    assert validator.is_valid({**document, "a later key": 1})
    assert all(not validator.is_valid({k: v for k, v in document.items() if k != key}) for key in document)


def test_exclusions_are_explained(workspace: Workspace, cs: Cs) -> None:
    (exclusion,) = inspect(cs, "--exclude", "python")["exclusions"]
    assert exclusion["name"] == "python"
    assert exclusion["removed"] == ["libz"]
    assert exclusion["broken"] == [{"package": "hello", "dependency": "python"}]


def test_what_cannot_ship_is_reported_with_status_1(workspace: Workspace, cs: Cs) -> None:
    outcome = cs("inspect", "--json", "--require", "numpy")
    document = inspect(cs, "--require", "numpy")
    assert outcome.status == 1
    assert (document["can_ship"], document["runtime_lock_sha256"]) == (False, None)
    assert document["problems"][0]["severity"] == "error"


def test_only_one_platform_when_asked_for(tmp_path: Path, channel: Channel, cs: Cs) -> None:
    made = make_workspace(tmp_path / "w", channel)
    made.environments["ship"]["linux-64-cuda"] = list(channel.records)
    root = str(made.write())
    assert [one["name"] for one in inspect(cs, "--root", root)["platforms"]] == ["linux-64", "linux-64-cuda"]
    assert [one["name"] for one in inspect(cs, "--root", root, "--platform", "linux-64-cuda")["platforms"]] == [
        "linux-64-cuda"
    ]
    assert cs("inspect", "--root", root, "--platform", "osx-64").status == 2


def test_sizes_that_the_lock_does_not_say_are_counted(tmp_path: Path, channel: Channel, cs: Cs) -> None:
    del channel.records[0]["size"]
    root = str(make_workspace(tmp_path / "w", channel).write())
    assert inspect(cs, "--root", root)["platforms"][0]["unsized_count"] == 1
    assert "over" in cs("inspect", "--root", root).out


def test_shipped_bytecode_has_a_price(workspace: Workspace, cs: Cs) -> None:
    (cost,) = inspect(cs, "--bytecode", "shipped")["bytecode_cost"]
    assert (cost["platform"], cost["basis"]) == ("linux-64", "estimated")
    assert cost["size_bytes"] > 0
    assert inspect(cs)["bytecode_cost"] == []


def make_companion_files(document: dict[str, Any], **changes: Any) -> None:
    info = {
        "lock_platform": "linux-64",
        "layout": document["layout"],
        "parts": {"bytecode": 4242},
        "files": [{"role": "lock", "sha256": document["runtime_lock_sha256"]}],
        **changes,
    }
    Path("dist").mkdir()
    Path("dist/demoz.info.json").write_text(json.dumps(info))


def test_the_last_build_knows_the_price(workspace: Workspace, cs: Cs) -> None:
    make_companion_files(inspect(cs))
    assert inspect(cs, "--bytecode", "shipped")["bytecode_cost"] == [
        {"platform": "linux-64", "size_bytes": 4242, "basis": "measured"}
    ]


@pytest.mark.parametrize(
    "change",
    [{"parts": {"bytecode": 0}}, {"lock_platform": "osx-64"}, {"files": []}, {"parts": None}],
    ids=["no-bytecode", "another-platform", "another-lock", "damaged"],
)
def test_companion_files_of_another_build_do_not(change: dict[str, Any], workspace: Workspace, cs: Cs) -> None:
    make_companion_files(inspect(cs), **change)
    assert inspect(cs, "--bytecode", "shipped")["bytecode_cost"][0]["basis"] == "estimated"


@pytest.mark.parametrize("flags", [(), ("--json",), ("--bytecode", "shipped"), ("--exclude", "python")])
def test_nothing_is_written(flags: tuple[str, ...], workspace: Workspace, cs: Cs, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    cs("inspect", *flags)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.parametrize(("flags", "severity"), [((), "warning"), (("--platform", "emscripten-wasm32"), "error")])
def test_platforms_that_no_runtime_can_be_built_for_are_reported(
    flags: tuple[str, ...], severity: str, workspace: Workspace, channel: Channel, cs: Cs
) -> None:
    python = channel.add("python", {"bin/python.js": b""}, subdir="emscripten-wasm32", version="3.11.7")
    workspace.environments["ship"]["emscripten-wasm32"] = [python]
    workspace.specs = ("python",)
    workspace.write()
    document = inspect(cs, *flags)
    (problem,) = (one for one in document["problems"] if one["kind"] == "platform-unsupported")
    assert (problem["platform"], problem["severity"]) == ("emscripten-wasm32", severity)
    assert problem["message"] == "runtimes cannot be built for emscripten-wasm32"
    assert document["can_ship"] == (severity == "warning")


def test_without_a_home_everything_but_the_cache_is_looked_at(
    workspace: Workspace, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("CONDA_SHIP_CACHE_DIR", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", fail)
    outcome = cs("inspect")
    assert (outcome.status, outcome.err) == (0, "")
    assert "the delegate was not checked" in outcome.out


SECRET = "SEKRIT"
PLACES = {
    "user": f"https://user:{SECRET}@h.example/c",
    "token": f"https://h.example/t/{SECRET}/c",
    "encoded-token": f"https://h.example/%74/{SECRET}/c",
}


@pytest.mark.parametrize("address", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("words", [("inspect",), ("inspect", "--json"), ("build", "--dry-run")])
@pytest.mark.parametrize("tail", ["", f"?sig={SECRET}", f"#{SECRET}"])
def test_no_credentials_of_the_lock_are_shown(
    address: str, words: tuple[str, ...], tail: str, workspace: Workspace, template: Path, cs: Cs
) -> None:
    for record in workspace.environments["ship"]["linux-64"]:
        record["conda"] = f"{address}/linux-64/{record['conda'].rpartition('/')[2]}{tail}"
        record["depends"] = [*record["depends"], f'libz[channel="{address}"]']
    workspace.write()
    for name in ("conda.lock", "conda.toml"):
        path = workspace.directory / name
        path.write_text(path.read_text().replace(workspace.channel.url, address))
    outcome = cs(*words)
    assert outcome.status == 1
    assert SECRET not in outcome.out + outcome.err
    assert "***" in outcome.out + outcome.err


@pytest.mark.parametrize("address", PLACES.values(), ids=PLACES)
def test_a_package_is_shown_without_credentials_whoever_let_it_through(address: str) -> None:
    record = PackageRecord(
        name="a",
        version="1",
        build="0",
        build_number=0,
        subdir="linux-64",
        url=f"{address}/linux-64/a-1-0.conda?sig={SECRET}",
        channel=None,
        file_name="a-1-0.conda",
        sha256="",
        depends=(f'b[channel="{address}"]',),
    )
    summary = PlatformSummary(name="linux-64", subdir="linux-64", packages=(record,))
    reasons = Reasons(platform="linux-64", graph=connect_packages([record], [], [], "linux-64"))
    assert SECRET not in json.dumps(describe_platform(summary, reasons))
