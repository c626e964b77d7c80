"""The GitHub Action, without GitHub: its metadata, and its script with a ``cs`` that records what it was asked."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import run as script
import yaml

from cs_cli.commandline.parsing import parse_arguments
from cs_cli.options import BuildOptions, InspectOptions
from cs_manifest import CONFIG_KEYS
from support.commands import SCRIPTS, run_command
from support.tested_platform import FOR_THIS_MACHINE

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / ".github" / "action" / "run.py"
LINUX = {"RUNNER_OS": "Linux", "RUNNER_ARCH": "X64"}

FAKE_CS = """
    import json, os, sys
    from pathlib import Path

    arguments = sys.argv[1:]
    with open(os.environ["RECORD"], "a") as file:
        file.write(json.dumps(arguments) + "\\n")
    if "--layout=broken" in arguments:
        print("a progress line", file=sys.stderr)
        error = {"kind": "value-invalid", "message": "must be 100% right", "path": "a,b.toml", "line": 3, "column": 1,
                 "key": "layout", "hint": "did you mean online?"}
        print(json.dumps(error), file=sys.stderr)
        sys.exit(1)
    if arguments[0] == "inspect":
        page = next(a for a in arguments if a.startswith("--html=")).partition("=")[2]
        sys.exit(Path(page).write_text("a page") == 0)
    out = Path(next(a for a in arguments if a.startswith("--out-dir=")).partition("=")[2])
    names = {"runtime": "demo", "lock": "demo.runtime.lock", "packages": "demo.packages.txt", "sbom": "demo.cdx.json",
             "notices": "demo.notices.txt"}
    if "--layout=external" in arguments:
        names["bundle"] = "demo.bundle.tar.zst"
    if "ACTIONS_ID_TOKEN_REQUEST_URL" in os.environ:
        sys.exit("this process may act as the job")
    if "--dry-run" in arguments:
        files = [*names.values(), "demo.info.json", "demo.provenance.json", "demo.sha256"]
        print(json.dumps({"dry_run": True, "out_dir": str(out), "builds": [{"files": files}]}))
        sys.exit()
    out.mkdir(exist_ok=True)
    info = {"artifact_name": "demo", "identity": "ab", "layout": "online", "platform": "linux-64",
            "lock_platform": "linux-64-cuda", "runtime_version": "1",
            "files": [{"role": role, "name": name} for role, name in names.items()]}
    for name in [*names.values(), "demo.provenance.json", "demo.sha256"]:
        (out / name).touch()
    (out / "demo.info.json").write_text(json.dumps(info))
    print(json.dumps(info))
"""


@pytest.fixture(scope="session")
def action() -> dict[str, Any]:
    """The metadata of the action."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    return loaded


