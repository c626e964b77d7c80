"""``cs doctor``: what it finds, and that it finds it where nothing works."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli_samples import Cs, Workspace, make_template
from cs_cli import __version__
from cs_cli.doctor.findings import Diagnosis, Finding, attempt
from cs_cli.doctor.machine import look_at_proxies, look_at_variables
from cs_cli.doctor.report import render_diagnosis
from cs_cli.errors import CliError
from terminals import to_plain

SCHEMA = json.loads((resources.files("cs_cli") / "schemas" / "doctor.schema.json").read_bytes())
Ask = Callable[..., dict[str, list[dict[str, Any]]]]


@pytest.fixture(autouse=True)
def _plain_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("SSL_CERT") or name in ("NETRC", "RATTLER_AUTH_FILE"):
            monkeypatch.delenv(name)
    monkeypatch.setattr("cs_cli.doctor.installation.host_platform", lambda: "linux-64")


@pytest.fixture
def ask(cs: Cs) -> Ask:
    """Run ``cs doctor`` and return what it found, by topic."""

    def run(*words: str | Path, status: int = 0) -> dict[str, list[dict[str, Any]]]:
        outcome = cs("doctor", "--json", *words)
        assert (outcome.status, outcome.err) == (status, ""), outcome.out
        document = json.loads(outcome.out)
        jsonschema.Draft202012Validator(SCHEMA).validate(document)
        assert document["ok"] == (status == 0)
        found: dict[str, list[dict[str, Any]]] = {}
        for check in document["checks"]:
            found.setdefault(check["topic"], []).append(check)
        return found

    return run


def test_a_machine_with_everything_is_fine(workspace: Workspace, template: Path, cs: Cs, ask: Ask) -> None:
    found = ask()
    assert {one["state"] for ones in found.values() for one in ones} == {"ok"}
    before = ["versions", "template", "templates", "cache", "proxies", "certificates", "variables"]
    assert list(found) == [*before, "workspace", "lock", "git"]
    assert found["template"][0]["details"]["path"] == str(template)
    assert found["template"][0]["details"]["stamp_formats"]
    assert found["cache"][0]["details"]["size_bytes"] == 0
    text = cs("doctor").out
    assert text.endswith("Nothing is broken.\n")
    assert "conda.lock, environment 'ship' for linux-64: it matches the manifest" in text


def test_paths_begin_with_home_and_variables_are_as_they_are(
    workspace: Workspace, template: Path, cs: Cs, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(template.parent))
    text = cs("doctor").out
    assert f": ~/{template.name}" in text
    assert f"CONDA_SHIP_TEMPLATE={template}" in text
    assert f": {template}, " in ask()["template"][0]["message"]


def test_where_nothing_works_it_says_all_of_it(
    tmp_path: Path, cs: Cs, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "broken"
    place.mkdir()
    (place / "pixi.toml").write_text("[workspace\n")
    (tmp_path / "file").write_text("")
    monkeypatch.chdir(place)
    for name, value in {
        "CONDA_SHIP_CACHE_DIR": str(tmp_path / "file"),
        "CONDA_SHIP_TEMPLATE": str(tmp_path / "gone"),
        "SSL_CERT_FILE": str(tmp_path / "file"),
        "https_proxy": "socks5://user:hunter2@host",
        "RATTLER_AUTH_FILE": str(tmp_path / "gone"),
    }.items():
        monkeypatch.setenv(name, value)
    found = ask(status=1)
    broken = {topic for topic, ones in found.items() if any(one["state"] == "problem" for one in ones)}
    assert broken == {"template", "cache", "proxies", "certificates", "variables", "workspace"}
    assert found["workspace"][0]["details"]["kind"] == "manifest-syntax"
    outcome = cs("doctor")
    assert outcome.status == 1
    assert outcome.out.endswith("6 problems.\n")
    assert "hunter2" not in outcome.out
    assert "  hint: correct or unset CONDA_SHIP_TEMPLATE\n" in outcome.out
    assert "pixi.toml:1:11: " in outcome.out


def test_without_a_workspace_the_rest_is_still_looked_at(
    tmp_path: Path, template: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    found = ask()
    assert [one["state"] for one in found["workspace"]] == ["warning"]
    assert "pixi init" in found["workspace"][0]["hint"]
    assert "lock" not in found
    assert ask("--root", tmp_path / "empty", status=1)["workspace"][0]["state"] == "problem"


def test_a_template_of_another_release_is_a_warning(
    workspace: Workspace, template: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cs_cli.doctor.installation.__version__", "9.9")
    (found,) = ask(status=1)["template"]
    assert found["state"] == "warning"


def test_libraries_of_another_release_are_a_problem(
    workspace: Workspace, template: Path, ask: Ask, cs: Cs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cs_lock.__version__", "0.0.1")
    (found,) = ask(status=1)["versions"]
    assert "cs-lock is 0.0.1" in found["message"]
    assert "cs-lock 0.0.1\n" in cs("version").out
    for tool in ("pip install --force-reinstall", "uv tool install --force", "pipx install --force"):
        assert f'`{tool} "cs-cli=={__version__}"`' in found["hint"]


def test_a_directory_of_templates_is_looked_into(
    workspace: Workspace, tmp_path: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_template(tmp_path / "templates" / "linux-64" / "cs-template")
    monkeypatch.setenv("CONDA_SHIP_TEMPLATES", str(tmp_path / "templates"))
    assert ask()["template"][0]["details"]["origin"] == "environment"


def test_a_stale_lock_is_a_problem_and_a_missing_one_too(workspace: Workspace, template: Path, ask: Ask) -> None:
    manifest = Path("conda.toml")
    text = manifest.read_text()
    manifest.write_text(text.replace('hello = "*"', 'hello = "*"\nattrs = "*"'))
    (found,) = ask(status=1)["lock"]
    assert "attrs" in found["message"]
    assert found["details"]["problems"]
    Path("conda.lock").unlink()
    (found,) = ask(status=1)["lock"]
    assert found["details"] == {"kind": "lock-not-found"}


def test_a_workspace_without_the_table_is_sent_to_init(workspace: Workspace, template: Path, ask: Ask) -> None:
    manifest = Path("conda.toml")
    text = manifest.read_text()
    manifest.write_text(text[: text.index("[tool.conda-ship]")])
    found = ask()
    assert found["workspace"][0]["state"] == "warning"
    assert "cs init" in found["workspace"][0]["hint"]
    assert found["lock"][0]["details"]["environment"] == "ship"


@pytest.mark.tools("git")
def test_changes_that_are_not_committed_are_a_warning(
    workspace: Workspace, template: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*words: str) -> None:
        identity = ["-c", "user.name=x", "-c", "user.email=x@x"]
        subprocess.run(["git", *identity, *words], check=True, capture_output=True)

    git("init")
    assert ask()["git"][0]["state"] == "warning"  # no commit yet
    git("add", ".")
    git("commit", "-m", "x")
    assert ask()["git"][0]["state"] == "ok"
    Path("conda.toml").write_text(Path("conda.toml").read_text() + "# changed\n")
    (found,) = ask()["git"]
    assert (found["state"], found["details"]["is_dirty"]) == ("warning", True)


def test_the_network_is_used_only_if_asked_for(
    workspace: Workspace, template: Path, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("cs_cli.doctor.workspace.reach", lambda url, _: asked.append(url))
    lock = Path("conda.lock")
    lock.write_text(lock.read_text().replace(f"{workspace.channel.url}/\n", "https://conda.example/forge/\n"))
    assert "channels" not in ask()
    assert asked == []
    assert [one["state"] for one in ask("--online")["channels"]] == ["ok"]
    assert asked == ["https://conda.example/forge/noarch/repodata.json"]


def test_a_channel_that_cannot_be_reached_is_a_problem(workspace: Workspace, template: Path, ask: Ask) -> None:
    lock = Path("conda.lock")
    address = "http://127.0.0.1:1/channel/"
    lock.write_text(lock.read_text().replace(f"{workspace.channel.url}/\n", f"{address}\n"))
    (found,) = ask("--online", status=1)["channels"]
    assert (found["state"], found["details"]["kind"]) == ("problem", "network")


@pytest.mark.parametrize("name", ["CONDA_SHIP_CACH_DIR", "CONDA_SHIP_OFFLINE", "CONDA_SHIP_"])
def test_a_variable_that_cs_does_not_know_is_a_warning(name: str) -> None:
    _, unknown = look_at_variables({name: "x"})
    assert unknown.state == "warning"
    assert name in unknown.message


def test_a_slip_in_a_variable_is_corrected() -> None:
    _, unknown = look_at_variables({"CONDA_SHIP_CACH_DIR": "x"})
    assert unknown.hint == "did you mean 'CONDA_SHIP_CACHE_DIR'?"


@given(st.from_regex("[A-Za-z0-9]{12,20}", fullmatch=True))
def test_no_secret_is_shown(secret: str) -> None:
    environ = {
        "CONDA_SHIP_SIGN_PASSPHRASE": secret,
        "https_proxy": f"http://user:{secret}@proxy:3128",
        "ALL_PROXY": f"user:{secret}@proxy",
    }
    findings = (*look_at_variables(environ), *look_at_proxies(environ))
    diagnosis = Diagnosis(findings=tuple(findings))
    assert secret not in json.dumps(diagnosis.to_dict()) + "".join(to_plain(render_diagnosis(diagnosis)))


def test_a_bug_in_one_look_does_not_hide_the_others() -> None:
    def fail() -> list[Finding]:
        raise RuntimeError("broken")

    def refuse() -> list[Finding]:
        raise CliError("refused", kind="usage", hint="do this")

    def deny() -> list[Finding]:
        raise PermissionError(13, "Permission denied")

    found = [finding for look in (fail, refuse, deny) for finding in attempt("x", look)]
    assert [one.state for one in found] == ["problem"] * 3
    assert "broken" in found[0].message
    assert found[1].hint == "do this"
    assert "Permission denied" in found[2].message
