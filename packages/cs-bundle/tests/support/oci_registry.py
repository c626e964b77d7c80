"""A small OCI registry on loopback."""

from __future__ import annotations

import json
import secrets
import ssl
import threading
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

from archive_server import CERTIFICATE, finish

MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(slots=True)
class OciRegistry:
    """A registry of archives; ``requests`` has the path and ``Authorization`` of every request.

    :ivar login: the header that buys a token, empty if tokens are for everybody.
    :ivar challenge: ``Bearer``, ``Basic`` or empty for a registry that asks for nothing.
    :ivar realm: where tokens are given, unless it is here.
    :ivar blobs_at: server that blobs are redirected to.
    :ivar pulls_through: blobs are known only after their manifest was asked for.
    :ivar token_status: answer of the token service.
    """

    login: str = ""
    challenge: str = "Bearer"
    realm: str = ""
    blobs_at: str = ""
    pulls_through: bool = False
    token_status: int = 200
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, dict[str, object]] = field(default_factory=dict)
    pulled: set[str] = field(default_factory=set)
    tokens: dict[str, str] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def add(self, repository: str, tag: str, media_type: str, data: bytes) -> None:
        """Publish an archive, behind a layer of another kind."""
        digest = f"sha256:{sha256(data).hexdigest()}"
        self.blobs[f"{repository}/{digest}"] = data
        layers = [{"mediaType": "application/other", "digest": f"sha256:{'0' * 64}", "size": 1}]
        layers += [{"mediaType": media_type, "digest": digest, "size": len(data)}]
        self.manifests[f"{repository}/{tag}"] = {"schemaVersion": 2, "layers": layers}

    @property
    def host(self) -> str:
        """Return name and port."""
        assert self._server is not None
        return f"localhost:{self._server.server_address[1]}"

    def __enter__(self) -> OciRegistry:
        registry = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                registry.requests.append((self.path, self.headers.get("Authorization")))
                registry.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients go when they have enough
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        url = urlsplit(handler.path)
        if url.path == "/token":
            return self._give_token(handler, parse_qs(url.query))
        repository, _, rest = url.path.removeprefix("/v2/").rpartition("/")
        repository, _, kind = repository.rpartition("/")
        if not self._is_allowed(handler.headers.get("Authorization"), repository):
            return finish(handler, 401, b"{}", {"WWW-Authenticate": self._challenge()})
        if kind == "manifests":
            return self._give_manifest(handler, repository, rest)
        data = self.blobs.get(f"{repository}/{rest}")
        if data is None or (self.pulls_through and repository not in self.pulled):
            return finish(handler, 404, b"{}")
        if self.blobs_at:
            return finish(handler, 307, b"", {"Location": f"{self.blobs_at}/{rest}?signature=sekrit"})
        start = int((handler.headers.get("Range") or "bytes=0-")[6:].rstrip("-"))
        headers = {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"} if start else {}
        return finish(handler, 206 if start else 200, data[start:], headers)

    def _challenge(self) -> str:
        if self.challenge == "Basic":
            return 'Basic realm="here"'
        realm = self.realm or f"https://{self.host}/token"
        return f'Bearer realm="{realm}",service="the, registry",scope="whatever"'

    def _is_allowed(self, authorization: str | None, repository: str) -> bool:
        if self.challenge == "Bearer":
            return authorization == f"Bearer {self.tokens.get(repository)}"
        return not self.challenge or authorization == self.login

    def _give_token(self, handler: BaseHTTPRequestHandler, query: dict[str, list[str]]) -> None:
        if self.token_status != 200:
            return finish(handler, self.token_status, b"")
        if self.login and handler.headers.get("Authorization") != self.login:
            return finish(handler, 401, b"{}")
        assert query["service"] == ["the, registry"]
        kind, repository, action = query["scope"][0].split(":")
        assert (kind, action) == ("repository", "pull")
        self.tokens[repository] = secrets.token_hex(8)
        return finish(handler, 200, json.dumps({"token": self.tokens[repository]}).encode())

    def _give_manifest(self, handler: BaseHTTPRequestHandler, repository: str, tag: str) -> None:
        manifest = self.manifests.get(f"{repository}/{tag}")
        if manifest is None or handler.headers.get("Accept") != MANIFEST:
            return finish(handler, 404, b"{}")
        self.pulled.add(repository)
        return finish(handler, 200, json.dumps(manifest).encode())
