"""Proxies, credentials and redaction, without a network."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cs_bundle.credentials import Credentials, load_credentials
from cs_bundle.http import bypasses_proxy, read_proxies
from cs_bundle.urls import redact_url


@pytest.mark.parametrize(
    ("host", "no_proxy", "bypassed"),
    [
        ("conda.example", "*", True),
        ("conda.example", "conda.example", True),
        ("conda.example", "other.test, .example", True),
        ("conda.example", "*.example", True),
        ("conda.example", "conda.example:443", True),
        ("conda.example", "conda.example:80", False),
        ("myconda.example", "conda.example", False),
        ("conda.example", "", False),
        ("conda.example", " , ", False),
    ],
)
def test_no_proxy_lists_hosts_and_domains(host: str, no_proxy: str, bypassed: bool) -> None:
    assert bypasses_proxy(host, 443, no_proxy) is bypassed


def test_lower_case_variables_win() -> None:
    assert read_proxies({"https_proxy": "a", "HTTPS_PROXY": "b", "NO_PROXY": "c"}) == {"https": "a", "no": "c"}


def test_a_web_request_cannot_set_the_proxy() -> None:
    assert read_proxies({"HTTP_PROXY": "evil", "REQUEST_METHOD": "GET"}) == {}


@pytest.mark.parametrize("key", ["repo.conda.example", "*.conda.example", "*.example"])
def test_wildcards_match_domains(key: str) -> None:
    credentials = Credentials(by_host={key: {"BearerToken": "t"}})
    assert credentials.authorize("https://repo.conda.example/a")[1] == {"Authorization": "Bearer t"}
    assert credentials.authorize("https://example.test/a")[1] == {}


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


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pw@h.example/a/b", "https://h.example/a/b"),
        ("https://h.example/t/tk-123/main/a.conda", "https://h.example/t/********/main/a.conda"),
        ("https://h.example/a?sig=1#x", "https://h.example/a?********"),
        ("https://[::1", "(an address that cannot be parsed)"),
        ("file:///a/b.conda", "file:///a/b.conda"),
    ],
)
def test_addresses_are_shown_without_secrets(url: str, shown: str) -> None:
    assert redact_url(url) == shown


def test_importing_the_package_loads_no_client_and_no_decompressor() -> None:
    code = "import sys, cs_bundle; sys.exit(bool({'urllib3', 'truststore', 'zstandard', 'ssl'} & sys.modules.keys()))"
    subprocess.run([sys.executable, "-c", code], check=True)
