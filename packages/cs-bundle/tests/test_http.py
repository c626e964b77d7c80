"""Credentials and redaction, without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cs_bundle import FetchError
from cs_bundle._credentials import Credentials, load_credentials
from cs_bundle._urls import redact_text, redact_url


@pytest.mark.parametrize("key", ["repo.conda.example", "*.conda.example", "*.example"])
def test_wildcards_match_domains(key: str) -> None:
    credentials = Credentials(by_host={key: {"BearerToken": "t"}})
    assert credentials.authorize("https://repo.conda.example/a")[1] == {"Authorization": "Bearer t"}
    assert credentials.authorize("https://example.test/a")[1] == {}


@pytest.mark.parametrize("key", ["*.0.0.1", "*.1", "*.::1"])
def test_ip_addresses_are_not_domains(key: str) -> None:
    credentials = Credentials(by_host={key: {"BearerToken": "t"}})
    assert credentials.authorize("https://127.0.0.1/a")[1] == {}
    assert credentials.authorize("https://[::1]/a")[1] == {}


def test_the_host_itself_wins_over_a_wildcard() -> None:
    credentials = Credentials(by_host={"*.example": {"BearerToken": "wide"}, "a.example": {"BearerToken": "narrow"}})
    assert credentials.authorize("https://a.example/")[1] == {"Authorization": "Bearer narrow"}


def test_netrc_comes_last(tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine a.example login me password secret\n")
    (tmp_path / ".netrc").chmod(0o600)
    credentials = load_credentials({"HOME": str(tmp_path)})
    assert credentials.authorize("https://a.example/")[1]["Authorization"].startswith("Basic ")


def test_the_default_file_is_rattlers(tmp_path: Path) -> None:
    (tmp_path / ".rattler").mkdir()
    (tmp_path / ".rattler" / "credentials.json").write_text('{"a.example": {"BearerToken": "t"}}')
    credentials = load_credentials({"HOME": str(tmp_path)})
    assert credentials.authorize("https://a.example/")[1] == {"Authorization": "Bearer t"}


VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "credentials.json").read_text())


@pytest.mark.parametrize("case", VECTORS, ids=[case["name"] for case in VECTORS])
def test_credentials_are_chosen_as_by_the_runtime(case: dict[str, Any], tmp_path: Path) -> None:
    """Compare with the table that says what builder and runtime decide."""
    (tmp_path / ".netrc").write_text(case.get("netrc", ""))
    environ = {"HOME": str(tmp_path)}
    if "named" in case:
        (tmp_path / "auth.json").write_text(json.dumps(case["named"]))
        environ["RATTLER_AUTH_FILE"] = str(tmp_path / "auth.json")
    if "default" in case:
        (tmp_path / ".rattler").mkdir()
        (tmp_path / ".rattler" / "credentials.json").write_text(json.dumps(case["default"]))
    if case.get("refused"):
        with pytest.raises(FetchError) as caught:
            load_credentials(environ).authorize(case["url"])
        assert caught.value.kind == "credentials"
        return
    address, headers = load_credentials(environ).authorize(case["url"])
    assert (address, headers.get("Authorization")) == (case["address"], case["header"])


def test_a_netrc_is_read_to_a_limit_and_never_waited_for(tmp_path: Path) -> None:
    line = "machine {} login me password secret\n"
    (tmp_path / ".netrc").write_text(line.format("near.example") + "#" * (1 << 20) + "\n" + line.format("far.example"))
    credentials = load_credentials({"HOME": str(tmp_path)})
    assert credentials.headers_for("near.example")
    assert not credentials.headers_for("far.example")
    if hasattr(os, "mkfifo"):
        (tmp_path / ".netrc").unlink()
        os.mkfifo(tmp_path / ".netrc")
        assert not load_credentials({"HOME": str(tmp_path)}).headers_for("near.example")


def test_a_large_file_of_credentials_is_an_error(tmp_path: Path) -> None:
    with (tmp_path / "auth.json").open("wb") as file:
        file.truncate(20 << 30)
    with pytest.raises(FetchError, match="cannot read the credentials"):
        load_credentials({"RATTLER_AUTH_FILE": str(tmp_path / "auth.json")})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pw@h.example/a/b", "https://***@h.example/a/b"),
        ("https://me:p@w@h.example:8443/a", "https://***@h.example:8443/a"),
        ("https://h.example/t/tk-123/main/a.conda", "https://h.example/t/***/main/a.conda"),
        ("https://h.example/T/tk-123/main/a.conda", "https://h.example/T/***/main/a.conda"),
        ("https://h.example/a?sig=1#x", "https://h.example/a?***"),
        ("https://h.example/a#x", "https://h.example/a#***"),
        ("https://h.example/%74/tk-123/a.conda", "https://***"),
        ("https://h.example\\t\\tk-123\\a.conda", "https://***"),
        ("https://h.example/c/linux-64/libt%2B-1-0.conda", "https://h.example/c/linux-64/libt%2B-1-0.conda"),
        ("https://h.example/at/t", "https://h.example/at/t"),
        ("file:///t/me/b.conda", "file:///t/me/b.conda"),
        ("/t/me/b.conda", "/t/me/b.conda"),
    ],
)
def test_addresses_are_shown_without_secrets(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_importing_the_package_loads_no_client_and_no_decompressor() -> None:
    code = (
        "import sys, cs_bundle; sys.exit(bool({'httpx2', 'h2', 'truststore', 'zstandard', 'ssl'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see https://h:8080: refused", "see https://h:8080: refused"),
        ("(https://h/a?x), or ftp://u@h.", "(https://h/a?***), or ftp://***@h."),
        ("Invalid URL 'https://u:p@h/t/x'", "Invalid URL 'https://***@h/t/***'"),
        ("nothing at all", "nothing at all"),
    ],
)
def test_addresses_in_a_text_are_redacted(text: str, shown: str) -> None:
    assert redact_text(text) == shown


_SECRET = st.text(alphabet="QZ0123456789", min_size=8, max_size=12)


@settings(deadline=None)
@given(
    _SECRET,
    st.sampled_from(["https://h/t/{}/a", "https://{}:{}@h/a", "https://{}@h/", "https://h/a?x={}", "https://h/a#{}"]),
    st.integers(min_value=0, max_value=3),
    st.data(),
)
def test_no_spelling_of_an_address_shows_its_secret(secret: str, form: str, depth: int, data: st.DataObject) -> None:
    """Percent-encode any characters behind the host, any number of times: the text does not show the secret."""
    head, host, tail = form.format(secret, secret).partition("h/")
    for _ in range(depth):
        tail = "".join(f"%{ord(c):02x}" if c not in "?#" and data.draw(st.booleans()) else c for c in tail)
    text = f"it failed: {head}{host}{tail} (again)"
    assert secret not in redact_text(text)
    assert secret not in unquote(unquote(unquote(redact_text(text))))
    assert secret not in str(FetchError(text, hint="x", expected=text, actual=text, url=text))
