"""What a person reads when a download fails: plain words, without the objects of libraries."""

from __future__ import annotations

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from archive_server import ArchiveServer
from cs_bundle import FetchError, Wait, WantedArchive, fetch_archives
from cs_bundle._reasons import find_reason

URL = "https://conda.example/main/a-1-0.conda"
OBJECT = re.compile(r"[<>{}]|\(\(|Error\b|Errno|\[")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Return a port of loopback on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def fail(url: str, tmp_path: Path, **environ: str) -> tuple[FetchError, list[Wait]]:
    """Return why a download fails, and the waits before."""
    waits: list[Wait] = []
    wanted = WantedArchive(url=url, file_name="a-1-0.conda", sha256="0" * 64)
    with pytest.raises(FetchError) as caught:
        fetch_archives([wanted], tmp_path / "cache", environ={"HOME": "/nonexistent", **environ}, on_wait=waits.append)
    assert not OBJECT.search(caught.value.message), caught.value.message
    return caught.value, waits


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cs_bundle._download._pause", lambda *_: False)


@pytest.mark.usefixtures("no_pauses")
def test_a_closed_port_is_a_refusal_and_attempts_are_counted(closed_port: int, tmp_path: Path) -> None:
    error, waits = fail(f"http://127.0.0.1:{closed_port}/a", tmp_path)
    assert error.message.endswith(f": 127.0.0.1:{closed_port} refused the connection (attempt 5 of 5)")
    assert error.kind == "network"
    assert "HTTPS_PROXY" in str(error.hint)
    assert [wait.attempt for wait in waits] == sorted({wait.attempt for wait in waits})
    assert re.fullmatch(
        r"127\.0\.0\.1:\d+ refused the connection; retrying in \d s \(attempt \d of 5\)", str(waits[-1])
    )


@pytest.mark.usefixtures("no_pauses")
def test_a_proxy_is_named_without_its_login(closed_port: int, tmp_path: Path) -> None:
    error, _ = fail(URL, tmp_path, https_proxy=f"http://me:sekrit@127.0.0.1:{closed_port}")
    assert f": the proxy 127.0.0.1:{closed_port} refused the connection" in error.message
    assert "NO_PROXY" in str(error.hint)
    assert "sekrit" not in f"{error} {vars(error)}"


@pytest.mark.usefixtures("no_pauses")
def test_a_name_that_nobody_knows_has_no_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: object, **_more: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    error, _ = fail(URL, tmp_path)
    assert ": conda.example has no address: the name is not known (attempt 5 of 5)" in error.message


def test_a_certificate_that_is_not_trusted_is_not_tried_again(encrypted_server: ArchiveServer, tmp_path: Path) -> None:
    error, waits = fail(f"{encrypted_server.url}/a", tmp_path)
    assert (error.kind, waits) == ("certificates", [])
    host = encrypted_server.url.removeprefix("https://")
    assert f": the certificate of {host} is not trusted: " in error.message
    assert "SSL_CERT_FILE" in str(error.hint)


def caused_by(cause: BaseException) -> httpx2.ConnectError:
    error = httpx2.ConnectError(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            caused_by(socket.gaierror(socket.EAI_AGAIN, "try again")),
            "cannot look up conda.example: the DNS server does not answer",
        ),
        (
            caused_by(OSError(errno.EHOSTUNREACH, "No route to host")),
            "there is no way to conda.example from this network",
        ),
        (caused_by(ConnectionResetError(errno.ECONNRESET, "reset")), "conda.example broke off the connection"),
        (
            caused_by(ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1000)")),
            "no encrypted connection to conda.example: TLS failed",
        ),
        (httpx2.ConnectTimeout("x"), "conda.example did not answer in 20 s"),
        (httpx2.ReadTimeout("x"), "nothing came from conda.example for 60 s"),
        (
            httpx2.RemoteProtocolError("Server disconnected without sending a response."),
            "conda.example closed the connection early",
        ),
        (
            httpx2.RemoteProtocolError("<StreamReset stream_id:1, error_code:2>"),
            "the connection to conda.example failed",
        ),
        (httpx2.ReadError("it broke."), "the connection to conda.example failed: it broke"),
        (httpx2.ConnectError(""), "cannot connect to conda.example"),
    ],
)
def test_every_failure_has_plain_words(error: httpx2.HTTPError, text: str) -> None:
    reason = find_reason(error, URL)
    assert (reason.text, reason.kind, reason.is_final) == (text, "network", False)
    assert not OBJECT.search(reason.text)


def test_a_certificate_that_is_too_old_may_be_the_fault_of_the_clock() -> None:
    cause = ssl.SSLCertVerificationError(1, "verify failed")
    cause.verify_message = "certificate has expired"
    reason = find_reason(caused_by(cause), URL)
    assert reason.text == "the certificate of conda.example is not trusted: certificate has expired"
    assert "clock" in reason.hint


def test_offline_refuses_at_once_and_counts_what_is_missing(tmp_path: Path) -> None:
    wanted = [WantedArchive(url=URL, file_name=f"a-{n}-0.conda", sha256=f"{n}" * 64) for n in range(3)]
    with pytest.raises(FetchError) as caught:
        fetch_archives(wanted, tmp_path, offline=True, environ={})
    assert caught.value.message == "a-0-0.conda is not in the cache, and downloads are off (3 archives are missing)"
    assert caught.value.kind == "offline"
    assert list(tmp_path.rglob("*.conda")) == []
