"""What downloads use, and whether a server can be reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive_server import ArchiveServer, Served
from cs_bundle import FetchError, find_certificates, list_proxies, reach


def test_proxies_are_listed_without_their_logins() -> None:
    environ = {"https_proxy": "http://me:secret@proxy:3128", "NO_PROXY": "localhost,.corp"}
    assert list_proxies(environ) == {"https": "http://***@proxy:3128", "no": "localhost,.corp"}
    assert list_proxies({}) == {}


def test_a_proxy_that_cannot_be_used_is_an_error() -> None:
    with pytest.raises(FetchError) as caught:
        list_proxies({"http_proxy": "socks5://me:secret@proxy"})
    assert caught.value.kind == "proxy"
    assert "secret" not in str(caught.value)


def test_certificates_of_the_system_are_counted_or_left_to_it() -> None:
    found = find_certificates({})
    assert (found.source, found.path) == ("system", None)
    assert found.count is None or found.count >= found.expired_count


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_variable_that_names_nothing_is_an_error(variable: str, tmp_path: Path) -> None:
    with pytest.raises(FetchError) as caught:
        find_certificates({variable: str(tmp_path / "gone")})
    assert caught.value.kind == "certificates"


def test_a_file_without_certificates_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(FetchError):
        find_certificates({"SSL_CERT_FILE": str(tmp_path / "empty.pem")})


def test_a_server_that_answers_is_reached(server: ArchiveServer) -> None:
    server.files["/noarch/repodata.json"] = Served(b"x" * 100_000, stalls=True)
    reach(f"{server.url}/noarch/repodata.json", {})  # the file is not read: it would never end
    with pytest.raises(FetchError) as caught:
        reach(f"{server.url}/noarch/missing.json", {})
    assert (caught.value.kind, caught.value.actual) == ("http-status", "404")


def test_a_server_that_does_not_is_not() -> None:
    with pytest.raises(FetchError) as caught:
        reach("http://me:secret@127.0.0.1:1/noarch/repodata.json", {})
    assert caught.value.kind == "network"
    assert "refused the connection" in str(caught.value)
    assert "secret" not in str(caught.value)
