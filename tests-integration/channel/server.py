"""Serve a folder over HTTP on loopback."""

from __future__ import annotations

import contextlib
import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path


class _Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the tests' output is theirs."""

    def log_request(self, code: object = "-", size: object = "-") -> None:
        requests = self.server.requests  # type: ignore[attr-defined]
        requests.append(self.path)


class ChannelServer(http.server.ThreadingHTTPServer):
    """A server that remembers the paths it was asked for."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, directory: Path, port: int = 0) -> None:
        self.requests: list[str] = []
        super().__init__(("127.0.0.1", port), functools.partial(_Handler, directory=str(directory)))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@contextlib.contextmanager
def serve(directory: Path, port: int = 0) -> Iterator[ChannelServer]:
    """Serve ``directory`` until the block ends."""
    with ChannelServer(directory, port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