def run_build(directory: Path, *jobs: Mapping[str, str], **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the build step with a recording ``cs``.

    :param jobs: variables of the job.
    """
    scripts = directory / "conda-ship" / "bin"
    scripts.mkdir(parents=True)
    (scripts / "cs").write_text(f"#!{sys.executable}\n{dedent(FAKE_CS)}")
    (scripts / "cs").chmod(0o755)
    environment = {
        "PATH": os.environ["PATH"],
        "RUNNER_TEMP": str(directory),
        "GITHUB_OUTPUT": str(directory / "output"),
        "ACTION_INPUTS": json.dumps({name.replace("_", "-"): value for name, value in inputs.items()}),
        "RECORD": str(directory / "record"),
        **{name: value for job in jobs for name, value in job.items()},
    }
    command = [sys.executable, str(SCRIPT), "build"]
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)


def read_record(directory: Path) -> list[list[str]]:
    """Read what ``cs`` was asked, call by call."""
    return [json.loads(line) for line in (directory / "record").read_text().splitlines()]


def read_outputs(directory: Path) -> dict[str, str]:
    """Read ``GITHUB_OUTPUT`` as the runner does."""
    text = (directory / "output").read_text()
    return {name: value for name, _, value in re.findall(r"(?s)(?:^|\n)([\w-]+)<<(cs-\S+)\n(.*?)\n\2(?=\n)", text)}


def test_every_setting_is_an_input_under_each_of_its_names(action: dict[str, Any]) -> None:
    assert {name for key in CONFIG_KEYS for name in key.names} <= set(action["inputs"])
    assert {key.alias: key.name for key in CONFIG_KEYS if key.alias} == script.ALIASES


def test_every_input_is_a_flag_of_cs_or_the_scripts_own(action: dict[str, Any]) -> None:
    inputs = script.read_inputs(json.dumps(dict.fromkeys(action["inputs"], "true")))
    options = parse_arguments(["build", *script.build_arguments(inputs, {})])
    assert isinstance(options, BuildOptions)
    assert set(options.overrides) == {key.name for key in CONFIG_KEYS}
    assert set(script.OWN) < set(inputs)


def test_every_input_about_what_ships_is_a_flag_of_the_page_too(action: dict[str, Any]) -> None:
    inputs = script.read_inputs(json.dumps(dict.fromkeys(action["inputs"], "true")))
    for platforms, chosen in ((["win-64"], "win-64"), (["linux-64", "win-64"], None)):
        options = parse_arguments(["inspect", *script.page_arguments(inputs, Path("page.html"), platforms)])
        assert isinstance(options, InspectOptions)
        assert set(options.overrides) == {key.name for key in CONFIG_KEYS}
        assert (options.platform, options.html) == (chosen, Path("page.html"))
    assert set(script.BUILDING) < set(inputs)


def test_no_input_is_required_or_names_a_channel_or_a_package_to_add(action: dict[str, Any]) -> None:
    assert not any(one.get("required") for one in action["inputs"].values())
    assert {name for name in action["inputs"] if re.search("channel|package|dependenc", name)} == {"exclude-packages"}


def test_actions_are_pinned_by_commit(action: dict[str, Any]) -> None:
    used = [step["uses"] for step in action["runs"]["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", one) for one in used)


def test_no_shell_sees_an_input(action: dict[str, Any]) -> None:
    scripts = [step["run"] for step in action["runs"]["steps"] if "run" in step]
    assert scripts
    assert not [text for text in scripts if "${{" in text]


def test_every_output_comes_from_the_build_step_or_an_attestation(action: dict[str, Any], tmp_path: Path) -> None:
    assert run_build(tmp_path, out_dir="out").returncode == 0
    values = {name: f"${{{{ steps.build.outputs.{name} }}}}" for name in read_outputs(tmp_path)}
    values["attestation-path"] = "${{ steps.attest.outputs.bundle-path }}"
    values["sbom-attestation-path"] = "${{ steps.attest-sbom.outputs.bundle-path }}"
    assert {name: output["value"] for name, output in action["outputs"].items()} == values


def test_only_the_step_that_builds_nothing_has_a_token(action: dict[str, Any], tmp_path: Path) -> None:
    with_token = [step["name"] for step in action["runs"]["steps"] if "GH_TOKEN" in step.get("env", {})]
    assert with_token == ["Summarize"]
    assert run_build(tmp_path, {"ACTIONS_ID_TOKEN_REQUEST_URL": "x"}, out_dir="out").returncode == 0


def test_attestations_are_made_only_if_asked_for(action: dict[str, Any]) -> None:
    attesting = [step for step in action["runs"]["steps"] if step.get("uses", "").startswith("actions/attest@")]
    assert [step["if"] for step in attesting] == ["inputs.attest == 'true'"] * 2
    assert action["inputs"]["attest"]["default"] == "false"
    script.check_attestation({"attest": "true"}, {"ACTIONS_ID_TOKEN_REQUEST_URL": "x"})
    script.check_attestation({"attest": "false", "platform": "all"}, {})
    with pytest.raises(script.ActionError, match="id-token: write, attestations: write"):
        script.check_attestation({"attest": "true"}, {})
    with pytest.raises(script.ActionError, match="use a matrix of platforms"):
        script.check_attestation({"attest": "true", "platform": "all"}, {"ACTIONS_ID_TOKEN_REQUEST_URL": "x"})
    with pytest.raises(script.ActionError, match="'yes' is not true or false"):
        script.read_inputs('{"attest": "yes"}')


# What https://github.com/conda-incubator/conda-ship had as inputs and outputs of its action, from 0.1 to 0.11.
FORMER_INPUTS = {
    *("conda-ship-version", "runtime-name", "artifact-name", "delegate-executable", "runtime-version"),
    *("python-version", "root", "artifact-layout", "docs-url", "install-scheme", "install-name", "installer"),
    *("runtime", "delegate", "layout", "install-method"),
}
FORMER_OUTPUTS = {
    *("cs-path", "dist-path", "binary-path", "asset-name", "info-path", "lock-path", "package-list-path"),
    *("sbom-path", "checksums-path", "bundle-path"),
}


def test_a_workflow_for_conda_ships_own_action_runs_unchanged(action: dict[str, Any], tmp_path: Path) -> None:
    assert set(action["inputs"]) >= FORMER_INPUTS
    assert set(action["outputs"]) >= FORMER_OUTPUTS
    inputs = {"conda_ship_version": "0.11.1", "runtime_name": "demo", "delegate_executable": "python"}
    done = run_build(tmp_path, LINUX, **inputs, artifact_layout="online", install_method="brew", out_dir="out")
    assert done.returncode == 0, done.stderr
    names = ("--runtime=demo", "--delegate=python", "--layout=online", "--installer=brew")
    arguments = [*names, "--out-dir=out", "--target-label=x86_64-unknown-linux-gnu"]
    assert read_record(tmp_path)[1] == ["build", *arguments, "--json", "--error-format=json"]
    outputs = read_outputs(tmp_path)
    assert outputs["binary-path"] == outputs["runtime-path"]
    assert outputs["package-list-path"] == outputs["packages-path"]
    assert outputs["asset-name"] == "demo"


def test_its_version_is_reported_to_have_no_effect(capsys: pytest.CaptureFixture[str]) -> None:
    script.announce({"conda-ship-version": "0.11\n::error::x"})
    assert re.fullmatch(r"::notice::conda-ship-version 0\.11\\n::error::x names .*\n", capsys.readouterr().out)


def test_a_value_under_both_names_is_refused_unless_it_is_the_same() -> None:
    assert script.read_inputs('{"runtime": "a", "runtime-name": " a ", "layout": ""}') == {"runtime": "a"}
    with pytest.raises(script.ActionError, match="runtime-name is an alias of runtime, which is also set"):
        script.read_inputs('{"runtime": "a", "runtime-name": "b"}')


@pytest.mark.parametrize(
    ("inputs", "label"),
    [
        ({}, "--target-label=x86_64-unknown-linux-gnu"),
        ({"platform": "win-64"}, "--target-label=win-64"),
        ({"target-label": "mine", "platform": "win-64"}, "--target-label=mine"),
        ({"target-label": "none"}, None),
        ({"platform": "all"}, None),
        ({"target": "aarch64-apple-darwin"}, None),
    ],
)
def test_files_are_named_after_the_platform(inputs: dict[str, str], label: str | None) -> None:
    arguments = script.build_arguments(inputs, LINUX)
    assert [one for one in arguments if one.startswith("--target-label")] == [label] * (label is not None)


def test_a_dry_run_goes_before_the_build_with_the_same_arguments(tmp_path: Path) -> None:
    inputs = {"python_version": "3.13", "version": "", "exclude": "a, b\nc\n", "freeze_base": "false"}
    done = run_build(tmp_path, runtime="demo", root="", out_dir="out", **inputs)
    assert done.returncode == 0, done.stderr
    dry, real, page = read_record(tmp_path)
    arguments = ["--runtime=demo", "--out-dir=out", "--exclude=a, b\nc", "--freeze-base=false"]
    assert real == ["build", *arguments, "--json", "--error-format=json"]
    assert dry == ["build", *arguments, "--json", "--dry-run", "--error-format=json"]
    shown = ["--platform=linux-64-cuda", f"--html={tmp_path / 'demo.html'}"]
    assert page == ["inspect", *arguments, *shown, "--error-format=json"]


def test_outputs_are_absolute_paths_of_what_was_staged(tmp_path: Path) -> None:
    run_build(tmp_path, layout="external", out_dir="out")
    outputs = read_outputs(tmp_path)
    assert outputs["runtime-path"] == str(tmp_path / "out" / "demo")
    assert outputs["bundle-path"] == str(tmp_path / "out" / "demo.bundle.tar.zst")
    assert outputs["checksums-path"] == str(tmp_path / "out" / "demo.sha256")
    assert outputs["provenance-path"] == str(tmp_path / "out" / "demo.provenance.json")
    assert outputs["notices-path"] == str(tmp_path / "out" / "demo.notices.txt")
    assert outputs["spdx-path"] == ""
    assert set(outputs["files"].splitlines()) == {str(file) for file in (tmp_path / "out").iterdir()}
    assert outputs["identity"] == "ab"
    assert Path(outputs["page-path"]).read_text() == "a page"


@pytest.mark.only("on Linux", "the action is tried with a build for it")
@pytest.mark.only(FOR_THIS_MACHINE, "the action builds for the machine that it runs on")
def test_a_real_build_gives_every_output_and_a_summary(
    make_workspace: Callable[..., Path], cache_directory: Path, tmp_path: Path
) -> None:
    scripts = tmp_path / "conda-ship" / "bin"
    scripts.mkdir(parents=True)
    for name in ("cs", "cs-template"):
        (scripts / name).symlink_to(SCRIPTS / name)
    workspace, summary = make_workspace(), tmp_path / "summary.md"
    variables = {**os.environ, **LINUX, "CONDA_SHIP_CACHE_DIR": str(cache_directory), "RUNNER_TEMP": str(tmp_path)}
    variables |= {"GITHUB_OUTPUT": str(tmp_path / "output"), "GITHUB_STEP_SUMMARY": str(summary)}
    for step in ("build", "summary"):
        variables["ACTION_INPUTS"] = json.dumps({"compare-with": str(workspace / "dist")})
        done = run_command([sys.executable, SCRIPT, step], cwd=workspace, env=variables)
        assert done.returncode == 0, done.stderr
        variables["INFO_PATHS"] = read_outputs(tmp_path)["info-path"]
    outputs = read_outputs(tmp_path)
    empty = {name for name, value in outputs.items() if not value}
    assert empty == {"bundle-path", "spdx-path"}
    assert set(outputs["files"].splitlines()) == {str(path) for path in (workspace / "dist").iterdir()}
    assert "<html" in Path(outputs["page-path"]).read_text(encoding="utf-8")
    assert outputs["asset-name"] == "demoz-x86_64-unknown-linux-gnu"
    assert f"identity {outputs['identity']}" in summary.read_text()
    assert "### 0 packages differ from " in summary.read_text()


def test_outputs_of_several_builds_have_a_line_for_each_and_one_for_what_they_share() -> None:
    builds = [
        {"runtime-path": "/out/demo-linux-64", "layout": "online", "bundle-path": ""},
        {"runtime-path": "/out/demo-win-64.exe", "layout": "online", "bundle-path": ""},
    ]
    expected = {"runtime-path": "/out/demo-linux-64\n/out/demo-win-64.exe", "layout": "online", "bundle-path": ""}
    assert script.join_outputs(builds) == expected


def test_a_failed_dry_run_ends_the_step_and_marks_the_line(tmp_path: Path) -> None:
    done = run_build(tmp_path, layout="broken")
    assert done.returncode == 1
    assert len(read_record(tmp_path)) == 1
    assert not (tmp_path / "output").exists()
    assert done.stderr == "a progress line\n"
    assert done.stdout == (
        "::error file=a%2Cb.toml,line=3,col=1::layout: must be 100%25 right (did you mean online?)\n"
    )


def test_no_text_of_an_error_forges_a_line_of_the_log() -> None:
    hostile = "Zoë\x1b[31m\n::error::forged\r\x9b\u202e"
    error = {"message": hostile, "hint": hostile, "key": hostile, "path": hostile, "lines": [hostile]}
    annotation = script.render_annotation(json.dumps({**error, "problems": [{"message": hostile}]}))
    shown = r"Zoë\x1b[31m\n::error::forged\r\x9b\u202e"
    in_place = shown.replace(":", "%3A")
    assert annotation == f"::error file={in_place}::{shown}: {shown} ({shown})%0A{shown}%0A- {shown}"
    assert script.render_annotation(hostile) == f"::error::{shown}"


@pytest.mark.parametrize("value", ["$(touch pwned)", "`touch pwned`", "x; touch pwned", "-h", "a\nb", '"', "%0A::x"])
def test_an_input_stays_one_argument_whatever_it_holds(tmp_path: Path, value: str) -> None:
    run_build(tmp_path, runtime=value, out_dir="out")
    assert read_record(tmp_path)[0][1] == f"--runtime={value}"
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"freeze-base": "yes"}, "--freeze-base: must be true or false"),
        ({"exclude": "a >=1"}, "--exclude: must be a package name alone"),
        ({"layout": "embeded"}, r"(?s)--layout: must be one of .*did you mean 'embedded'\?"),
        ({"channels": "x"}, "unknown flag '--channels'"),
    ],
)
def test_cs_refuses_a_wrong_input(tmp_path: Path, inputs: dict[str, str], message: str) -> None:
    required = {"runtime": "demo", "runtime-version": "1", "delegate": "python", "source-environment": "default"}
    (tmp_path / "conda.toml").write_text("[workspace]\n")
    (tmp_path / "conda.lock").touch()
    words = ["build", *script.build_arguments({"root": str(tmp_path), **required, **inputs}, {})]
    done = subprocess.run([sys.executable, "-m", "cs_cli", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert re.search(message, done.stderr)


def test_cs_is_installed_from_the_pinned_sources_or_a_release() -> None:
    sources = [Path(source.split("[")[0]) for source in script.list_requirements({}, ROOT)]
    assert all((source / "pyproject.toml").is_file() for source in sources)
    assert script.list_requirements({"version": "0.1.0"}, ROOT) == ["cs-cli==0.1.0"]
    assert script.list_requirements({"version": "0.1.0", "platform": "all"}, ROOT) == ["cs-cli[templates]==0.1.0"]
    wanted = {"version": "0.1.0", "target": "x", "sbom": "spdx"}
    assert script.list_requirements(wanted, ROOT) == ["cs-cli[templates,spdx]==0.1.0"]
    assert f"{ROOT / 'packages/cs-cli'}[spdx]" in script.list_requirements({"sbom": "spdx"}, ROOT)
    with pytest.raises(script.ActionError, match="is not a version"):
        script.list_requirements({"version": "0.1.0 evil"}, ROOT)


def test_a_value_cannot_end_an_output_early(tmp_path: Path) -> None:
    script.write_outputs({"a": "x\nEOF\nb=1", "c": "y"}, tmp_path / "output")
    lines = (tmp_path / "output").read_text().splitlines()
    delimiter = lines[0].removeprefix("a<<")
    assert lines == [f"a<<{delimiter}", "x", "EOF", "b=1", delimiter, f"c<<{delimiter}", "y", delimiter]


def test_every_action_that_is_used_or_shown_is_pinned_and_a_version_is_always_the_same_commit() -> None:
    places = [ROOT / "action.yml", *ROOT.glob(".github/workflows/*"), *ROOT.glob("examples/**/*.yml")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in (*places, *ROOT.glob("docs/**/*.md")))
    used = re.findall(r"uses: ([\w-]+/[\w-]+)@(\S+)(?: # (v\S+))?", text)
    assert {commit for name, commit, _ in used if name == "OWNER/conda-ship"} == {"0" * 40}
    pins = {(name, version, commit) for name, commit, version in used if name != "OWNER/conda-ship"}
    assert all(re.fullmatch("[0-9a-f]{40}", commit) and version for _, version, commit in pins)
    assert len({(name, version) for name, version, _ in pins}) == len(pins)
