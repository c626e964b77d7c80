"""A server on loopback that misbehaves on request."""

from __future__ import annotations

import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

CERTIFICATE = Path(__file__).with_name("localhost.pem")
"""Key and certificate of a server on this machine, for tests only: only what a test sets up trusts it."""


@dataclass(slots=True)
class Served:
    """How a path is answered.

    :ivar statuses: answers to give first, one a request.
    :ivar cuts: byte counts after which to drop the connection, one a request.
    :ivar redirect: where to send everybody.
    :ivar stalls: send half of the data and then nothing until the server is closed.
    :ivar silent: say nothing at all until the server is closed.
    :ivar drips_s: pause after each byte, in seconds.
    :ivar authorization: the header to insist on.
    :ivar retry_after: goes with ``statuses``.
    :ivar challenge: goes with the refusal of a wrong ``authorization``.
    :ivar after: what to wait for before anything is answered.
    """

    data: bytes
    statuses: list[int] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    redirect: str = ""
    authorization: str = ""
    ranges: bool = True
    lied_length: int | None = None
    stalls: bool = False
    silent: bool = False
    drips_s: float = 0
    retry_after: str = "0"
    challenge: str = ""
    after: threading.Event | None = None


class ArchiveServer:
    """A server of ``files``; ``requests`` has every request's path and headers.

    :param encrypted: speak TLS, with :data:`CERTIFICATE`.
    """

    def __init__(self, *, encrypted: bool = False) -> None:
        self.files: dict[str, Served] = {}
        self.closing = threading.Event()
        self.requests: list[tuple[str, dict[str, str]]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                answer(self, server.files.get(self.path.removeprefix(server.url)), server.closing)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients go when they have enough
        if encrypted:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"http{'s' if encrypted else ''}://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> ArchiveServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def answer(handler: BaseHTTPRequestHandler, served: Served | None, closing: threading.Event) -> None:
    """Answer one request."""
    if served is None:
        return finish(handler, 404, b"")
    if served.silent:
        handler.close_connection = closing.wait()
        return None
    if served.after is not None:
        served.after.wait()
    if served.statuses:
        return finish(handler, served.statuses.pop(0), b"sorry", {"Retry-After": served.retry_after})
    if served.redirect:
        return finish(handler, 302, b"", {"Location": served.redirect})
    if served.authorization and handler.headers.get("Authorization") != served.authorization:
        return finish(handler, 401, b"", {"WWW-Authenticate": served.challenge} if served.challenge else {})
    start = int((handler.headers.get("Range") or "bytes=0-")[6:].rstrip("-")) if served.ranges else 0
    headers = {"ETag": '"one"'}
    if start:
        headers["Content-Range"] = f"bytes {start}-{len(served.data) - 1}/{len(served.data)}"
    cut = served.cuts.pop(0) if served.cuts else None
    if served.stalls:
        finish(handler, 200, served.data, headers, len(served.data) // 2)
        handler.wfile.flush()
        closing.wait()
        return None
    if served.drips_s:
        finish(handler, 206 if start else 200, served.data[start:], headers, 0)
        for position in range(start, len(served.data)):
            handler.wfile.write(served.data[position : position + 1])
            if closing.wait(served.drips_s):
                return None
    return finish(handler, 206 if start else 200, served.data[start:], headers, cut, served.lied_length)


def finish(
    handler: BaseHTTPRequestHandler,
    status: int,
    data: bytes,
    headers: dict[str, str] | None = None,
    cut: int | None = None,
    length: int | None = None,
) -> None:
    """Send an answer, or its beginning."""
    handler.send_response(status)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(data) if length is None else length))
    handler.end_headers()
    handler.wfile.write(data[:cut])
    if cut is not None or length is not None:
        handler.close_connection = True
