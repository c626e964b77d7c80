"""Fetching archives over HTTP/2."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import cs_bundle._download
import cs_bundle._fetch
import cs_bundle._reasons
from archive_server import CERTIFICATE
from bundle_samples import request
from cs_bundle import ArchiveMismatchError, FetchError, WantedArchive, fetch_archives
from http2_server import Http2Server, Stream

NAME = "numpy-2.0-py311_0.conda"


@pytest.fixture
def server() -> Iterator[Http2Server]:
    """Return a server on loopback."""
    with Http2Server() as running:
        yield running


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cs_bundle._download, "_BACKOFF_S", 0.001)


def serve(server: Http2Server, path: Path, **behaviour: Any) -> WantedArchive:
    """Put an archive on the server and return the request for it."""
    server.streams[f"/main/{path.name}"] = Stream(data=path.read_bytes(), **behaviour)
    return request(path, f"{server.url}/main/{path.name}")


def fetch(requests: list[WantedArchive], cache: Path, environ: dict[str, str] | None = None) -> list[Path]:
    """Fetch without this machine's own settings, and with trust in the server."""
    return fetch_archives(
        requests, cache, environ={"HOME": "/nonexistent", "SSL_CERT_FILE": str(CERTIFICATE), **(environ or {})}
    )


def test_archives_arrive(tmp_path: Path, archives: dict[str, Path], server: Http2Server) -> None:
    paths = fetch([serve(server, path) for path in archives.values()], tmp_path)
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in archives.values()]
    assert {headers[":authority"] for _, headers in server.requests} == {server.url.removeprefix("https://")}


def test_many_archives_arrive_over_as_many_connections_as_there_are_threads(
    tmp_path: Path, archives: dict[str, Path], server: Http2Server
) -> None:
    # One connection for all of them would be shared by the threads, which httpcore2 does not bear.
    wanted = []
    for number in range(120):
        path = tmp_path / f"many-{number}-0.conda"
        path.write_bytes(number.to_bytes(2, "big") * 20_000)
        wanted.append(serve(server, path))
    paths = fetch(wanted, tmp_path / "cache")
    assert [path.name for path in paths] == [one.file_name for one in wanted]
    assert len(server.requests) == 120
    assert server.connections <= cs_bundle._fetch.CONCURRENCY


def test_an_archive_may_be_larger_than_any_window(tmp_path: Path, server: Http2Server) -> None:
    path = tmp_path / "large-1-0.conda"
    path.write_bytes(bytes(17 << 20))
    (cached,) = fetch([serve(server, path)], tmp_path / "cache")
    assert cached.read_bytes() == path.read_bytes()
    assert len(server.requests) == 1


def test_a_broken_stream_is_resumed(tmp_path: Path, archives: dict[str, Path], server: Http2Server) -> None:
    wanted = serve(server, archives[NAME], resets=[50_000])
    (path,) = fetch([wanted], tmp_path)
    assert path.read_bytes() == archives[NAME].read_bytes()
    assert server.requests[0][1].get("range") is None
    assert server.requests[1][1].get("range", "").startswith("bytes=")
    assert server.requests[1][1].get("if-range") == '"one"'


def test_a_stream_that_always_breaks_is_an_error(
    tmp_path: Path, archives: dict[str, Path], server: Http2Server
) -> None:
    with pytest.raises(FetchError, match=r"the connection to 127\.0\.0\.1:\d+ failed \(attempt 5 of 5\)$") as caught:
        fetch([serve(server, archives[NAME], resets=[0] * 9)], tmp_path)
    assert caught.value.kind == "network"
    assert len(server.requests) == cs_bundle._download.ATTEMPTS


def test_a_server_that_says_goodbye_is_asked_over_a_new_connection(
    tmp_path: Path, archives: dict[str, Path], server: Http2Server
) -> None:
    wanted = [serve(server, path, says_goodbye=True) for path in archives.values()]
    paths = fetch_archives(
        wanted, tmp_path, concurrency=1, environ={"HOME": "/nonexistent", "SSL_CERT_FILE": str(CERTIFICATE)}
    )
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in archives.values()]
    assert server.connections == len(archives)


def test_short_answers_on_the_way_keep_the_connection(
    tmp_path: Path, archives: dict[str, Path], server: Http2Server
) -> None:
    wanted = serve(server, archives[NAME])
    server.streams["/start"] = Stream(redirect=f"{server.url}/main/{NAME}")
    fetch([replace(wanted, url=f"{server.url}/start")], tmp_path)
    assert [headers[":path"] for _, headers in server.requests] == ["/start", f"/main/{NAME}"]
    assert server.connections == 1


def test_an_answer_that_is_left_early_takes_its_connection_along(
    tmp_path: Path, archives: dict[str, Path], server: Http2Server
) -> None:
    # What a server goes on sending on the old stream would use up the new one's window.
    fetch([serve(server, archives[NAME], statuses=[503, 503])], tmp_path)
    assert server.connections == 3


def test_an_answer_that_is_too_long_is_refused(tmp_path: Path, archives: dict[str, Path], server: Http2Server) -> None:
    wanted = replace(serve(server, archives[NAME]), size_bytes=1000)
    with pytest.raises(ArchiveMismatchError, match="size"):
        fetch([wanted], tmp_path)


@pytest.mark.parametrize("garbage", [b"\0\0\1\0\0\0\0\0\0x", b"HTTP/1.1 200 OK\r\n\r\n" * 9, b"\0\0\0\4\1\0\0\0\0"])
def test_what_is_not_http2_is_an_error_without_secrets(tmp_path: Path, server: Http2Server, garbage: bytes) -> None:
    auth = tmp_path / "auth.json"
    auth.write_text(json.dumps({"127.0.0.1": {"BearerToken": "sekrit"}}))
    server.streams["/a"] = Stream(garbage=garbage)
    wanted = WantedArchive(url=f"{server.url}/a", file_name="a-1-0.conda", sha256="0" * 64)
    with pytest.raises(FetchError) as caught:
        fetch([wanted], tmp_path / "cache", {"RATTLER_AUTH_FILE": str(auth)})
    assert caught.value.kind == "network"
    assert {headers.get("authorization") for _, headers in server.requests} == {"Bearer sekrit"}
    assert "sekrit" not in f"{caught.value} {vars(caught.value)}"


def test_a_failure_does_not_wait_for_a_stream_that_hangs(
    tmp_path: Path, server: Http2Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cs_bundle._reasons.TIMEOUTS_S, "read", None)
    server.streams["/hangs"] = Stream(hangs=True)
    server.streams["/none"] = Stream(statuses=[404], is_last=True)
    wanted = [
        WantedArchive(url=f"{server.url}/{name}", file_name=f"{name}-1-0.conda", sha256=digit * 64)
        for name, digit in (("hangs", "0"), ("none", "1"))
    ]
    with pytest.raises(FetchError, match="404"):
        fetch(wanted, tmp_path)
