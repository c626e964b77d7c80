"""Serve a folder over HTTP or HTTPS on loopback: as it should be, or with faults, as the test says."""

from __future__ import annotations

import contextlib
import functools
import http.server
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from steady import wait_until


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, as it arrived."""

    path: str
    headers: Mapping[str, str]


class Answer(http.server.SimpleHTTPRequestHandler):
    """Answers one request: properly, or as the server's fault says."""

    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: this would mix with the output of the tests."""

    def do_GET(self) -> None:
        """Remember the request and let the fault answer it, if it wants to."""
        self.server.asked.append(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}))
        self.path = urlsplit(self.path).path  # a proxy is asked for whole URLs
        if not self.server.fault(self):
            super().do_GET()

    def body(self) -> bytes:
        """The bytes that a proper answer would have."""
        return Path(self.translate_path(self.path)).read_bytes()

    def send(self, status: int, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bool:
        """Answer."""
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        return True

    def hang_up(self) -> bool:
        """Break the connection so that the other side gets a reset."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True
        self.wfile = self.rfile = contextlib.nullcontext()  # type: ignore[assignment]  # nothing more to write
        return True


Fault = Callable[[Answer], bool]
"""Answers a request and returns True, or leaves it to the server."""


def no_fault(_: Answer) -> bool:
    """Leave every request to the server."""
    return False


class Server(http.server.ThreadingHTTPServer):
    """Serves a folder; ``fault`` may get in between, ``asked`` remembers the requests."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, directory: Path, port: int = 0, *, certificate: Path | None = None) -> None:
        self.directory = directory
        self.scheme = "https" if certificate else "http"
        self.fault: Fault = no_fault
        self.asked: list[Asked] = []
        self._lock = threading.Lock()
        self._open_connections = 0
        self._latest_port = 0
        super().__init__(("127.0.0.1", port), functools.partial(Answer, directory=str(directory)))
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """What the folder's files are below."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Count the connections that are open."""
        with self._lock:
            self._open_connections += 1
            self._latest_port = client_address[1]
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Count them again when they have ended."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open_connections -= 1

    def start_over(self) -> None:
        """Forget the fault and the requests, also those that a program that has ended made last.

        It may have hung up before anybody looked at them.
        """
        with socket.create_connection(("127.0.0.1", self.port)) as latest:
            port = latest.getsockname()[1]
        # Connections are accepted one after the other.
        wait_until(lambda: self._latest_port == port and self._open_connections == 0)
        self.fault = no_fault
        self.asked.clear()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of connections that were broken on purpose."""


@contextlib.contextmanager
def serve(directory: Path, port: int = 0, *, certificate: Path | None = None) -> Iterator[Server]:
    """Serve ``directory`` until the block ends.

    :param port: 0 for any that is free.
    :param certificate: serve over HTTPS with this certificate and its key.
    """
    with Server(directory, port, certificate=certificate) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def at_first(count: int, fault: Fault) -> Fault:
    """A fault that goes away after so many requests."""
    lock, left = threading.Lock(), [count]

    def answer(request: Answer) -> bool:
        with lock:
            left[0] -= 1
            is_due = left[0] >= 0
        return fault(request) if is_due else False

    return answer
