"""Servers, proxies and connections that fail: tried again where that helps, and never a word of a password."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.certificates import make_authority
from support.commands import Home
from support.inspection import assert_complete, list_names
from support.processes import assert_no_process_in
from support.scenarios import check_private_authority
from support.servers import Answer, Fault, Server, at_first, serve
from support.workshop import Workshop, open_plain_workshop

SECRET = "open-sesame"


@pytest.fixture(scope="module")
def workshop(fast_directory: Path, cache_directory: Path) -> Iterator[Workshop]:
    """Builds runtimes of two small packages; its server fails on request."""
    with open_plain_workshop(fast_directory / "faulty", cache_directory) as workshop:
        yield workshop


@pytest.fixture
def server(workshop: Workshop) -> Server:
    """That server, working."""
    workshop.server.start_over()
    return workshop.server


@pytest.fixture
def runtime(workshop: Workshop, server: Server) -> Path:
    """An online runtime."""
    built = workshop.build(layout='"online"')
    server.asked.clear()
    return built


def hang_up(answer: Answer) -> bool:
    return answer.hang_up()


def break_off(answer: Answer) -> bool:
    body = answer.body()
    answer.send(200, {"Content-Length": str(len(body))}, body[: len(body) // 2])
    return answer.hang_up()


def close_early(answer: Answer) -> bool:
    body = answer.body()
    answer.send(200, {"Content-Length": str(len(body)), "Connection": "close"}, body[: len(body) // 2])
    answer.close_connection = True
    return True


def announce_less(answer: Answer) -> bool:
    body = answer.body()
    return answer.send(200, body=body[: len(body) // 2])


def announce_more(answer: Answer) -> bool:
    return answer.send(200, body=answer.body() + b"more")


def send_wrong_bytes(answer: Answer) -> bool:
    body = bytearray(answer.body())
    body[len(body) // 2] ^= 1
    return answer.send(200, body=bytes(body))


def send_a_page(answer: Answer) -> bool:
    return answer.send(200, {"Content-Type": "text/html"}, b"<html>Please log in</html>")


def fail_inside(answer: Answer) -> bool:
    return answer.send(500)


def be_busy(answer: Answer) -> bool:
    return answer.send(503, {"Retry-After": "0"})


@pytest.mark.parametrize(
    "fault", [hang_up, break_off, close_early, fail_inside, be_busy, send_wrong_bytes, announce_less]
)
def test_what_fails_once_is_tried_again(fault: Fault, runtime: Path, server: Server, home: Home) -> None:
    server.fault = at_first(1, fault)
    completed = home.run(runtime, "word")
    assert (completed.returncode, completed.stdout) == (0, f"{home.prefix} word\n"), completed.stderr
    assert len(server.asked) >= 3
    assert_complete(home.prefix, packages=2)
    assert list_names(home.prefix.parent) == ["demo"]


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        (hang_up, 69, "cannot download"),
        (break_off, 69, "the connection broke after"),
        (fail_inside, 69, "500"),
        (announce_less, 66, "is not the archive that the runtime lock names: its size is"),
        (announce_more, 66, "is not the archive that the runtime lock names: its size is"),
        (send_wrong_bytes, 66, "is not the archive that the runtime lock names: its SHA-256 is"),
        (send_a_page, 66, "is not the archive that the runtime lock names"),
        (lambda answer: answer.send(404), 69, "404"),
        (lambda answer: answer.send(401), 69, "RATTLER_AUTH_FILE"),
        (lambda answer: answer.send(302, {"Location": answer.path}), 69, "redirect"),
    ],
)
def test_what_fails_for_good_is_said_in_one_line_and_leaves_nothing(
    fault: Fault, status: int, words: str, runtime: Path, server: Server, home: Home
) -> None:
    server.fault = fault
    completed = home.run(runtime, "-q", "bootstrap")
    assert completed.returncode == status, completed.stderr
    assert words in completed.stderr
    assert "-1.0-0.conda from http://127.0.0.1" in completed.stderr
    assert len(completed.stderr.splitlines()) == 1
    assert list_names(home.directory) == []
    assert_no_process_in(home.directory)


def test_a_server_that_stalls_is_asked_again(runtime: Path, server: Server, home: Home) -> None:
    def stall(answer: Answer) -> bool:
        body = answer.body()
        answer.send(200, {"Content-Length": str(len(body))}, body[: len(body) // 2])
        answer.rfile.read(1)  # until the other side gives up
        return True

    server.fault = at_first(1, stall)
    assert home.run(runtime, "word").returncode == 0
    assert_complete(home.prefix, packages=2)


def test_a_server_that_nobody_runs_is_named(runtime: Path, home: Home, workshop: Workshop) -> None:
    home.extra["HTTP_PROXY"] = "http://127.0.0.1:9"  # the discard port: nothing listens
    completed = home.run(runtime, "bootstrap")
    assert completed.returncode == 69
    assert workshop.server.url in completed.stderr
    assert "HTTPS_PROXY" in completed.stderr
    assert list_names(home.directory) == []


def authorization(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def demand_credentials(answer: Answer) -> bool:
    if answer.headers["Authorization"] == authorization("ann", SECRET):
        return False
    return answer.send(401, {"WWW-Authenticate": "Basic"})


def write_credentials(home: Home, tmp_path: Path, password: str) -> None:
    """Write the file that ``RATTLER_AUTH_FILE`` names, outside the home."""
    path = tmp_path / "credentials.json"
    path.write_text(json.dumps({"127.0.0.1": {"BasicHTTP": {"username": "ann", "password": password}}}))
    home.extra["RATTLER_AUTH_FILE"] = str(path)


def find_text(directory: Path, text: str) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_credentials_are_used_and_stored_nowhere(runtime: Path, server: Server, home: Home, tmp_path: Path) -> None:
    server.fault = demand_credentials
    write_credentials(home, tmp_path, SECRET)
    completed = home.run(runtime, "-v", "bootstrap")
    assert completed.returncode == 0, completed.stderr
    assert SECRET not in completed.stdout + completed.stderr
    assert find_text(home.directory, SECRET) == []
    assert find_text(home.directory, authorization("ann", SECRET).split()[1]) == []


def test_wrong_credentials_are_refused_without_showing_them(
    runtime: Path, server: Server, home: Home, tmp_path: Path
) -> None:
    server.fault = demand_credentials
    write_credentials(home, tmp_path, "wrong-" + SECRET)
    completed = home.run(runtime, "-v", "bootstrap")
    assert completed.returncode == 69
    assert "401" in completed.stderr
    assert SECRET not in completed.stderr
    assert list_names(home.directory) == []


def configure_mirrors(home: Home, channel: str, *mirrors: str) -> None:
    path = home.directory / ".config" / "rattler" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(f"[mirrors]\n{json.dumps(channel)} = {json.dumps(list(mirrors))}\n")


@pytest.mark.parametrize("status", [403, 404, 410, 503])
def test_what_one_mirror_has_not_comes_from_the_next(status: int, runtime: Path, server: Server, home: Home) -> None:
    with serve(server.directory) as first, serve(server.directory) as second:
        first.fault = lambda answer: answer.send(status)
        configure_mirrors(home, server.url, first.url, "http://no-such-host.invalid", second.url)
        completed = home.run(runtime, "-v", "word")
        assert completed.returncode == 0, completed.stderr
        assert f"127.0.0.1 answered {status}" in completed.stderr
        assert (len(second.asked), server.asked) == (2, [])
    assert_complete(home.prefix, packages=2)


def test_when_no_mirror_has_it_all_are_named_without_their_passwords(runtime: Path, server: Server, home: Home) -> None:
    with serve(server.directory) as first, serve(server.directory) as second:
        first.fault = second.fault = lambda answer: answer.send(404)
        secret = f"http://ann:{SECRET}@127.0.0.1:{second.port}/t/{SECRET}"
        configure_mirrors(home, server.url, first.url, secret)
        completed = home.run(runtime, "-v", "bootstrap")
    assert completed.returncode == 69
    assert f"from {first.url}/" in completed.stderr
    assert f"from {second.url}/t/***/" in completed.stderr
    assert SECRET not in completed.stderr


def test_a_server_that_asks_for_a_pause_is_waited_for_and_that_is_said(
    runtime: Path, server: Server, home: Home
) -> None:
    server.fault = at_first(1, lambda answer: answer.send(503, {"Retry-After": "4"}))
    completed = home.run(runtime, "bootstrap")
    assert completed.returncode == 0, completed.stderr
    notes = [line for line in completed.stderr.splitlines() if "waiting" in line]
    assert notes == ["demo: waiting 4 s: 127.0.0.1 answered 503 Service Unavailable and asks to wait 4 s"]


def test_a_server_that_asks_for_a_day_is_waited_for_a_minute(runtime: Path, server: Server, home: Home) -> None:
    server.fault = lambda answer: answer.send(503, {"Retry-After": "86400"})
    completed = home.run(runtime, "bootstrap")
    assert completed.returncode == 69
    assert max(Counter(asked.path for asked in server.asked).values()) == 2, "once, and once after the minute"
    assert completed.stderr.count("waiting 60 s: ") == 1
    assert "asks to wait 86400 s" in completed.stderr.splitlines()[-1]


@pytest.mark.parametrize("form", [["-v"], ["--progress", "json"]])
@pytest.mark.parametrize(
    "location",
    [
        f"ftp://ann:{SECRET}@host/t/{SECRET}/a?sig={SECRET}#{SECRET}",
        f"http://ann:{SECRET}@127.0.0.1:9/%74/{SECRET}/a?sig={SECRET}",
        f"http://[{SECRET}",
    ],
)
def test_secrets_of_a_redirect_are_not_shown(
    location: str, form: list[str], runtime: Path, server: Server, home: Home
) -> None:
    server.fault = lambda answer: answer.send(302, {"Location": location})
    home.extra["no_proxy"] = "*"
    completed = home.run(runtime, *form, "bootstrap")
    assert completed.returncode == 69
    assert SECRET not in completed.stdout + completed.stderr
    assert list_names(home.directory) == []


def test_a_netrc_file_with_comments_quotes_and_a_broken_line_is_used(runtime: Path, server: Server, home: Home) -> None:
    server.fault = demand_credentials
    lines = ["# a comment", 'nonsense "here', "machine other.example login x", "machine 127.0.0.1", "login ann"]
    (home.directory / ".netrc").write_text("\n".join([*lines, f'password "{SECRET}"']))
    completed = home.run(runtime, "-v", "bootstrap")
    assert completed.returncode == 0, completed.stderr
    assert SECRET not in completed.stdout + completed.stderr
    assert find_text(home.prefix, SECRET) == []


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.parametrize("value", ["", "/nowhere/certificates"])
def test_a_plain_channel_needs_no_certificates(variable: str, value: str, runtime: Path, home: Home) -> None:
    home.extra[variable] = value
    assert home.run(runtime, "word").returncode == 0


@pytest.mark.tools("openssl")
def test_a_private_authority_is_trusted_when_it_is_named(
    runtime: Path, workshop: Workshop, home: Home, tmp_path: Path
) -> None:
    """The fixture ``runtime`` has put the packages into the cache of ``cs``."""
    authority = make_authority(tmp_path / "authority")
    with serve(workshop.server.directory, certificate=authority.server) as secure:
        online = workshop.served_by(secure).build(layout='"online"')
        check_private_authority(home, online, authority.certificate)


def test_credentials_do_not_follow_a_redirect_to_another_host(
    runtime: Path, server: Server, home: Home, tmp_path: Path
) -> None:
    write_credentials(home, tmp_path, SECRET)
    with serve(server.directory) as other:
        server.fault = lambda answer: answer.send(302, {"Location": f"http://localhost:{other.port}{answer.path}"})
        completed = home.run(runtime, "word")
        assert completed.returncode == 0, completed.stderr
        assert len(other.asked) == 2
        assert all("authorization" in asked.headers for asked in server.asked)
        assert not any("authorization" in asked.headers for asked in other.asked)


def test_a_proxy_is_used_and_its_password_is_never_shown(runtime: Path, server: Server, home: Home) -> None:
    with serve(server.directory) as proxy:
        home.extra["http_proxy"] = f"http://ann:{SECRET}@127.0.0.1:{proxy.port}"
        completed = home.run(runtime, "-v", "word")
        assert completed.returncode == 0, completed.stderr
        assert server.asked == []
        assert all(asked.path.startswith(server.url) for asked in proxy.asked)
        assert {asked.headers["proxy-authorization"] for asked in proxy.asked} == {authorization("ann", SECRET)}
        assert SECRET not in completed.stderr
        proxy.fault = lambda answer: answer.send(407)
        failed = home.run(runtime, "-v", "bootstrap", "--force")
        assert failed.returncode == 69
        assert SECRET not in failed.stderr
        assert "proxy" in failed.stderr.lower()
    assert_complete(home.prefix, packages=2)
    assert list_names(home.prefix.parent) == ["demo"]


def test_an_upgrade_without_a_network_leaves_the_older_prefix(
    runtime: Path, server: Server, home: Home, workshop: Workshop
) -> None:
    newer = workshop.build(layout='"online"', version="2.0")
    assert home.run(runtime, "word").returncode == 0
    server.fault = lambda answer: answer.send(404)
    kept = home.run(newer, "word")
    assert (kept.returncode, kept.stdout) == (0, f"{home.prefix} word\n")
    assert "using the installed demo 1.0 instead of 2.0: the upgrade failed (" in kept.stderr
    assert home.run(newer, "bootstrap").returncode == 69
    assert list_names(home.prefix.parent) == ["demo"]
    assert home.run(runtime, "word").stdout == f"{home.prefix} word\n"


def test_a_later_run_asks_for_nothing(runtime: Path, server: Server, home: Home) -> None:
    assert home.run(runtime, "word").returncode == 0
    server.asked.clear()
    assert home.run(runtime, "word").returncode == 0
    assert server.asked == []
