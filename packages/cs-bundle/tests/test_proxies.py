"""Proxies: which one is asked, and through which a download goes."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

import cs_bundle._download
from archive_server import CERTIFICATE, ArchiveServer, Served
from bundle_samples import request
from cs_bundle import FetchError, fetch_archives
from cs_bundle._proxies import bypasses_proxy, read_proxies
from http2_server import Http2Server, Stream
from tunnel import Tunnel

NAME = "numpy-2.0-py311_0.conda"
BASIC = "Basic " + base64.b64encode(b"me:sekrit").decode()


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
        ("127.0.0.1", "127.0.0.0/8", True),
        ("127.0.0.1", "10.0.0.1/8, 127.0.0.1", True),
        ("127.0.0.1", "10.0.0.0/8", False),
        ("127.0.0.1", "0.0.1", False),
        ("127.0.0.1", "::/0", False),
        ("fd00::1", "fd00::/8", True),
        ("conda.example", "0.0.0.0/0", False),
    ],
)
def test_no_proxy_lists_hosts_and_domains(host: str, no_proxy: str, bypassed: bool) -> None:
    assert bypasses_proxy(host, 443, no_proxy) is bypassed


def test_lower_case_variables_win() -> None:
    assert read_proxies({"https_proxy": "a", "HTTPS_PROXY": "b", "NO_PROXY": "c"}) == {"https": "a", "no": "c"}


def test_a_web_request_cannot_set_the_proxy() -> None:
    assert read_proxies({"HTTP_PROXY": "evil", "REQUEST_METHOD": "GET"}) == {}


def test_a_tunnel_leads_to_a_server_that_speaks_http2(tmp_path: Path, archives: dict[str, Path]) -> None:
    with Http2Server() as server, Tunnel(BASIC) as tunnel:
        server.streams["/a"] = Stream(data=archives[NAME].read_bytes())
        (path,) = fetch_archives(
            [request(archives[NAME], f"{server.url}/a")], tmp_path / "cache", environ=through(tunnel, "me:sekrit")
        )
        assert path.read_bytes() == archives[NAME].read_bytes()
        assert tunnel.asked == [f"CONNECT {server.url.removeprefix('https://')} HTTP/1.1"]
        assert "proxy-authorization" not in server.requests[0][1]


def test_a_tunnel_leads_to_a_server_that_does_not(
    tmp_path: Path, archives: dict[str, Path], encrypted_server: ArchiveServer
) -> None:
    encrypted_server.files["/a"] = Served(data=archives[NAME].read_bytes(), cuts=[100_000])
    with Tunnel(BASIC) as tunnel:
        wanted = request(archives[NAME], f"{encrypted_server.url}/a")
        (path,) = fetch_archives([wanted], tmp_path / "cache", environ=through(tunnel, "me:sekrit"))
    assert path.read_bytes() == archives[NAME].read_bytes()
    assert [headers.get("proxy-authorization") for _, headers in encrypted_server.requests] == [None, None]


def test_a_proxy_that_wants_another_login_is_an_error_that_does_not_show_it(
    tmp_path: Path, archives: dict[str, Path], encrypted_server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cs_bundle._download, "_BACKOFF_S", 0.001)
    wanted = request(archives[NAME], f"{encrypted_server.url}/a")
    with (
        Tunnel("Basic other") as tunnel,
        pytest.raises(FetchError, match="the proxy answers 407") as caught,
    ):
        fetch_archives([wanted], tmp_path / "cache", environ=through(tunnel, "me:sekrit"))
    assert caught.value.kind == "network"
    assert str(caught.value.hint).startswith("put user and password")
    assert "sekrit" not in f"{caught.value} {vars(caught.value)}"
    assert encrypted_server.requests == []


def through(tunnel: Tunnel, login: str) -> dict[str, str]:
    """Return an environment that goes through a proxy, and trusts the servers of the tests."""
    return {
        "HOME": "/nonexistent",
        "SSL_CERT_FILE": str(CERTIFICATE),
        "https_proxy": f"http://{login}@{tunnel.address}",
    }
