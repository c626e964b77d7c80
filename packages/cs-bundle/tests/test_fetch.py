"""Fetching archives from a server on loopback."""

from __future__ import annotations

import base64
import json
import os
import threading
import traceback
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import cs_bundle._download
import cs_bundle._reasons
from archive_server import ArchiveServer, Served
from bundle_samples import request
from cs_bundle import (
    ArchiveMismatchError,
    ArchiveNameError,
    FetchError,
    FetchProgress,
    Wait,
    WantedArchive,
    cached_path,
    fetch_archives,
)
from cs_bundle._credentials import Credentials, load_credentials

NAME = "numpy-2.0-py311_0.conda"
QUIET: dict[str, str] = {"HOME": "/nonexistent"}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cs_bundle._download, "_BACKOFF_S", 0.001)


def serve(server: ArchiveServer, path: Path, **behaviour: Any) -> WantedArchive:
    """Put an archive on the server and return the request for it."""
    server.files[f"/main/{path.name}"] = Served(data=path.read_bytes(), **behaviour)
    return request(path, f"{server.url}/main/{path.name}")


def fetch(requests: list[WantedArchive], cache: Path, **options: Any) -> list[Path]:
    """Fetch without this machine's own settings."""
    return fetch_archives(requests, cache, **{"environ": QUIET, **options})


def leftovers(cache: Path) -> list[Path]:
    """Return the files in a cache that are not archives."""
    return [path for path in cache.rglob("*") if path.is_file() and path.name.startswith(".")]


def test_archives_come_in_the_order_of_the_requests(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer
) -> None:
    paths = fetch([serve(server, path) for path in archives.values()], tmp_path / "cache")
    assert [path.name for path in paths] == list(archives)
    assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in archives.values()]


def test_the_largest_archive_is_fetched_first_and_one_of_unknown_size_before_it(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer
) -> None:
    requests = [serve(server, path) for path in archives.values()]
    requests[1] = replace(requests[1], size_bytes=None)
    fetch(requests, tmp_path / "cache", concurrency=1)
    by_size = sorted(archives.values(), key=lambda path: path.stat().st_size, reverse=True)
    expected = [requests[1].file_name, *(path.name for path in by_size if path.name != requests[1].file_name)]
    assert [path.rpartition("/")[2] for path, _ in server.requests] == expected


def test_a_wheel_is_fetched_and_kept_like_any_archive(tmp_path: Path, server: ArchiveServer) -> None:
    path = tmp_path / "six-1.17.0-py2.py3-none-any.whl"
    path.write_bytes(b"a wheel")
    wanted = replace(serve(server, path), size_bytes=None)
    for _ in range(2):
        (kept,) = fetch([wanted], tmp_path / "cache")
        assert kept == tmp_path / "cache" / wanted.sha256[:2] / wanted.sha256 / path.name
    assert len(server.requests) == 1


def test_archives_are_kept_by_their_digest(tmp_path: Path, archives: dict[str, Path], server: ArchiveServer) -> None:
    wanted = serve(server, archives[NAME])
    (path,) = fetch([wanted], tmp_path)
    assert path == tmp_path / wanted.sha256[:2] / wanted.sha256 / NAME
    assert fetch([wanted], tmp_path) == [path]
    assert len(server.requests) == 1


def test_one_archive_asked_for_twice_is_fetched_once(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer
) -> None:
    wanted = serve(server, archives[NAME])
    first, second = fetch([wanted, wanted], tmp_path)
    assert first == second
    assert len(server.requests) == 1


@pytest.mark.parametrize("size_known", [True, False])
def test_a_damaged_archive_in_the_cache_is_fetched_again(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer, size_known: bool
) -> None:
    wanted = serve(server, archives[NAME])
    wanted = wanted if size_known else replace(wanted, size_bytes=None)
    (path,) = fetch([wanted], tmp_path)
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    fetch([wanted], tmp_path)
    assert path.read_bytes() == archives[NAME].read_bytes()


def test_without_rehashing_the_size_is_trusted(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer
) -> None:
    wanted = serve(server, archives[NAME])
    (path,) = fetch([wanted], tmp_path)
    path.write_bytes(bytes(wanted.size_bytes or 0))
    fetch([wanted], tmp_path, rehash=False)
    assert len(server.requests) == 1
    path.write_bytes(b"short")
    fetch([wanted], tmp_path, rehash=False)
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_in_trouble_is_asked_again(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer, status: int
) -> None:
    (path,) = fetch([serve(server, archives[NAME], statuses=[status] * 4)], tmp_path)
    assert path.read_bytes() == archives[NAME].read_bytes()


