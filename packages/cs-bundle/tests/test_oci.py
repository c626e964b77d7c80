"""Archives in an OCI registry."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cs_bundle._download
from archive_server import CERTIFICATE, ArchiveServer, Served
from bundle_samples import make_archives, request
from cs_bundle import ArchiveMismatchError, FetchError, WantedArchive, fetch_archives
from cs_bundle._errors import RefusedError
from cs_bundle._oci import _parse_challenges, parse_reference
from oci_registry import OciRegistry

V1, V2 = "application/vnd.conda.package.v1", "application/vnd.conda.package.v2"
PLACES = {
    "abc-1.0-0.tar.bz2": ("channel/linux-64/abc", "1.0-0", V1),
    "_mutex-0.1-main.conda": ("channel/linux-64/zzz_mutex", "0.1-main", V2),
    "numpy-2.0-py311_0.conda": ("channel/linux-64/numpy", "2.0-py311_0", V2),
}
BASIC = "Basic " + base64.b64encode(b"me:sekrit").decode()
BASIC_ENTRY = {"BasicHTTP": {"username": "me", "password": "sekrit"}}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cs_bundle._download, "_BACKOFF_S", 0.001)


@pytest.fixture
def registry() -> Iterator[OciRegistry]:
    """Return a registry that gives tokens to everybody."""
    with OciRegistry() as running:
        yield running


@pytest.fixture
def wanted(tmp_path: Path, registry: OciRegistry) -> list[WantedArchive]:
    """Publish archives, and return the requests for them."""
    archives = make_archives(tmp_path / "archives")
    for name, place in PLACES.items():
        registry.add(*place, archives[name].read_bytes())
    return [request(archives[name], f"oci://{registry.host}/channel/linux-64/{name}") for name in PLACES]


def fetch(wanted: list[WantedArchive], tmp_path: Path, entry: Any = None, host: str = "localhost") -> list[Path]:
    """Fetch with the certificate of the tests, and perhaps with credentials."""
    environ = {"HOME": "/nonexistent", "SSL_CERT_FILE": str(CERTIFICATE)}
    if entry is not None:
        (tmp_path / "auth.json").write_text(json.dumps({host: entry}))
        environ["RATTLER_AUTH_FILE"] = str(tmp_path / "auth.json")
    return fetch_archives(wanted, tmp_path / "cache", environ=environ)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "oci://ghcr.io/channel-mirrors/conda-forge/linux-64/zlib-1.3.1-hb9d3cd8_2.conda",
            ("ghcr.io", "channel-mirrors/conda-forge/linux-64/zlib", "1.3.1-hb9d3cd8_2", V2),
        ),
        (
            "oci://ghcr.io/c/noarch/_libgcc_mutex-0.1-main.tar.bz2",
            ("ghcr.io", "c/noarch/zzz_libgcc_mutex", "0.1-main", V1),
        ),
        (
            "oci://h:5000/c/noarch/with-dashes-1!2.0+cu12=x-py_0.conda",
            ("h:5000", "c/noarch/with-dashes", "1__e__2.0__p__cu12__eq__x-py_0", V2),
        ),
    ],
)
def test_names_are_those_of_rattler(url: str, expected: tuple[str, ...]) -> None:
    found = parse_reference(url)
    assert (found.host, found.repository, found.tag, found.media_type) == expected


@pytest.mark.parametrize("name", ["repodata.json", "a-1.conda", "a-1-0.zip", ""])
def test_other_files_are_refused(name: str) -> None:
    with pytest.raises(RefusedError, match="the file is not named NAME-VERSION-BUILD"):
        parse_reference(f"oci://h/c/noarch/{name}")


def test_archives_are_fetched_by_their_digest(
    tmp_path: Path, registry: OciRegistry, wanted: list[WantedArchive]
) -> None:
    paths = fetch(wanted, tmp_path)
    assert [path.read_bytes() for path in paths] == [
        (tmp_path / "archives" / one.file_name).read_bytes() for one in wanted
    ]
    assert not [path for path, _ in registry.requests if "/manifests/" in path]


@pytest.mark.parametrize("challenge", ["Bearer", "Basic", ""])
def test_a_login_is_used_as_the_registry_asks_for_it(
    tmp_path: Path, registry: OciRegistry, wanted: list[WantedArchive], challenge: str
) -> None:
    registry.login, registry.challenge = BASIC, challenge
    fetch(wanted, tmp_path, BASIC_ENTRY)
    sent = {authorization for path, authorization in registry.requests if "/blobs/" in path}
    tokens = {f"Bearer {token}" for token in registry.tokens.values()}
    assert sent - {None} == {"Bearer": tokens, "Basic": {BASIC}, "": set()}[challenge]
    assert {sent for path, sent in registry.requests if path.startswith("/token")} <= {BASIC}


def test_a_stored_token_is_the_registrys_own(
    tmp_path: Path, registry: OciRegistry, wanted: list[WantedArchive]
) -> None:
    registry.tokens = {place[0]: "mine" for place in PLACES.values()}
    fetch(wanted, tmp_path, {"BearerToken": "mine"})
    assert {path for path, _ in registry.requests if path.startswith("/token")} == set()


def test_the_error_for_a_missing_login_says_how_to_give_one(
    tmp_path: Path, registry: OciRegistry, wanted: list[WantedArchive]
) -> None:
    registry.login = BASIC
    with pytest.raises(FetchError, match=r"localhost:\d+ answers 401$") as caught:
        fetch(wanted, tmp_path)
    assert str(caught.value.hint).startswith("give credentials for this host")
    assert caught.value.kind == "http-status"


def test_a_token_service_in_trouble_is_asked_again(
    tmp_path: Path, registry: OciRegistry, wanted: list[WantedArchive]
) -> None:
    registry.token_status = 503
    with pytest.raises(FetchError, match=r"localhost:\d+ answers 503"):
        fetch(wanted[:1], tmp_path)
    assert len([path for path, _ in registry.requests if path.startswith("/token")]) == 5


def test_an_expired_token_is_replaced(tmp_path: Path, registry: OciRegistry, wanted: list[WantedArchive]) -> None:
    one = wanted[-1]
    fetch([one], tmp_path)
    environ = {"HOME": "/nonexistent", "SSL_CERT_FILE": str(CERTIFICATE)}
    from cs_bundle._credentials import load_credentials
    from cs_bundle._http import Connections

    connections = Connections(environ, load_credentials(environ))
    for _ in range(2):
        response, _address = connections.open(one.url, {}, sha256=one.sha256)
        assert response.status == 200
        response.close()
        registry.tokens.clear()
    connections.close()


def test_blobs_elsewhere_are_fetched_without_the_token(
    tmp_path: Path, registry: OciRegistry, wanted: list[WantedArchive], encrypted_server: ArchiveServer
) -> None:
    for path, data in registry.blobs.items():
        encrypted_server.files[f"/{path.rpartition('/')[2]}?signature=sekrit"] = Served(data=data)
    registry.blobs_at = encrypted_server.url
    fetch(wanted, tmp_path, BASIC_ENTRY)
    assert len(encrypted_server.requests) == len(wanted)
    assert ["authorization" in headers for _, headers in encrypted_server.requests] == [False] * len(wanted)


@pytest.mark.parametrize("own_challenge", ["Bearer", ""])
def test_a_refusal_elsewhere_is_not_answered_with_the_login(
    tmp_path: Path,
    registry: OciRegistry,
    wanted: list[WantedArchive],
    encrypted_server: ArchiveServer,
    own_challenge: str,
) -> None:
    registry.challenge = own_challenge
    challenge = f'Bearer realm="{encrypted_server.url}/token"'
    for path in registry.blobs:
        name = f"/{path.rpartition('/')[2]}?signature=sekrit"
        encrypted_server.files[name] = Served(data=b"", authorization="x", challenge=challenge)
    registry.blobs_at = encrypted_server.url
    with pytest.raises(FetchError, match="answers 401"):
        fetch(wanted[:1], tmp_path, BASIC_ENTRY)
    assert "/token" not in {path.partition("?")[0] for path, _ in encrypted_server.requests}


def test_a_login_is_never_sent_without_encryption(
    tmp_path: Path, registry: OciRegistry, wanted: list[WantedArchive], server: ArchiveServer
) -> None:
    registry.realm = f"{server.url}/token"
    with pytest.raises(FetchError, match="answers 401"):
        fetch(wanted[:1], tmp_path, BASIC_ENTRY)
    assert server.requests == []


def test_a_registry_that_pulls_through_is_asked_for_the_manifest(
    tmp_path: Path, registry: OciRegistry, wanted: list[WantedArchive]
) -> None:
    registry.pulls_through = True
    assert len(fetch(wanted, tmp_path)) == len(wanted)
    assert {path.rpartition("/")[2] for path, _ in registry.requests if "/manifests/" in path} == {
        tag for _, tag, _ in PLACES.values()
    }


def test_another_archive_under_the_same_name_is_refused(
    tmp_path: Path, registry: OciRegistry, wanted: list[WantedArchive]
) -> None:
    place, one = PLACES[wanted[0].file_name], wanted[0]
    registry.blobs.clear()
    registry.add(*place, b"x" * (one.size_bytes or 0))
    with pytest.raises(ArchiveMismatchError, match=r"SHA-256 .*does not match the lock"):
        fetch([one], tmp_path)


def test_a_missing_archive_in_a_registry_is_an_error(
    tmp_path: Path, registry: OciRegistry, wanted: list[WantedArchive]
) -> None:
    registry.blobs.clear()
    registry.manifests.clear()
    with pytest.raises(FetchError, match=r"localhost:\d+ answers 404"):
        fetch(wanted[:1], tmp_path)


@pytest.mark.parametrize(
    "manifest", [{}, {"layers": []}, {"layers": [{"mediaType": V1, "digest": "x"}]}, {"layers": 1}]
)
def test_a_manifest_without_the_layer_is_an_error(
    tmp_path: Path, registry: OciRegistry, wanted: list[WantedArchive], manifest: dict[str, object]
) -> None:
    registry.blobs.clear()
    registry.manifests = dict.fromkeys(registry.manifests, manifest)
    with pytest.raises(FetchError, match="the registry's manifest has no layer of type") as caught:
        fetch(wanted[:1], tmp_path)
    assert caught.value.kind == "registry"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('Bearer realm="https://h/token",service="h"', [("bearer", {"realm": "https://h/token", "service": "h"})]),
        ("Basic realm=here", [("basic", {"realm": "here"})]),
        (
            'Basic realm="a, b", Bearer realm="https://h/t", scope="repository:x:pull"',
            [("basic", {"realm": "a, b"}), ("bearer", {"realm": "https://h/t", "scope": "repository:x:pull"})],
        ),
        ("Negotiate", [("negotiate", {})]),
        ("", []),
    ],
)
def test_challenges_are_read(header: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert list(_parse_challenges([header])) == expected
