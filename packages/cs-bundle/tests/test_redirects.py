"""Where downloads may be sent."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from archive_server import CERTIFICATE, ArchiveServer, Served
from bundle_samples import request
from cs_bundle import FetchError, fetch_archives

NAME = "numpy-2.0-py311_0.conda"
SECRETS = ("sekrit-user", "sekrit-password", "sekrit-token", "sekrit-query", "sekrit-fragment")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Trust the servers of the tests, and have a login for one of their host names."""
    auth = tmp_path / "auth.json"
    auth.write_text(json.dumps({"127.0.0.1": {"BearerToken": "sekrit-token"}}))
    return {"HOME": "/nonexistent", "SSL_CERT_FILE": str(CERTIFICATE), "RATTLER_AUTH_FILE": str(auth)}


@pytest.mark.parametrize(
    ("start", "end"),
    list(itertools.product(["http", "https"], ["http", "https", "HTTP", "HTTPS", "file", "ftp", "gopher"])),
)
@pytest.mark.parametrize("hops_before", [0, 2])
def test_a_redirect_never_gives_up_encryption(
    tmp_path: Path,
    archives: dict[str, Path],
    server: ArchiveServer,
    encrypted_server: ArchiveServer,
    environ: dict[str, str],
    start: str,
    end: str,
    hops_before: int,
) -> None:
    servers = {"http": server, "https": encrypted_server}
    first = servers[start]
    target = f"{end}://127.0.0.1/end"
    if end.lower() in servers:
        servers[end.lower()].files["/end"] = Served(data=archives[NAME].read_bytes())
        target = f"{end}:{servers[end.lower()].url.partition(':')[2]}/end"
    for hop in range(hops_before):
        first.files[f"/hop{hop}"] = Served(data=b"", redirect=f"{first.url}/hop{hop + 1}")
    first.files[f"/hop{hops_before}"] = Served(data=b"", redirect=target)
    allowed = end.lower() in {"http": ("http", "https"), "https": ("https",)}[start]
    wanted = request(archives[NAME], f"{first.url}/hop0")
    if allowed:
        (path,) = fetch_archives([wanted], tmp_path / "cache", environ=environ)
        assert path.read_bytes() == archives[NAME].read_bytes()
        return
    with pytest.raises(FetchError, match="redirects to") as caught:
        fetch_archives([wanted], tmp_path / "cache", environ=environ)
    assert caught.value.kind == "redirect"
    assert [path for path, _ in server.requests + encrypted_server.requests] == [
        f"/hop{hop}" for hop in range(hops_before + 1)
    ]


@pytest.mark.parametrize(
    "location",
    [
        "ftp://sekrit-user:sekrit-password@h.example/t/sekrit-token/a?x=sekrit-query#sekrit-fragment",
        "gopher://h.example/%74/sekrit-token/a",
        "ftp://h.example/a/%2e%2e/T//sekrit-token/a",
        "ftp://h.example/%2574%252fsekrit-token/a?sekrit-query",
    ],
)
def test_the_secrets_of_a_redirect_are_not_shown(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer, environ: dict[str, str], location: str
) -> None:
    server.files["/a"] = Served(data=b"", redirect=location)
    with pytest.raises(FetchError, match="redirects to") as caught:
        fetch_archives([request(archives[NAME], f"{server.url}/a")], tmp_path / "cache", environ=environ)
    shown = f"{caught.value} {caught.value!r} {vars(caught.value)} {caught.value.__cause__!r}"
    assert [secret for secret in SECRETS if secret in shown] == []


@pytest.mark.parametrize("location", ["http://[::1/", "http://h:99999/", "http://:80/x"])
def test_a_redirect_to_nowhere_is_an_error(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer, environ: dict[str, str], location: str
) -> None:
    server.files["/a"] = Served(data=b"", redirect=location)
    with pytest.raises(FetchError, match="redirects to an address that cannot be used"):
        fetch_archives([request(archives[NAME], f"{server.url}/a")], tmp_path / "cache", environ=environ)


def test_a_loop_ends_and_is_not_tried_again(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer, environ: dict[str, str]
) -> None:
    server.files["/a"] = Served(data=b"", redirect="/a")
    with pytest.raises(FetchError, match="redirects more than 10 times"):
        fetch_archives([request(archives[NAME], f"{server.url}/a")], tmp_path / "cache", environ=environ)
    assert len(server.requests) == 11


def test_credentials_stay_with_their_server(
    tmp_path: Path,
    archives: dict[str, Path],
    server: ArchiveServer,
    encrypted_server: ArchiveServer,
    environ: dict[str, str],
) -> None:
    """Not to another name, not to another port, and not back again."""
    named = server.url.replace("127.0.0.1", "localhost")
    server.files["/a"] = Served(data=b"", redirect="/b")
    server.files["/b"] = Served(data=b"", redirect=f"{named}/c")
    server.files["/c"] = Served(data=b"", redirect=f"{server.url}/d")
    server.files["/d"] = Served(data=b"", redirect=f"{encrypted_server.url}/e")
    encrypted_server.files["/e"] = Served(data=archives[NAME].read_bytes())
    fetch_archives([request(archives[NAME], f"{server.url}/a")], tmp_path / "cache", environ=environ)
    sent = {path: headers.get("authorization") for path, headers in server.requests + encrypted_server.requests}
    assert sent == {"/a": "Bearer sekrit-token", "/b": "Bearer sekrit-token", "/c": None, "/d": None, "/e": None}


def test_a_login_in_a_redirect_is_not_used(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer, environ: dict[str, str]
) -> None:
    server.files["/a"] = Served(data=b"", redirect=server.url.replace("://127.0.0.1", "://me:secret@localhost") + "/b")
    server.files["/b"] = Served(data=archives[NAME].read_bytes())
    fetch_archives([request(archives[NAME], f"{server.url}/a")], tmp_path / "cache", environ=environ)
    assert "authorization" not in server.requests[1][1]