def test_a_server_in_trouble_for_too_long_is_an_error(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer
) -> None:
    with pytest.raises(FetchError, match=r"127\.0\.0\.1:\d+ answers 503") as caught:
        fetch([serve(server, archives[NAME], statuses=[503] * 5)], tmp_path)
    assert (caught.value.kind, caught.value.actual, caught.value.name) == ("http-status", "503", NAME)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize("far_away", ["86400", "99999999999999999999", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_a_wait_that_a_server_asks_for_is_bounded_and_said(
    tmp_path: Path,
    archives: dict[str, Path],
    server: ArchiveServer,
    monkeypatch: pytest.MonkeyPatch,
    far_away: str,
) -> None:
    said: list[Wait] = []
    waited: list[float] = []

    def wait(_: object, wait_s: float) -> bool:
        waited.append(wait_s)
        return False

    monkeypatch.setattr(cs_bundle._download, "_pause", wait)
    wanted = serve(server, archives[NAME], statuses=[429] * 9, retry_after=far_away)
    with pytest.raises(FetchError, match=r"127\.0\.0\.1:\d+ answers 429 and asks to wait \d+ s") as caught:
        fetch([wanted], tmp_path, on_wait=said.append)
    assert caught.value.kind == "http-status"
    assert sum(waited) <= 60
    assert [(one.wait_s, one.file_name) for one in said] == [(30.0, NAME)]
    assert str(said[0]).startswith(server.url.removeprefix("http://"))
    assert "retrying in 30 s (attempt 2 of 5)" in str(said[0])


def test_a_host_that_keeps_many_downloads_waiting_is_named_once(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[Wait] = []
    monkeypatch.setattr(cs_bundle._download, "_pause", lambda *_: False)
    wanted = [serve(server, path, statuses=[503], retry_after="5") for path in archives.values()]
    fetch(wanted, tmp_path / "cache", on_wait=said.append)
    assert len(said) == 1


def test_short_waits_are_not_reported(tmp_path: Path, archives: dict[str, Path], server: ArchiveServer) -> None:
    said: list[Wait] = []
    fetch([serve(server, archives[NAME], statuses=[503] * 3)], tmp_path, on_wait=said.append)
    assert said == []


def test_a_missing_archive_is_an_error_at_once(tmp_path: Path, server: ArchiveServer) -> None:
    wanted = WantedArchive(url=f"{server.url}/main/a-1-0.conda", file_name="a-1-0.conda", sha256="0" * 64)
    with pytest.raises(FetchError, match=r"127\.0\.0\.1:\d+ answers 404$") as caught:
        fetch([wanted], tmp_path)
    assert str(caught.value.hint).startswith("the channel may have removed the package")
    assert len(server.requests) == 1


def test_a_broken_download_is_resumed(tmp_path: Path, archives: dict[str, Path], server: ArchiveServer) -> None:
    seen: list[FetchProgress] = []
    (path,) = fetch([serve(server, archives[NAME], cuts=[100_000, 50_000])], tmp_path, on_progress=seen.append)
    assert path.read_bytes() == archives[NAME].read_bytes()
    assert [headers.get("if-range") for _, headers in server.requests] == [None, '"one"', '"one"']
    assert [headers.get("range") for _, headers in server.requests] == [None, "bytes=100000-", "bytes=150000-"]
    assert seen[-1].received_bytes == seen[-1].total_bytes == 300_001


def test_a_server_that_cannot_resume_is_asked_for_all(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer
) -> None:
    seen: list[FetchProgress] = []
    wanted = serve(server, archives[NAME], cuts=[100_000], ranges=False)
    (path,) = fetch([wanted], tmp_path, on_progress=seen.append)
    assert path.read_bytes() == archives[NAME].read_bytes()
    assert seen[-1].received_bytes == 300_001


def test_wrong_bytes_are_refused(tmp_path: Path, archives: dict[str, Path], server: ArchiveServer) -> None:
    wanted = serve(server, archives[NAME])
    server.files[f"/main/{NAME}"].data = bytes(300_001)
    with pytest.raises(ArchiveMismatchError, match=r"SHA-256 .*does not match the lock") as caught:
        fetch([wanted], tmp_path)
    assert caught.value.kind == "sha256-mismatch"
    assert [path for path in tmp_path.rglob("*") if path.is_file() and "archives" not in path.parts] == []


@pytest.mark.parametrize("size", [300_000, 300_002])
def test_a_wrong_size_is_refused(tmp_path: Path, archives: dict[str, Path], server: ArchiveServer, size: int) -> None:
    wanted = replace(serve(server, archives[NAME]), size_bytes=size)
    with pytest.raises(
        (ArchiveMismatchError, FetchError), match=r"does not match the lock|closed the connection early"
    ):
        fetch([wanted], tmp_path)
    assert leftovers(tmp_path) == []


def test_a_server_that_lies_about_the_length_is_an_error(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer
) -> None:
    with pytest.raises(FetchError, match="closed the connection early") as caught:
        fetch([serve(server, archives[NAME], lied_length=400_000)], tmp_path)
    assert caught.value.kind == "network"


def test_nobody_listening_is_an_error(tmp_path: Path, server: ArchiveServer) -> None:
    wanted = WantedArchive(url="http://127.0.0.1:9/a-1-0.conda", file_name="a-1-0.conda", sha256="0" * 64)
    with pytest.raises(FetchError, match=r"cannot fetch http://127\.0\.0\.1:9/a-1-0\.conda: .*refused"):
        fetch([wanted], tmp_path)


def test_one_failure_stops_the_others(tmp_path: Path, archives: dict[str, Path], server: ArchiveServer) -> None:
    requests = [serve(server, path) for path in archives.values()]
    missing = WantedArchive(url=f"{server.url}/none", file_name="none-1-0.conda", sha256="0" * 64, size_bytes=1 << 28)
    with pytest.raises(FetchError, match="404"):
        fetch([*requests, missing], tmp_path, concurrency=1)
    assert len(server.requests) <= 2


def test_a_download_that_crawls_is_given_up(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cs_bundle._receiver.LEAST_BYTES_S", 0.2)
    monkeypatch.setattr("cs_bundle._download.ATTEMPTS", 2)
    wanted = serve(server, archives[NAME], drips_s=0.05)
    with pytest.raises(FetchError, match=r"less than 6000 bytes came in 0 s") as caught:
        fetch([wanted], tmp_path / "cache")  # all of it would take hours
    assert caught.value.kind == "network"
    assert len(server.requests) == 2
    assert leftovers(tmp_path / "cache") == []


def test_a_failure_does_not_wait_for_a_server_that_stalls(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer
) -> None:
    stalled = serve(server, archives[NAME], stalls=True)
    has_stalled = threading.Event()
    server.files["/none"] = Served(data=b"", statuses=[404], after=has_stalled)
    missing = WantedArchive(url=f"{server.url}/none", file_name="none-1-0.conda", sha256="0" * 64)

    def look(progress: FetchProgress) -> None:
        if progress.received_bytes == archives[NAME].stat().st_size // 2:
            has_stalled.set()

    with pytest.raises(FetchError, match="404"):
        fetch([stalled, missing], tmp_path / "cache", concurrency=2, on_progress=look)
    asked = sorted(path for path, _ in server.requests)
    assert asked == [f"/main/{NAME}", "/none"], "the stalled connection was given up, and asked for again"
    assert leftovers(tmp_path / "cache") == []


def test_a_failure_does_not_wait_for_a_server_that_says_nothing(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(cs_bundle._reasons.TIMEOUTS_S, "read", None)
    silent = serve(server, archives[NAME], silent=True)
    missing = WantedArchive(url=f"{server.url}/none", file_name="none-1-0.conda", sha256="0" * 64)
    with pytest.raises(FetchError, match="404"):
        fetch([silent, missing], tmp_path / "cache", concurrency=2)
    assert leftovers(tmp_path / "cache") == []


def test_an_interruption_leaves_no_temporary_files(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer
) -> None:
    def interrupt(_: FetchProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch([serve(server, path) for path in archives.values()], tmp_path / "cache", on_progress=interrupt)
    assert leftovers(tmp_path / "cache") == []


def test_progress_adds_up(tmp_path: Path, archives: dict[str, Path], server: ArchiveServer) -> None:
    requests = [serve(server, path) for path in archives.values()]
    fetch(requests[:1], tmp_path)
    seen: list[FetchProgress] = []
    main = threading.get_ident()
    fetch(requests, tmp_path, on_progress=seen.append)
    assert main == threading.get_ident()
    last = seen[-1]
    assert (last.done_archives, last.total_archives, last.cached_archives) == (4, 4, 1)
    assert last.received_bytes == last.total_bytes == sum(path.stat().st_size for path in archives.values())


def test_offline_uses_the_cache_alone(tmp_path: Path, archives: dict[str, Path], server: ArchiveServer) -> None:
    wanted = serve(server, archives[NAME])
    with pytest.raises(FetchError, match=f"{NAME} is not in the cache, and downloads are off") as caught:
        fetch([wanted], tmp_path, offline=True)
    assert caught.value.kind == "offline"
    paths = fetch([wanted], tmp_path)
    assert fetch([wanted], tmp_path, offline=True) == paths
    assert len(server.requests) == 1


def test_file_addresses_are_read_even_offline(tmp_path: Path, archives: dict[str, Path]) -> None:
    wanted = request(archives[NAME], archives[NAME].as_uri())
    (path,) = fetch([wanted], tmp_path / "cache", offline=True)
    assert path.read_bytes() == archives[NAME].read_bytes()
    with pytest.raises(ArchiveMismatchError):
        fetch([replace(wanted, sha256="0" * 64)], tmp_path / "cache")
    with pytest.raises(FetchError, match=r"cannot read the archive numpy-2.*, which the lock names: No such file"):
        fetch([replace(wanted, sha256="1" * 64, url="file:///none/a.conda")], tmp_path / "cache")


@pytest.mark.only("on Unix", "it has named pipes")
def test_a_pipe_or_a_folder_is_not_waited_for(tmp_path: Path, archives: dict[str, Path]) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", "archives"):
        wanted = request(archives[NAME], (tmp_path / name).as_uri())
        with pytest.raises(FetchError, match="it is not a regular file") as caught:
            fetch([wanted], tmp_path / "cache")
        assert caught.value.path == tmp_path / name


def test_an_archive_without_an_address_has_to_be_in_the_cache(tmp_path: Path, archives: dict[str, Path]) -> None:
    wanted = request(archives[NAME], url="")
    with pytest.raises(FetchError, match="it is not in the cache, and no URL is known"):
        fetch([wanted], tmp_path)
    place = cached_path(tmp_path, wanted.sha256, NAME)
    place.parent.mkdir(parents=True)
    place.write_bytes(archives[NAME].read_bytes())
    assert fetch([wanted], tmp_path) == [place]


@pytest.mark.parametrize("url", ["https://[::1", "http://h:99999/a", "a-1-0.conda", "http:///a"])
def test_an_invalid_url_is_an_error(tmp_path: Path, url: str) -> None:
    with pytest.raises(FetchError, match=r"cannot fetch a-1-0\.conda: .* is not a valid URL") as caught:
        fetch([WantedArchive(url=url, file_name="a-1-0.conda", sha256="0" * 64)], tmp_path)
    assert caught.value.kind == "address"


def test_an_address_of_another_kind_is_an_error(tmp_path: Path) -> None:
    wanted = WantedArchive(url="gopher://h/a", file_name="a-1-0.conda", sha256="0" * 64)
    with pytest.raises(FetchError, match="the address cannot be used"):
        fetch([wanted], tmp_path)


def test_a_place_in_the_cache_that_is_taken_is_an_error(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer
) -> None:
    wanted = serve(server, archives[NAME])
    (tmp_path / wanted.sha256[:2] / wanted.sha256 / NAME).mkdir(parents=True)
    with pytest.raises(FetchError, match="cannot write to the cache: Is a directory"):
        fetch([wanted], tmp_path)
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "digest"), [("../a-1-0.conda", "0" * 64), ("a-1-0.conda", "../x"), ("a-1-0.conda", "AB" * 32)]
)
def test_names_cannot_leave_the_cache(tmp_path: Path, name: str, digest: str) -> None:
    with pytest.raises(ArchiveNameError):
        fetch([WantedArchive(url="http://127.0.0.1:9/", file_name=name, sha256=digest)], tmp_path)


def test_an_unwritable_cache_is_an_error(tmp_path: Path, archives: dict[str, Path], server: ArchiveServer) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(FetchError, match="cannot write to the cache") as caught:
        fetch([serve(server, archives[NAME])], tmp_path / "cache")
    assert caught.value.kind == "cannot-write"


BASIC = "Basic " + base64.b64encode(b"me:secret").decode()


@pytest.mark.parametrize(
    ("entry", "authorization"),
    [({"BearerToken": "secret"}, "Bearer secret"), ({"BasicHTTP": {"username": "me", "password": "secret"}}, BASIC)],
)
def test_credentials_are_sent(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer, entry: dict[str, Any], authorization: str
) -> None:
    (tmp_path / "auth.json").write_text(json.dumps({"127.0.0.1": entry}))
    wanted = serve(server, archives[NAME], authorization=authorization)
    fetch([wanted], tmp_path / "cache", environ={**QUIET, "RATTLER_AUTH_FILE": str(tmp_path / "auth.json")})
    with pytest.raises(FetchError, match="answers 401") as caught:
        fetch([wanted], tmp_path / "other")
    assert "RATTLER_AUTH_FILE" in str(caught.value.hint)


def test_a_conda_token_goes_into_the_path_and_not_into_messages(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer
) -> None:
    (tmp_path / "auth.json").write_text(json.dumps({"127.0.0.1": {"CondaToken": "secret-token"}}))
    environ = {**QUIET, "RATTLER_AUTH_FILE": str(tmp_path / "auth.json")}
    wanted = request(archives[NAME], f"{server.url}/main/{NAME}")
    with pytest.raises(FetchError) as caught:
        fetch([wanted], tmp_path / "cache", environ=environ)
    assert server.requests[0][0] == f"/t/secret-token/main/{NAME}"
    assert "secret" not in f"{caught.value!s} {caught.value!r} {vars(caught.value)}"


def test_credentials_in_an_address_are_sent_and_not_shown(tmp_path: Path, server: ArchiveServer) -> None:
    url = server.url.replace("://", "://me:secret@") + "/t/secret/a-1-0.conda?sig=secret"
    with pytest.raises(FetchError) as caught:
        fetch([WantedArchive(url=url, file_name="a-1-0.conda", sha256="0" * 64)], tmp_path)
    assert server.requests[0][1]["authorization"] == BASIC
    assert "secret" not in f"{caught.value!s} {caught.value!r} {vars(caught.value)}"
    assert caught.value.url == server.url.replace("://", "://***@") + "/t/***/a-1-0.conda?***"


def test_credentials_do_not_follow_to_another_host(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer
) -> None:
    (tmp_path / "auth.json").write_text(json.dumps({"127.0.0.1": {"BearerToken": "secret"}}))
    wanted = serve(server, archives[NAME], redirect=server.url.replace("127.0.0.1", "localhost") + "/elsewhere")
    server.files["/elsewhere"] = Served(data=archives[NAME].read_bytes())
    fetch([wanted], tmp_path / "cache", environ={**QUIET, "RATTLER_AUTH_FILE": str(tmp_path / "auth.json")})
    assert server.requests[0][1]["authorization"] == "Bearer secret"
    assert "authorization" not in server.requests[1][1]


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_broken_auth_file_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "auth.json").write_text(text)
    with pytest.raises(FetchError) as caught:
        fetch([], tmp_path, environ={**QUIET, "RATTLER_AUTH_FILE": str(tmp_path / "auth.json")})
    assert (caught.value.kind, caught.value.path) == ("credentials", tmp_path / "auth.json")


@pytest.mark.parametrize(
    "entry",
    [
        {"BearerToken": "sekrit\nsekrit"},
        {"BearerToken": "sekrit token"},
        {"BearerToken": "sekrit\u20ac"},
        {"BearerToken": ""},
        {"BearerToken": ["sekrit"]},
        {"CondaToken": "sekrit\r\nsekrit"},
        {"CondaToken": "sekrit/sekrit"},
        {"CondaToken": {"sekrit": 1}},
        {"BasicHTTP": "me:sekrit"},
        {"BasicHTTP": {"username": "sekrit"}},
        {"BasicHTTP": {"username": "me", "password": 5}},
        {"OAuth": {"access_token": "sekrit\n"}},
        {"BearerToken": "sekrit", "CondaToken": "sekrit"},
        {"Other": "sekrit"},
        {},
        {"OAuth": "sekrit"},
        "sekrit",
        ["sekrit"],
    ],
)
def test_credentials_that_cannot_be_used_are_an_error_that_does_not_show_them(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer, entry: Any
) -> None:
    auth = tmp_path / "auth.json"
    auth.write_text(json.dumps({"127.0.0.1": entry}))
    with pytest.raises(FetchError, match=r"cannot use the credentials of 127\.0\.0\.1") as caught:
        fetch([serve(server, archives[NAME])], tmp_path / "cache", environ={**QUIET, "RATTLER_AUTH_FILE": str(auth)})
    assert (caught.value.kind, caught.value.path) == ("credentials", auth)
    assert "sekrit" not in "".join(traceback.format_exception(caught.value))
    assert "sekrit" not in f"{vars(caught.value)}"
    assert server.requests == []


@pytest.mark.parametrize(
    "secret", ["http://sekrit:sekrit@[::1", "http://me:sekrit@h:99999", "://sekrit", "http:///sekrit"]
)
def test_a_malformed_proxy_is_an_error_that_does_not_show_it(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer, secret: str
) -> None:
    with pytest.raises(FetchError, match="a proxy variable does not contain a valid address") as caught:
        fetch([serve(server, archives[NAME])], tmp_path, environ={**QUIET, "http_proxy": secret})
    assert caught.value.kind == "proxy"
    assert "sekrit" not in "".join(traceback.format_exception(caught.value))


def test_a_password_of_a_proxy_may_be_of_any_letters(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer
) -> None:
    server.files["http://conda.invalid/a"] = Served(data=archives[NAME].read_bytes())
    proxy = server.url.replace("://", "://me:p%E2%82%AC@")
    fetch([request(archives[NAME], "http://conda.invalid/a")], tmp_path, environ={**QUIET, "http_proxy": proxy})
    expected = "Basic " + base64.b64encode("me:p€".encode()).decode()
    assert server.requests[0][1]["proxy-authorization"] == expected


def test_nothing_that_cannot_be_sent_is_shown(tmp_path: Path) -> None:
    wanted = WantedArchive(url="http://127.0.0.1:9/a\nsekrit\u20ac", file_name="a-1-0.conda", sha256="0" * 64)
    with pytest.raises(FetchError):
        fetch([wanted], tmp_path)


def test_a_home_that_cannot_be_entered_holds_no_credentials(
    tmp_path: Path, archives: dict[str, Path], server: ArchiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    wanted = serve(server, archives[NAME])
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", refuse)
        patch.setattr(Path, "stat", refuse)
        assert load_credentials({"HOME": "/root"}) == Credentials()
        patch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))
        assert load_credentials({}) == Credentials()
    assert fetch([wanted], tmp_path, environ={})[0].is_file()


def test_a_proxy_is_used(tmp_path: Path, archives: dict[str, Path], server: ArchiveServer) -> None:
    server.files["http://conda.invalid/a"] = Served(data=archives[NAME].read_bytes())
    wanted = request(archives[NAME], "http://conda.invalid/a")
    proxy = server.url.replace("://", "://me:secret@")
    fetch([wanted], tmp_path, environ={**QUIET, "http_proxy": proxy})
    assert server.requests[0][1]["proxy-authorization"] == BASIC


def test_no_proxy_is_honoured(tmp_path: Path, archives: dict[str, Path], server: ArchiveServer) -> None:
    wanted = serve(server, archives[NAME])
    environ = {**QUIET, "HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "example.com, 127.0.0.1"}
    assert fetch([wanted], tmp_path, environ=environ)[0].is_file()


def test_a_proxy_of_an_unknown_kind_is_an_error(tmp_path: Path) -> None:
    wanted = WantedArchive(url="http://conda.invalid/a", file_name="a-1-0.conda", sha256="0" * 64)
    with pytest.raises(FetchError, match="cannot use the proxy") as caught:
        fetch([wanted], tmp_path, environ={**QUIET, "all_proxy": "socks5://me:secret@127.0.0.1:9"})
    assert "secret" not in str(caught.value)


def test_certificates_that_cannot_be_read_are_an_error(tmp_path: Path) -> None:
    wanted = WantedArchive(url="https://127.0.0.1:9/a", file_name="a-1-0.conda", sha256="0" * 64)
    with pytest.raises(FetchError, match="cannot load certificates from /none") as caught:
        fetch([wanted], tmp_path, environ={**QUIET, "SSL_CERT_FILE": "/none"})
    assert caught.value.kind == "certificates"
