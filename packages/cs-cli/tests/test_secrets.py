"""Nothing that is said shows a secret. Two packages mask addresses, and neither imports the other: they do it alike."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli_samples import Cs, Workspace
from cs_bundle import redact_url
from cs_cli.error_text import render_error
from cs_cli.errors import CliError, describe_error
from cs_cli.main import _wrap_unexpected
from cs_cli.quoting import quote_line
from cs_cli.terminal.console import Console
from cs_lock._credentials import redact_url as redact_url_of_lock
from terminals import to_plain

ADDRESSES = [
    "https://conda.example/main/linux-64/a-1-0.conda",
    "https://me:secret@conda.example/main/a.conda",
    "https://me@conda.example:8443/main/a.conda",
    "https://me:se@cret@conda.example/",
    "HTTPS://conda.example/T/secret/main",
    "https://conda.example/t/secret/main/linux-64/a-1-0.conda",
    "https://conda.example/t/<TOKEN>/main",
    "https://conda.example//t//secret//main",
    "https://conda.example/%74/secret/main",
    "https://conda.example/%2ft%2fsecret",
    "https://conda.example/%252ft%252fsecret",
    "https://conda.example/t%5csecret",
    r"https:\\conda.example\t\secret",
    "https://conda.example/t/./secret/main",
    "https://conda.example/t/x/../secret/main",
    "https://conda.example/a.conda?sig=secret",
    "https://conda.example/a.conda?secret",
    "https://conda.example/a.conda#token=secret",
    "https://conda.example:secret/a.conda",
    "https://[::1]:8080/a.conda",
    "https://[::1",
    "oci://me:secret@ghcr.io/t/secret/a",
    "ftp://me:secret@conda.example/a",
    "file:///t/secret/a.conda",
    "/t/secret/a.conda",
    "//me:secret@conda.example/a",
    "https://conda.example/" + "%25" * 20 + "74/secret",
    " https://me:secret@conda.example/\n",
    "",
]


@pytest.mark.parametrize("url", ADDRESSES)
def test_addresses_are_masked_alike(url: str) -> None:
    assert redact_url(url) == redact_url_of_lock(url)


_PIECES = st.sampled_from(
    [*"tT/\\.%?#@:[] \n", "https://", "oci://", "file:", "host", "secret", "%2f", "%74", "%25", "..", "<TOKEN>", "é"]
)


@settings(deadline=None)
@given(st.lists(_PIECES, max_size=14).map("".join))
def test_whatever_is_written_is_masked_alike(url: str) -> None:
    assert redact_url(url) == redact_url_of_lock(url)


SECRET = "https://me:sekrit@conda.example/t/sekrit/a?sekrit#sekrit"


@dataclass
class Oddity:
    """One of several things that are wrong, with an address wherever there can be one."""

    def to_dict(self) -> dict[str, Any]:
        return {"message": SECRET, "hint": SECRET, "inside": [{"deep": SECRET}]}


def test_no_error_shows_a_secret_whoever_made_it() -> None:
    error = CliError(f"at {SECRET}", kind="odd", expected=SECRET, actual=SECRET, hint=SECRET, problems=[Oddity()])
    assert "sekrit" not in json.dumps([describe_error(error), to_plain(render_error(error))])
    assert "sekrit" not in str(to_plain(render_error(_wrap_unexpected(ValueError(SECRET)))))


HOLDERS = [one for one in ADDRESSES if "secret" in one and redact_url(one) != one and "\n" not in one]


@pytest.mark.parametrize(
    "form", ["url = '{}'", 'url = "{}" # a comment', "- conda: {}", "urls = ['https://a/b', '{}']"]
)
@pytest.mark.parametrize("url", HOLDERS)
def test_no_line_of_a_file_that_is_shown_holds_a_secret(url: str, form: str, tmp_path: Path) -> None:
    path = tmp_path / "conda.toml"
    path.write_text(form.format(url), encoding="utf-8")
    for column in range(1, len(form.format(url)) + 2):
        excerpt = quote_line(path, 1, column)
        assert excerpt is None or "secret" not in excerpt.text


def test_no_word_on_the_console_shows_a_secret(capsys: pytest.CaptureFixture[str]) -> None:
    console = Console()
    console.say(SECRET)
    console.warn(SECRET)
    assert "sekrit" not in capsys.readouterr().err + str(console.warnings)


def test_no_traceback_shows_a_secret() -> None:
    program = f"""
from types import SimpleNamespace
import cs_cli.main
def fail(arguments):
    try:
        raise KeyError({SECRET!r})
    except KeyError as error:
        raise ValueError({SECRET!r}) from error
cs_cli.main.load_command = lambda _: SimpleNamespace(run=fail)
cs_cli.main.main(["inspect"])
"""
    environ = {"CONDA_SHIP_TRACEBACK": "1", "PATH": "/usr/bin:/bin"}
    completed = subprocess.run(
        [sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=False
    )
    assert "Traceback" in completed.stderr
    assert "sekrit" not in completed.stdout + completed.stderr


AUTH: dict[str, list[object]] = {
    "BearerToken": ["sek\nrit", "", "sek rit", 5, None],
    "CondaToken": ["sek\nrit", ["sekrit"]],
    "BasicHTTP": ["sekrit", {"username": "me"}, {"password": "sekrit", "username": ["sekrit"]}],
}


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in AUTH.items() for value in values])
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_build_with_unusable_credentials_does_not_show_them(
    workspace: Workspace,
    template: Path,
    cs: Cs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    value: object,
    form: str,
) -> None:
    for record in workspace.channel.records:
        record["conda"] = f"http://127.0.0.1:9/c/{'/'.join(record['conda'].split('/')[-2:])}"
    workspace.write()
    (tmp_path / "auth.json").write_text(json.dumps({"127.0.0.1": {kind: value}}))
    monkeypatch.setenv("RATTLER_AUTH_FILE", str(tmp_path / "auth.json"))
    monkeypatch.setenv("CONDA_SHIP_TRACEBACK", "1")
    outcome = cs("build", "--error-format", form)
    assert outcome.status == 1
    assert "cannot use the credentials of 127.0.0.1" in outcome.err
    assert "sek" not in outcome.out + outcome.err.replace("test_a_build", "")
    assert "Traceback" not in outcome.err
